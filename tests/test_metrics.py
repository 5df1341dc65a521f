"""Metrics against closed forms, slow references and published values."""

import math

import pytest
import torch

from vqtutor import metrics


def rand_images(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.rand(*shape, generator=torch.Generator().manual_seed(seed))


def test_squared_error_and_psnr_of_a_constant_offset():
    images = rand_images(3, 2, 12, 14) / 2
    offset = torch.tensor([0.1, 0.01, 0.0]).view(3, 1, 1, 1)
    error = metrics.squared_error(images + offset, images)
    torch.testing.assert_close(error, torch.tensor([0.01, 0.0001, 0.0]), rtol=1e-4, atol=1e-9)
    decibels = metrics.psnr(images + offset, images)
    torch.testing.assert_close(decibels, torch.tensor([20.0, 40.0, math.inf]), rtol=1e-4, atol=0)


def slow_ssim(x: torch.Tensor, y: torch.Tensor) -> float:
    """Wang et al. 2004, eq. 13-16, window by window, for (H, W) in float64."""
    offsets = torch.arange(11, dtype=torch.float64) - 5
    distance = offsets.square()[:, None] + offsets.square()
    weights = torch.exp(-distance / (2 * 1.5**2))
    weights /= weights.sum()
    values = []
    for row in range(x.shape[0] - 10):
        for column in range(x.shape[1] - 10):
            a, b = (z.double()[row : row + 11, column : column + 11] for z in (x, y))
            mean_a, mean_b = (weights * a).sum(), (weights * b).sum()
            var_a = (weights * (a - mean_a) ** 2).sum()
            var_b = (weights * (b - mean_b) ** 2).sum()
            cov = (weights * (a - mean_a) * (b - mean_b)).sum()
            c1, c2 = 0.01**2, 0.03**2
            numerator = (2 * mean_a * mean_b + c1) * (2 * cov + c2)
            values.append(numerator / ((mean_a**2 + mean_b**2 + c1) * (var_a + var_b + c2)))
    return torch.stack(values).mean().item()


def test_ssim_equals_the_slow_reference():
    images, other = rand_images(2, 2, 13, 15), rand_images(2, 2, 13, 15, seed=1)
    noisy = 0.6 * images + 0.4 * other
    expected = [sum(slow_ssim(noisy[i, c], images[i, c]) for c in (0, 1)) / 2 for i in (0, 1)]
    torch.testing.assert_close(
        metrics.ssim(noisy, images), torch.tensor(expected), rtol=1e-4, atol=1e-5
    )
    assert torch.equal(metrics.ssim(images, images), torch.ones(2))
    torch.testing.assert_close(metrics.ssim(noisy, images), metrics.ssim(images, noisy))


def test_gradient_of_a_ramp_is_its_slope():
    ramp = torch.arange(8.0) / 16
    across = ramp.expand(1, 3, 8, 8)
    both = (ramp + ramp[:, None]).expand(1, 3, 8, 8)
    slopes = metrics.gradient_magnitude(torch.cat([across, across.mT, both]))
    torch.testing.assert_close(slopes, torch.tensor([1.0, 1.0, math.sqrt(2)]) / 16)


def test_sharpness_scales_with_contrast_and_falls_with_blur():
    images = rand_images(4, 1, 16, 16)
    assert metrics.sharpness(images, images) == 1
    assert metrics.sharpness(images / 2, images) == pytest.approx(0.5)
    assert metrics.sharpness(images[:1].expand(3, 1, 16, 16), images[:1]) == pytest.approx(1)
    blurred = torch.nn.functional.avg_pool2d(images, 3, stride=1, padding=1)
    assert metrics.sharpness(blurred, images) < 0.6


def test_locality_counts_the_pixels_that_hold_the_change():
    before = torch.zeros(5, 2, 10, 10)
    after = before.clone()
    after[0, 1, 3, 4] = 0.5  # one pixel
    after[1] = 0.1  # every pixel alike
    after[2, :, :2, :5] = 0.3  # ten pixels alike: nine hold 90 %
    after[3, 0, 0, 0], after[3, 0, 0, 1] = 0.8, -0.6  # squares 64 : 36
    expected = torch.tensor([0.01, 0.9, 0.09, 0.02, math.nan])
    torch.testing.assert_close(metrics.locality(before, after), expected, equal_nan=True)
    assert metrics.locality(before, after, share=0.6)[3] == pytest.approx(0.01)


def test_histogram_usage_and_perplexity():
    codes = torch.tensor([[0, 2], [2, 5]])
    histogram = metrics.code_histogram(codes, 8)
    assert histogram.tolist() == [1, 0, 2, 0, 0, 1, 0, 0]
    assert metrics.code_usage(histogram) == 3 / 8
    # entropy = 1/2 ln 2 + 1/2 ln 4 = 1.5 ln 2
    assert metrics.perplexity(histogram) == pytest.approx(2**1.5)
    assert metrics.perplexity(torch.full((7,), 4)) == pytest.approx(7)
    assert metrics.perplexity(torch.tensor([0, 9, 0])) == 1
    with pytest.raises(ValueError, match=r"codes must lie in 0\.\.4 .*got 5"):
        metrics.code_histogram(codes, 5)
    with pytest.raises(ValueError, match="perplexity of an empty histogram"):
        metrics.perplexity(torch.zeros(3))


def test_third_class_rate():
    steps = torch.tensor(
        [
            [[0.9, 0.1, 0.0], [0.2, 0.8, 0.0]],  # from 0 to 1: no third
            [[0.9, 0.1, 0.0], [0.1, 0.3, 0.6]],  # visits 2
            [[0.9, 0.1, 0.0], [0.25, 0.25, 0.5]],  # exactly half is not more than half
            [[0.0, 0.1, 0.9], [0.1, 0.9, 0.0]],  # from 2 to 1
        ]
    )
    starts, ends = torch.tensor([0, 0, 0, 2]), torch.tensor([1, 1, 1, 1])
    assert metrics.third_class_rate(steps, starts, ends) == 0.25
    assert metrics.third_class_rate(steps, starts, ends, above=0.4) == 0.5
    with pytest.raises(ValueError, match=r"ends must have shape \(P\) with P = 4, got \(3,\)"):
        metrics.third_class_rate(steps, starts, ends[:3])


def test_jumpiness_of_even_and_sudden_paths():
    even = torch.linspace(0, 1, 5).view(1, 5, 1, 1, 1).expand(1, 5, 2, 3, 3)
    sudden = (even > 0.6).float()  # one step holds all the change
    # steps 0.1 0.1 0.4 0.1: largest 0.4, mean 0.175
    mixed = torch.tensor([0, 0.1, 0.2, 0.6, 0.5]).view(1, 5, 1, 1, 1).expand_as(even)
    frames = torch.cat([even, sudden, mixed, torch.zeros_like(even)])
    expected = torch.tensor([1, 4, 0.4 / 0.175, math.nan])
    torch.testing.assert_close(metrics.jumpiness(frames), expected, equal_nan=True)
    with pytest.raises(ValueError, match="two frames or more"):
        metrics.jumpiness(frames[:, :1])


def gaussian_sample(mean: list[float], covariance: list[list[float]], n: int) -> torch.Tensor:
    """(2 n, F) whose sample mean and covariance are exactly the given ones."""
    noise = torch.randn(n, len(mean), generator=torch.Generator().manual_seed(0)).double()
    noise = torch.cat([noise, -noise])  # mean 0
    noise = torch.linalg.qr(noise).Q * math.sqrt(2 * n - 1)  # covariance 1
    root = torch.linalg.cholesky(torch.tensor(covariance).double())
    return noise @ root.T + torch.tensor(mean)


def test_frechet_distance_between_gaussians():
    a = gaussian_sample([0, 0], [[4, 0], [0, 1]], 50)
    b = gaussian_sample([3, 4], [[1, 0], [0, 9]], 70)
    # 25 + (2 - 1)^2 + (1 - 3)^2
    assert metrics.frechet_distance(a, b) == pytest.approx(30, abs=1e-9)
    # Covariances that do not commute: tr sqrt(AB) = sqrt(tr(AB) + 2 sqrt(det(AB))) in 2 x 2.
    c = gaussian_sample([0, 0], [[2, 1], [1, 3]], 60)
    expected = 5 + 5 - 2 * math.sqrt(8 + 3 + 2 * math.sqrt(4 * 5))
    assert metrics.frechet_distance(a, c) == pytest.approx(expected, abs=1e-9)
    assert metrics.frechet_distance(c, a) == pytest.approx(expected, abs=1e-9)


def test_frechet_distance_of_a_set_to_itself_is_zero():
    features = rand_images(200, 30)
    assert metrics.frechet_distance(features, features.flip(0)) < 1e-12
    few = features[:10]  # fewer than dimensions: no full rank
    assert metrics.frechet_distance(few, few) < 1e-12
    assert metrics.frechet_distance(few, few + 1) == pytest.approx(30, rel=1e-5)


def test_kernel_distance_equals_brute_force():
    generator = torch.Generator().manual_seed(3)
    a, b = torch.randn(13, 4, generator=generator), torch.randn(12, 4, generator=generator) + 1

    def brute_force(x: list[list[float]], y: list[list[float]]) -> float:
        def kernel(u: list[float], v: list[float]) -> float:
            return (sum(p * q for p, q in zip(u, v, strict=True)) / len(u) + 1) ** 3

        n = len(x)
        within = sum(
            kernel(z[i], z[j]) for z in (x, y) for i in range(n) for j in range(n) if i != j
        )
        across = sum(kernel(u, v) for u in x for v in y)
        return within / (n * (n - 1)) - 2 * across / n**2

    result = metrics.kernel_distance(a, b, subsets=2, generator=torch.Generator().manual_seed(5))
    generator = torch.Generator().manual_seed(5)
    a, b = (x.double()[torch.randperm(len(x), generator=generator)].tolist() for x in (a, b))
    first, second = brute_force(a[:6], b[:6]), brute_force(a[6:12], b[6:12])
    assert result.value == pytest.approx((first + second) / 2)
    # The standard deviation of two values is |difference| / sqrt(2), their mean's another sqrt(2).
    assert result.standard_error == pytest.approx(abs(first - second) / 2)


def test_kernel_distance_is_unbiased_and_sees_a_shift():
    generator = torch.Generator().manual_seed(0)
    a, b = torch.randn(2, 1000, 8, generator=generator)
    same = metrics.kernel_distance(a, b, generator=generator)
    assert abs(same.value) < 4 * same.standard_error
    shifted = metrics.kernel_distance(a, b + 0.5, generator=generator)
    assert shifted.value > 10 * shifted.standard_error
    with pytest.raises(ValueError, match="two subsets or more, with two features each; got 10"):
        metrics.kernel_distance(a[:12], b)


def test_nearest_distances_equal_brute_force():
    features, references = rand_images(7, 5), rand_images(40, 5, seed=1)
    references[11] = features[2]
    expected = (features[:, None] - references).square().sum(dim=2).sqrt().amin(dim=1)
    distances = metrics.nearest_distances(features, references, rows=3)
    torch.testing.assert_close(distances, expected)
    assert distances[2] == 0


@pytest.mark.parametrize("distance", [metrics.frechet_distance, metrics.kernel_distance])
def test_features_that_do_not_fit_are_named(distance):
    with pytest.raises(ValueError, match=r"features must have shape \(M, F\) with F = 4, got"):
        distance(torch.zeros(9, 4), torch.zeros(9, 5))
    with pytest.raises(ValueError, match="2 or more features on each side, got 9 and 1"):
        distance(torch.zeros(9, 4), torch.zeros(1, 4))


def test_garbage_is_unsure_or_far_away():
    sure = torch.tensor([0.95, 0.95, 0.5, 0.9])
    distances = torch.tensor([1.0, 3.0, 1.0, 2.0])
    assert metrics.garbage_rate(sure, distances, threshold=2.0) == 0.5
    assert metrics.garbage_rate(sure, distances, threshold=2.0, confidence=0.4) == 0.25
    assert metrics.garbage_rate(sure, distances + 9, threshold=2.0) == 1
    with pytest.raises(ValueError, match=r"nearest_distances .* with B = 4, got \(3,\)"):
        metrics.garbage_rate(sure, distances[:3], 2.0)


@pytest.mark.parametrize(
    ("successes", "low", "high"), [(95, 0.888, 0.978), (100, 0.963, 1.0), (0, 0.0, 0.037)]
)
def test_wilson_interval_of_100(successes, low, high):
    """95 and 100 of 100: what a printed accuracy of the last batch of 100 can mean."""
    interval = metrics.wilson_interval(successes, 100)
    assert interval == pytest.approx((low, high), abs=5e-4)


def test_wilson_interval_solves_its_equation():
    """Its ends p satisfy |share - p| = z sqrt(p (1 - p) / n)."""
    for end in metrics.wilson_interval(30, 40, confidence=0.99):
        assert abs(0.75 - end) == pytest.approx(2.5758293 * math.sqrt(end * (1 - end) / 40))
    with pytest.raises(ValueError, match="0 <= successes <= total and total >= 1, got 5, 4"):
        metrics.wilson_interval(5, 4)
    with pytest.raises(ValueError, match="total >= 1, got 0, 0"):
        metrics.wilson_interval(0, 0)


@pytest.mark.parametrize(
    "metric", [metrics.squared_error, metrics.psnr, metrics.ssim, metrics.locality]
)
def test_two_images_of_different_shape_are_refused(metric):
    with pytest.raises(ValueError, match=r"B = 2, C = 1, H = 28, W = 28, got \(2, 1, 32, 32\)"):
        metric(torch.zeros(2, 1, 32, 32), torch.zeros(2, 1, 28, 28))
    with pytest.raises(ValueError, match=r"images must have shape \(B, C, H, W\), got \(28, 28\)"):
        metric(torch.zeros(28, 28), torch.zeros(28, 28))


def test_windows_larger_than_the_image_are_refused():
    small = torch.zeros(1, 1, 10, 20)
    with pytest.raises(ValueError, match=r"at least 11x11 pixels, got \(1, 1, 10, 20\)"):
        metrics.ssim(small, small)
    with pytest.raises(ValueError, match=r"at least 3x3 pixels, got \(1, 1, 2, 20\)"):
        metrics.gradient_magnitude(small[:, :, :2])
