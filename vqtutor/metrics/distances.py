"""A set of images against another, by their features.

Sources: Fréchet distance, Heusel et al. 2017, arXiv:1706.08500, eq. 6, here between features of
our own judge and so not comparable with numbers from Inception; kernel distance, Bińkowski et al.
2018, arXiv:1801.01401; precision and recall, Kynkäänniemi et al. 2019, arXiv:1904.06991, section 2.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import torch
from torch import Tensor

from vqtutor.checks import check_positive, check_shape


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


def frechet_error(features_a: Tensor, features_b: Tensor, groups: int = 10) -> float:
    """Standard error of the Fréchet distance that comes from which features (N, F) were drawn.

    A jackknife: the distance is taken again with each of `groups` disjoint random parts left out.
    The references (M, F) count as given, since everything is compared with the same ones.
    """
    check_shape("features", features_a, "N F")
    if not 2 <= groups <= len(features_a) // 2:
        raise ValueError(
            f"groups must lie in 2..{len(features_a) // 2} for {len(features_a)} features, "
            f"got {groups}."
        )
    # Random: features often come class by class or in turns, and a part must not be one class.
    generator = torch.Generator().manual_seed(0)
    part = torch.randperm(len(features_a), generator=generator) % groups
    left = (features_a[(part != group).to(features_a.device)] for group in range(groups))
    distances = torch.tensor([frechet_distance(some, features_b) for some in left]).double()
    return ((groups - 1) ** 0.5 * distances.std(correction=0)).item()


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


class PrecisionRecall(NamedTuple):
    """Shares in [0, 1]. What lies in the k-nearest-neighbor balls of a set counts as like it.

    precision : of the generated features that are like real ones.
    recall : of the real features that are like generated ones.
    """

    precision: float
    recall: float


def precision_recall(
    generated: Tensor, real: Tensor, neighbors: int = 3, rows: int = 1024
) -> PrecisionRecall:
    """Precision and recall of generated features (N, F) against real ones (M, F).

    Around each feature lies a ball that reaches to its `neighbors`-th nearest of the same set, not
    counting itself. Both depend on N and M: compare sets of one size only.
    """
    _check_features(generated, real, at_least=neighbors + 1)
    check_positive(neighbors=neighbors, rows=rows)
    inside = []
    for inner, outer in ((generated, real), (real, generated)):
        inner, outer = inner.float(), outer.float()
        kth = [
            torch.cdist(part, outer).kthvalue(neighbors + 1, dim=1).values
            for part in outer.split(rows)
        ]
        radii = torch.cat(kth)  # (M,): the nearest of all is the feature itself
        hits = [(torch.cdist(part, outer) <= radii).any(dim=1) for part in inner.split(rows)]
        inside.append(torch.cat(hits).double().mean().item())
    return PrecisionRecall(*inside)


def is_garbage(
    max_probabilities: Tensor,
    nearest_distances: Tensor,
    threshold: float,
    confidence: float = 0.9,
) -> Tensor:
    """Which of B images look like nothing the judge knows: (B,) bool.

    max_probabilities : (B,), the judge's; below `confidence` is garbage.
    nearest_distances : (B,), to the nearest training image in the judge's features; above
        `threshold` is garbage. By convention the 99th percentile of real test images.
    """
    check_shape("max_probabilities", max_probabilities, "B")
    check_shape("nearest_distances", nearest_distances, "B", B=len(max_probabilities))
    return ~((max_probabilities >= confidence) & (nearest_distances <= threshold))


def garbage_rate(
    max_probabilities: Tensor,
    nearest_distances: Tensor,
    threshold: float,
    confidence: float = 0.9,
) -> float:
    """Share of B images that are garbage ("G"), from the same arguments as `is_garbage`."""
    garbage = is_garbage(max_probabilities, nearest_distances, threshold, confidence)
    return garbage.double().cpu().mean().item()


def _check_features(features_a: Tensor, features_b: Tensor, at_least: int = 2) -> None:
    check_shape("features", features_a, "N F")
    check_shape("features", features_b, "M F", F=features_a.shape[1])
    if min(len(features_a), len(features_b)) < at_least:
        raise ValueError(
            f"need {at_least} or more features on each side, got {len(features_a)} and "
            f"{len(features_b)}."
        )


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
