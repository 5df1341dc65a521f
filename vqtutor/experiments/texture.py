"""How the pixels of a set of images hang together: no judge is asked, and no original needed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from vqtutor import metrics


@dataclass(frozen=True)
class Mean:
    """A mean over images."""

    value: float
    error: float  # standard error

    @classmethod
    def of(cls, values: Tensor, scale: float = 1.0) -> Mean:
        """Of `values`, (N,), without those that are NaN, divided by `scale`."""
        known = values[~values.isnan()].double() / scale
        return cls(known.mean().item(), metrics.standard_error(known))


@dataclass(frozen=True)
class Texture:
    """How the pixels of an image hang together, with or without a judge."""

    neighbor_correlation: Mean  # of neighboring pixels: near 1 if smooth, 0 if random
    fine_energy: Mean  # above 0.25 cycles per pixel, relative to that of test images
    spectrum_slope: float  # of log power against log frequency: 0 if random


def texture_of(images: Tensor, reference: float) -> Texture:
    """Of images (N, C, H, W); `reference` is the mean fine energy of test images."""
    return Texture(
        Mean.of(per_image(metrics.neighbor_correlation, images)),
        Mean.of(per_image(metrics.fine_energy, images), reference),
        metrics.spectrum_slope(as_floats(images)),
    )


def per_image(function: Callable[[Tensor], Tensor], images: Tensor, rows: int = 1024) -> Tensor:
    """`function` of some images at a time, uint8 as float: (N,)."""
    return torch.cat([function(as_floats(part)) for part in images.split(rows)])


def as_floats(images: Tensor) -> Tensor:
    """uint8 images as float in [0, 1]; others as they are."""
    return images.float() / 255 if images.dtype == torch.uint8 else images
