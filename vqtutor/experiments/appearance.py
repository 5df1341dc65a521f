"""Two things one sees in a digit, as numbers: how bright it is and how far it leans."""

from __future__ import annotations

import torch
from torch import Tensor


def brightness_of(images: Tensor) -> Tensor:
    """Mean intensity (...) of `images`, (..., C, H, W) in [0, 1]."""
    return images.mean(dim=(-3, -2, -1))


def slant_degrees(images: Tensor) -> Tensor:
    """Angle (...) from the vertical at which `images`, (..., C, H, W), lean; positive to the right.

    From second moments of the ink: where the center of a row moves by s columns per row upwards,
    the angle is arctan(s). An image without ink has an angle of 0.
    """
    ink = images.mean(dim=-3)  # (..., H, W)
    height, width = ink.shape[-2:]
    up = -torch.arange(height, dtype=ink.dtype, device=ink.device).unsqueeze(1)  # (H, 1)
    right = torch.arange(width, dtype=ink.dtype, device=ink.device)  # (W,)
    total = ink.sum(dim=(-2, -1), keepdim=True).clamp_min(1e-12)
    up = up - (ink * up).sum(dim=(-2, -1), keepdim=True) / total  # (..., H, 1)
    right = right - (ink * right).sum(dim=(-2, -1), keepdim=True) / total  # (..., 1, W)
    shared = (ink * up * right).sum(dim=(-2, -1))
    own = (ink * up.square()).sum(dim=(-2, -1))
    return torch.rad2deg(torch.atan2(shared, own))


def spearman(values: Tensor, series: Tensor) -> Tensor:
    """Rank correlation (...) in [-1, 1] of `values`, (V,), with each of `series`, (..., V).

    Equal values share their mean rank; a series that never changes has correlation 0.
    """
    first, second = _centered_ranks(values), _centered_ranks(series)
    size = (first.square().sum(dim=-1) * second.square().sum(dim=-1)).sqrt()
    return (first * second).sum(dim=-1) / size.clamp_min(1e-12)


def _centered_ranks(series: Tensor) -> Tensor:
    """Ranks of (..., V) along the last axis minus their mean: each pair compared, V is small."""
    return (series.unsqueeze(-1) - series.unsqueeze(-2)).sign().sum(dim=-1) / 2
