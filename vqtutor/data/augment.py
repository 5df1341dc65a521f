"""Variants of training images that show the same thing: shifted a little, or mirrored."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor


def vary(images: Tensor, *, shift: int = 0, mirror: bool = False) -> Tensor:
    """Each of `images`, (B, C, H, W), shifted at random and perhaps mirrored left to right.

    shift : at most so many pixels up or down and left or right; what comes in over the edge is the
        image's own reflection. ValueError for a negative one, or one as large as the image.
    The draws come from the default generator of the images' device.
    """
    count, colors, height, width = images.shape
    if not 0 <= shift < min(height, width):
        raise ValueError(
            f"shift must lie in 0..{min(height, width) - 1} pixels for images of {height}x{width}, "
            f"got {shift}."
        )
    if not (shift or mirror):
        return images
    device = images.device
    offsets = torch.randint(0, 2 * shift + 1, (2, count, 1), device=device)
    rows = offsets[0] + torch.arange(height, device=device)  # (B, H)
    columns = offsets[1] + torch.arange(width, device=device)  # (B, W)
    if mirror:
        mirrored = torch.rand(count, 1, device=device) < 0.5
        columns = torch.where(mirrored, columns.flip(1), columns)
    padded = F.pad(images, (shift,) * 4, mode="reflect") if shift else images
    every = torch.arange(count, device=device).view(-1, 1, 1, 1)
    channels = torch.arange(colors, device=device).view(1, -1, 1, 1)
    varied: Tensor = padded[every, channels, rows[:, None, :, None], columns[:, None, None, :]]
    return varied
