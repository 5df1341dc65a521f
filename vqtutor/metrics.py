"""Numbers for judging images, codes and paths: functions on plain tensors, not losses.

Per image they return (B,) tensors, for a whole set a Python float. Sources: structural similarity,
Wang et al. 2004, doi:10.1109/TIP.2003.819861; Fréchet distance, Heusel et al. 2017,
arXiv:1706.08500, eq. 6, here between features of our own judge and so not comparable with numbers
from Inception; kernel distance, Bińkowski et al. 2018, arXiv:1801.01401; interval, Wilson 1927,
doi:10.1080/01621459.1927.10502953.
"""

from __future__ import annotations

import math
from statistics import NormalDist
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional as F

from vqtutor.checks import check_codes, check_positive, check_shape

# --- one image against another -------------------------------------------------------------------


def squared_error(reconstruction: Tensor, images: Tensor) -> Tensor:
    """Squared error (B,) per pixel value: averaged over C, H, W. Both (B, C, H, W)."""
    _check_pair("reconstruction", reconstruction, images)
    return (reconstruction.float() - images.float()).square().mean(dim=(1, 2, 3))


def psnr(reconstruction: Tensor, images: Tensor) -> Tensor:
    """Peak signal-to-noise ratio (B,) in decibels, for values in [0, 1]; infinite where equal."""
    return -10 * squared_error(reconstruction, images).log10()


def ssim(reconstruction: Tensor, images: Tensor) -> Tensor:
    """Structural similarity (B,), at most 1, for (B, C, H, W) in [0, 1] with H, W >= 11.

    One scale, 11x11 Gaussian windows of standard deviation 1.5 that lie inside the image, and the
    constants of Wang et al.; eq. 13 averaged over windows and channels.
    """
    _check_pair("reconstruction", reconstruction, images)
    if min(images.shape[2:]) < 11:
        raise ValueError(f"ssim needs at least 11x11 pixels, got {tuple(images.shape)}.")
    first, second = reconstruction.float(), images.float()
    mean1, mean2 = _gaussian_mean(first), _gaussian_mean(second)
    variances = _gaussian_mean(first.square() + second.square()) - mean1**2 - mean2**2
    covariance = _gaussian_mean(first * second) - mean1 * mean2
    brightness = (2 * mean1 * mean2 + 0.01**2) / (mean1**2 + mean2**2 + 0.01**2)
    structure = (2 * covariance + 0.03**2) / (variances + 0.03**2)
    return (brightness * structure).mean(dim=(1, 2, 3))


def gradient_magnitude(images: Tensor) -> Tensor:
    """Mean length (B,) of the Sobel gradient, value per pixel, over inner pixels and channels."""
    check_shape("images", images, "B C H W")
    if min(images.shape[2:]) < 3:
        raise ValueError(f"a gradient needs at least 3x3 pixels, got {tuple(images.shape)}.")
    slope = images.new_tensor([[-1, 0, 1], [-2, 0, 2], [-1, 0, 1]], dtype=torch.float32) / 8
    kernels = torch.stack([slope, slope.T]).unsqueeze(1)  # (2, 1, 3, 3): along W, along H
    gradients = F.conv2d(images.float().flatten(0, 1).unsqueeze(1), kernels)
    lengths = gradients.square().sum(dim=1).sqrt()  # (B * C, H - 2, W - 2)
    return lengths.mean(dim=(1, 2)).view(images.shape[:2]).mean(dim=1)


def sharpness(images: Tensor, references: Tensor) -> float:
    """Mean gradient magnitude of `images` over that of `references`: below 1 is blurred.

    The two sets may differ in number: samples have no image of their own to be compared with.
    """
    return (gradient_magnitude(images).mean() / gradient_magnitude(references).mean()).item()


def locality(before: Tensor, after: Tensor, share: float = 0.9) -> Tensor:
    """Smallest share (B,) of the pixels that holds `share` of the squared change ("A90").

    1 / (H W) if one pixel changed, about `share` if all changed alike, NaN if none did. A pixel's
    squared change is summed over C; both (B, C, H, W).
    """
    _check_pair("before", before, after)
    change = (after.double().cpu() - before.double().cpu()).square().sum(dim=1).flatten(1)
    held = change.sort(dim=1, descending=True).values.cumsum(dim=1)  # (B, H * W)
    total = held[:, -1:]
    # The pixels that do not suffice, and one more. The margin is for the rounding of the sums.
    count = (held < share * total * (1 - 1e-9)).sum(dim=1) + 1
    area = count / change.shape[1]
    return torch.where(total.squeeze(1) > 0, area, math.nan).to(after.device, torch.float32)


# --- codes ---------------------------------------------------------------------------------------


def code_histogram(codes: Tensor, num_codes: int) -> Tensor:
    """How often each code occurs, (K,) int64, in `codes`, int64 of any shape. Histograms add up."""
    check_codes("codes", codes, num_codes)
    return torch.bincount(codes.flatten(), minlength=num_codes)


def code_usage(histogram: Tensor) -> float:
    """Share of the K codes that occur at all, from a histogram (K,)."""
    check_shape("histogram", histogram, "K")
    return (histogram > 0).double().cpu().mean().item()


def perplexity(histogram: Tensor) -> float:
    """Effective number of codes, 1 to K: exp of the entropy in nats, from a histogram (K,)."""
    check_shape("histogram", histogram, "K")
    counts = histogram.cpu().double()
    if counts.sum() == 0:
        raise ValueError("perplexity of an empty histogram: no code was counted.")
    return torch.special.entr(counts / counts.sum()).sum().exp().item()


# --- paths between two images --------------------------------------------------------------------


def third_class_rate(
    probabilities: Tensor, starts: Tensor, ends: Tensor, above: float = 0.5
) -> float:
    """Share of P paths on which some step looks like a class of neither end ("T").

    probabilities : (P, T, classes), the judge's for each of T steps; more than `above` counts.
    starts, ends : (P,) int64, the classes of the two ends.
    """
    check_shape("probabilities", probabilities, "P T classes")
    paths, _, classes = probabilities.shape
    thirds = torch.ones(paths, classes, dtype=torch.bool, device=probabilities.device)
    for name, labels in (("starts", starts), ("ends", ends)):
        check_shape(name, labels, "P", P=paths)
        check_codes(name, labels, classes)
        thirds.scatter_(1, labels.to(thirds.device).unsqueeze(1), False)
    seen = (probabilities > above) & thirds.unsqueeze(1)
    return seen.flatten(1).any(dim=1).double().cpu().mean().item()


def jumpiness(frames: Tensor) -> Tensor:
    """Largest over mean step change (P,) of each path ("J"): 1 if it moves evenly, at most T - 1.

    frames : (P, T, C, H, W); the change of a step is the root of its mean squared pixel change.
    NaN for a path that never changes.
    """
    check_shape("frames", frames, "P T C H W")
    if frames.shape[1] < 2:
        raise ValueError(f"a path needs two frames or more, got {tuple(frames.shape)}.")
    changes = frames.float().diff(dim=1).square().mean(dim=(2, 3, 4)).sqrt()  # (P, T - 1)
    return changes.amax(dim=1) / changes.mean(dim=1)


# --- one set against another, in a judge's features ----------------------------------------------


def frechet_distance(features_a: Tensor, features_b: Tensor) -> float:
    """Squared Fréchet distance between Gaussians fitted to (N, F) and (M, F): 0 if they agree.

    |mean_a - mean_b|^2 + tr(S_a + S_b - 2 (S_a S_b)^(1/2)), in float64. It grows as N or M falls.
    """
    _check_features(features_a, features_b)
    mean_a, root_a = _mean_and_root(features_a)
    mean_b, root_b = _mean_and_root(features_b)
    # S = R^T R. The eigenvalues of S_a S_b are the squared singular values of R_a R_b^T, which
    # stay accurate where a covariance has no full rank and its square root would not.
    overlap = torch.linalg.svdvals(root_a @ root_b.T).sum()
    spread = root_a.square().sum() + root_b.square().sum() - 2 * overlap
    return ((mean_a - mean_b).square().sum() + spread).clamp(min=0).item()


class KernelDistance(NamedTuple):
    """Squared maximum mean discrepancy between two sets of features.

    value : unbiased, so it may fall below 0 where the sets agree.
    standard_error : of `value`, from the spread over disjoint subsets.
    """

    value: float
    standard_error: float


def kernel_distance(
    features_a: Tensor,
    features_b: Tensor,
    *,
    subsets: int = 10,
    generator: torch.Generator | None = None,
) -> KernelDistance:
    """Kernel distance between (N, F) and (M, F), kernel (x y / F + 1)^3, in float64.

    Averaged over disjoint random subsets of min(N, M) // `subsets` from each set, drawn from
    `generator` (CPU).
    """
    _check_features(features_a, features_b)
    size = min(len(features_a), len(features_b)) // subsets
    if subsets < 2 or size < 2:
        raise ValueError(
            f"kernel_distance needs two subsets or more, with two features each; got {subsets} "
            f"subsets of {len(features_a)} and {len(features_b)} features."
        )
    a, b = (
        features.cpu().double()[torch.randperm(len(features), generator=generator)]
        for features in (features_a, features_b)
    )
    values = torch.stack(
        [
            _squared_discrepancy(*(x[i * size : (i + 1) * size] for x in (a, b)))
            for i in range(subsets)
        ]
    )
    return KernelDistance(values.mean().item(), (values.std() / math.sqrt(subsets)).item())


def nearest_distances(features: Tensor, references: Tensor, rows: int = 1024) -> Tensor:
    """Euclidean distance (N,) of each of `features`, (N, F), to the nearest of (M, F)."""
    _check_features(features, references, at_least=1)
    check_positive(rows=rows)
    distances = []
    for part in features.float().split(rows):
        nearest = torch.cdist(part, references.float()).argmin(dim=1)
        # Again from the difference: cdist's matrix product loses digits of small distances.
        distances.append((part - references[nearest].float()).norm(dim=1))
    return torch.cat(distances)


# --- shares --------------------------------------------------------------------------------------


def garbage_rate(
    max_probabilities: Tensor,
    nearest_distances: Tensor,
    threshold: float,
    confidence: float = 0.9,
) -> float:
    """Share of B images that look like nothing the judge knows ("G").

    max_probabilities : (B,), the judge's; below `confidence` is garbage.
    nearest_distances : (B,), to the nearest training image in the judge's features; above
        `threshold` is garbage. By convention the 99th percentile of real test images.
    """
    check_shape("max_probabilities", max_probabilities, "B")
    check_shape("nearest_distances", nearest_distances, "B", B=len(max_probabilities))
    recognized = (max_probabilities >= confidence) & (nearest_distances <= threshold)
    return 1 - recognized.double().cpu().mean().item()


def wilson_interval(successes: int, total: int, confidence: float = 0.95) -> tuple[float, float]:
    """Interval for the probability behind `successes` of `total`, also right near 0 and 1."""
    if not 0 <= successes <= total or total < 1:
        raise ValueError(f"need 0 <= successes <= total and total >= 1, got {successes}, {total}.")
    z = NormalDist().inv_cdf((1 + confidence) / 2)
    share, weight = successes / total, z * z / total
    center = (share + weight / 2) / (1 + weight)
    half = z * math.sqrt(share * (1 - share) / total + weight / (4 * total)) / (1 + weight)
    return max(0.0, center - half), min(1.0, center + half)


# --- steps of the above --------------------------------------------------------------------------


def _check_pair(name: str, first: Tensor, second: Tensor) -> None:
    batch, channels, height, width = second.shape if second.ndim == 4 else (0, 0, 0, 0)
    check_shape("images", second, "B C H W")
    check_shape(name, first, "B C H W", B=batch, C=channels, H=height, W=width)


def _check_features(features_a: Tensor, features_b: Tensor, at_least: int = 2) -> None:
    check_shape("features", features_a, "N F")
    check_shape("features", features_b, "M F", F=features_a.shape[1])
    if min(len(features_a), len(features_b)) < at_least:
        raise ValueError(
            f"need {at_least} or more features on each side, got {len(features_a)} and "
            f"{len(features_b)}."
        )


def _gaussian_mean(images: Tensor) -> Tensor:
    """Weighted mean of each 11x11 window inside (B, C, H, W): (B, C, H - 10, W - 10)."""
    offsets = torch.arange(-5, 6, device=images.device, dtype=torch.float32)
    weights = torch.softmax(-offsets.square() / (2 * 1.5**2), dim=0)  # (11,), sum 1
    batch = images.flatten(0, 1).unsqueeze(1)  # (B * C, 1, H, W)
    smooth = F.conv2d(F.conv2d(batch, weights.view(1, 1, 1, 11)), weights.view(1, 1, 11, 1))
    return smooth.view(*images.shape[:2], *smooth.shape[2:])


def _mean_and_root(features: Tensor) -> tuple[Tensor, Tensor]:
    """Mean (F,) and a square root R of the covariance R^T R of (N, F)."""
    features = features.cpu().double()
    mean = features.mean(dim=0)
    root = torch.linalg.qr(features - mean, mode="r").R
    return mean, root / math.sqrt(len(features) - 1)


def _squared_discrepancy(a: Tensor, b: Tensor) -> Tensor:
    """Unbiased squared MMD () of two sets of the same size, (n, F) each."""
    size, width = a.shape
    within_a, within_b, across = ((x @ y.T / width + 1) ** 3 for x, y in ((a, a), (b, b), (a, b)))
    within = sum(kernel.sum() - kernel.trace() for kernel in (within_a, within_b))
    return within / (size * (size - 1)) - 2 * across.mean()
