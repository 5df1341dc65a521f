"""Frames between two images: whom they look like, and how evenly they change."""

from __future__ import annotations

import torch
from torch import Tensor

from vqtutor.checks import check_codes, check_shape
from vqtutor.metrics.images import locality


def passes_third_class(
    probabilities: Tensor, starts: Tensor, ends: Tensor, above: float = 0.5
) -> Tensor:
    """Whether some step of each path looks like a class of neither end: (P,) bool.

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
    return seen.flatten(1).any(dim=1)


def third_class_rate(
    probabilities: Tensor, starts: Tensor, ends: Tensor, above: float = 0.5
) -> float:
    """Share of P paths that pass a third class ("T"); arguments as of `passes_third_class`."""
    passed = passes_third_class(probabilities, starts, ends, above)
    return passed.double().cpu().mean().item()


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


def step_areas(frames: Tensor) -> Tensor:
    """Smallest share of the pixels that holds 90 % of each step's squared change, (P, T - 1).

    frames : (P, T, C, H, W). NaN for a step that changes nothing.
    """
    check_shape("frames", frames, "P T C H W")
    rows = [locality(path[:-1], path[1:]) for path in frames]  # one path at a time: less memory
    return torch.stack(rows)
