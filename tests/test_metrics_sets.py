"""Sets of features against sets, and how pixels hang together: closed forms and brute force."""

from __future__ import annotations

import math

import pytest
import torch

from vqtutor import metrics


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def smooth(slope: float, count: int = 300, side: int = 32) -> torch.Tensor:
    """Random images (count, 1, side, side) cut from larger ones with power f^slope."""
    wide = 4 * side
    along = torch.fft.fftfreq(wide).unsqueeze(1)
    radius = torch.hypot(along, torch.fft.fftfreq(wide)).clamp_min(1 / wide)
    noise = torch.randn(count, wide, wide, generator=seeded())
    field = torch.fft.ifft2(torch.fft.fft2(noise) * radius ** (slope / 2)).real
    return field[:, None, :side, :side]


@pytest.mark.parametrize("slope", [0.0, -1.0, -2.0])
def test_slope_of_a_known_spectrum(slope):
    assert metrics.spectrum_slope(smooth(slope)) == pytest.approx(slope, abs=0.12)


def test_slope_forgets_brightness_and_contrast():
    images = smooth(-2.0, count=20)
    slope = metrics.spectrum_slope(images)
    assert metrics.spectrum_slope(0.1 * images + 5) == pytest.approx(slope, abs=1e-4)
    assert math.isnan(metrics.spectrum_slope(torch.ones(2, 1, 16, 16)))


def test_spectrum_of_a_wave_lies_in_its_ring():
    columns = torch.arange(32.0)
    wave = (2 * torch.pi * columns * 8 / 32).cos().expand(3, 2, 32, 32)
    frequencies, power = metrics.power_spectrum(wave)
    assert frequencies.shape == power.shape
    assert frequencies[power.argmax()] == pytest.approx(8 / 32, abs=0.01)
    far = (frequencies - 8 / 32).abs() > 2.5 / 32  # a Hann window spreads by one ring
    assert power[far].max() < 1e-11 * power.max()  # the wave is float32


def test_spectrum_of_noise_is_its_variance_at_every_frequency():
    noise = 3 * torch.randn(4000, 1, 8, 8, generator=seeded())
    _, power = metrics.power_spectrum(noise)
    torch.testing.assert_close(power, torch.full_like(power, 9.0), rtol=0.05, atol=0)
    _, halves = metrics.power_spectrum(noise.view(2000, 2, 8, 8))  # as channels
    torch.testing.assert_close(halves, power)


def test_part_of_the_spectrum_can_be_looked_at():
    images = smooth(-2.0)
    frequencies, power = metrics.power_spectrum(images)
    two = frequencies[2], frequencies[3]
    slope = metrics.spectrum_slope(images, *(value.item() for value in two))
    assert slope == pytest.approx(((power[3] / power[2]).log() / (two[1] / two[0]).log()).item())
    with pytest.raises(ValueError, match=r"no two frequencies of the spectrum lie between 0\.9"):
        metrics.spectrum_slope(images, 0.9, 1.0)


def test_neighbors_of_noise_of_stripes_and_of_a_ramp():
    noise = torch.rand(500, 1, 16, 16, generator=seeded())
    found = metrics.neighbor_correlation(noise)
    # 480 pairs: the standard error of one is 0.046, of the mean 0.002; taking the mean out biases.
    assert found.mean().item() == pytest.approx(0, abs=0.015)
    checkers = (torch.arange(16).view(16, 1) + torch.arange(16)) % 2.0
    assert metrics.neighbor_correlation(checkers.view(1, 1, 16, 16)).item() == pytest.approx(-1)
    ramp = torch.arange(16.0).expand(1, 3, 16, 16)
    assert metrics.neighbor_correlation(ramp).item() > 0.97
    stripes = (torch.arange(16) % 2.0).expand(1, 1, 16, 16)  # 240 pairs alike, 240 opposite
    assert metrics.neighbor_correlation(stripes).item() == pytest.approx(0, abs=1e-6)


def test_neighbor_correlation_equals_pearson_of_all_pairs():
    image = torch.rand(1, 1, 5, 7, generator=seeded()).double()
    centered = image[0, 0] - image.mean()
    pairs = [
        (centered[i, j], centered[i + di, j + dj])
        for di, dj in ((0, 1), (1, 0))
        for i in range(5 - di)
        for j in range(7 - dj)
    ]
    one, other = (torch.stack([pair[i] for pair in pairs]) for i in (0, 1))
    expected = (one * other).sum() / (one.square().sum() * other.square().sum()).sqrt()
    assert metrics.neighbor_correlation(image).item() == pytest.approx(expected.item(), rel=1e-6)


def test_correlation_forgets_channels_brightness_and_a_constant_has_none():
    image = torch.rand(1, 3, 8, 8, generator=seeded())
    shifted = image + torch.tensor([5.0, 0.0, -5.0]).view(3, 1, 1)
    found = metrics.neighbor_correlation(torch.cat([image, shifted, 4 * image]))
    torch.testing.assert_close(found, found[:1].expand(3), rtol=1e-4, atol=1e-5)
    for value in (0.1, 0.3, 0.7):  # the mean of equal numbers is not always that number
        constant = torch.full((1, 1, 28, 28), value, dtype=torch.float64)
        assert metrics.neighbor_correlation(constant).isnan().all()


def test_fine_energy_of_waves_is_half_their_squared_amplitude():
    columns = torch.arange(32.0)
    fine, coarse = ((2 * torch.pi * columns * k / 32).cos().expand(1, 1, 32, 32) for k in (12, 3))
    assert metrics.fine_energy(3 * fine).item() == pytest.approx(9 / 2, rel=1e-5)
    assert metrics.fine_energy(fine.expand(1, 3, 32, 32)).item() == pytest.approx(1 / 2, rel=1e-5)
    assert metrics.fine_energy(coarse).item() == pytest.approx(0, abs=1e-9)
    assert metrics.fine_energy(fine + coarse + 7).item() == pytest.approx(1 / 2, rel=1e-5)


def test_images_too_small_are_refused():
    with pytest.raises(ValueError, match="neighbors need at least 2x2 pixels"):
        metrics.neighbor_correlation(torch.zeros(1, 1, 1, 5))
    with pytest.raises(ValueError, match="a spectrum needs at least 8x8 pixels"):
        metrics.power_spectrum(torch.zeros(1, 1, 8, 4))


def test_precision_and_recall_by_brute_force():
    generated, real = torch.randn(40, 2, generator=seeded()), torch.rand(30, 2, generator=seeded(1))

    def share_inside(inner: torch.Tensor, outer: torch.Tensor) -> float:
        hits = 0
        for point in inner:
            for center in outer:
                radius = sorted((center - other).norm().item() for other in outer)[3]
                if (point - center).norm().item() <= radius:
                    hits += 1
                    break
        return hits / len(inner)

    found = metrics.precision_recall(generated, real, rows=7)
    assert found.precision == pytest.approx(share_inside(generated, real))
    assert found.recall == pytest.approx(share_inside(real, generated))
    assert found.precision != found.recall


def test_precision_and_recall_of_a_part_and_of_another_place():
    part = torch.rand(60, 2, generator=seeded())
    real = torch.cat([part, torch.rand(40, 2, generator=seeded(1)) + 5])
    assert metrics.precision_recall(part, real) == (1, 0.6)
    assert metrics.precision_recall(real, part) == (0.6, 1)
    assert metrics.precision_recall(real + 9, real) == (0, 0)
    with pytest.raises(ValueError, match="need 4 or more features"):
        metrics.precision_recall(real[:3], real)


def test_frechet_error_is_the_spread_over_repeated_draws():
    references = torch.randn(4000, 2, generator=seeded())
    draws = [torch.randn(400, 2, generator=seeded(1 + i)) + 1 for i in range(60)]
    distances = torch.tensor([metrics.frechet_distance(draw, references) for draw in draws])
    errors = torch.tensor([metrics.frechet_error(draw, references) for draw in draws])
    assert errors.mean().item() == pytest.approx(distances.std().item(), rel=0.25)


def test_frechet_error_does_not_depend_on_classes_that_come_in_turns():
    """As those of generated digits do: a part that is one class would tell of the classes."""
    centers = 10 * torch.randn(10, 2, generator=seeded())
    references = torch.randn(4000, 2, generator=seeded(1)) + centers.repeat(400, 1)
    features = torch.randn(400, 2, generator=seeded(2)) + centers.repeat(40, 1)
    shuffled = features[torch.randperm(400, generator=seeded(3))]
    in_turns, mixed = (metrics.frechet_error(one, references) for one in (features, shuffled))
    assert in_turns == pytest.approx(mixed, rel=0.75)


def test_frechet_error_leaves_out_each_group_once():
    features, references = (torch.randn(12, 2, generator=seeded(i)) for i in (0, 1))
    part = torch.randperm(12, generator=seeded()) % 3
    kept = [[i for i in range(12) if part[i] != group] for group in range(3)]
    found = torch.tensor([metrics.frechet_distance(features[rows], references) for rows in kept])
    expected = ((3 - 1) / 3 * (found - found.mean()).square().sum()).sqrt()
    assert metrics.frechet_error(features, references, 3) == pytest.approx(
        expected.item(), rel=1e-5
    )
    with pytest.raises(ValueError, match=r"groups must lie in 2\.\.6 for 12 features, got 7"):
        metrics.frechet_error(features, references, 7)
