"""What one sees in a digit, as numbers: how bright it is, how far it leans and how wide it is."""

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
    up_and_right, up, _ = _second_moments(images)
    return torch.rad2deg(torch.atan2(up_and_right, up))


def width_of(images: Tensor) -> Tensor:
    """Width (...) in pixels of the ink of `images`, (..., C, H, W), once it stands upright.

    The standard deviation of the ink's columns after each row is moved against the slant: leaning
    alone makes nothing wider. An image without ink has a width of 0.
    """
    up_and_right, up, right = _second_moments(images)
    return (right - up_and_right.square() / up.clamp_min(1e-12)).clamp_min(0).sqrt()


def _second_moments(images: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Of the ink around its center, (...) each: up times right, up squared, right squared."""
    ink = images.mean(dim=-3)  # (..., H, W)
    height, width = ink.shape[-2:]
    up = -torch.arange(height, dtype=ink.dtype, device=ink.device).unsqueeze(1)  # (H, 1)
    right = torch.arange(width, dtype=ink.dtype, device=ink.device)  # (W,)
    ink = ink / ink.sum(dim=(-2, -1), keepdim=True).clamp_min(1e-12)
    up = up - (ink * up).sum(dim=(-2, -1), keepdim=True)  # (..., H, 1)
    right = right - (ink * right).sum(dim=(-2, -1), keepdim=True)  # (..., 1, W)
    moments = (ink * up * right, ink * up.square(), ink * right.square())
    shared, own, across = (moment.sum(dim=(-2, -1)) for moment in moments)
    return shared, own, across


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
