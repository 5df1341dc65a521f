"""What is drawn in an image: how many holes its strokes enclose.

Holes are what survives any bending of a stroke, and what a broken stroke loses. Connectivity:
Rosenfeld 1970, doi:10.1145/321556.321570: strokes join diagonally, background does not.
"""

from __future__ import annotations

import torch
from scipy import ndimage  # type: ignore[import-untyped]
from torch import Tensor
from torch.nn import functional as F

from vqtutor.checks import check_shape


def count_holes(images: Tensor, threshold: float = 0.5) -> Tensor:
    """Number of holes (B,) int64 in what is brighter than `threshold`: regions of background that
    strokes cut off from the border. Images (B, 1, H, W) in [0, 1].

    Two stroke pixels touch where they share a side or a corner, two background pixels only where
    they share a side. A hole of one pixel counts.
    """
    check_shape("images", images, "B C H W", C=1)
    # A frame of background joins whatever reaches the border: all of it is one region.
    background = F.pad(images[:, 0].cpu() <= threshold, (1, 1, 1, 1), value=True)  # (B, H+2, W+2)
    sides = ndimage.generate_binary_structure(2, 1)[None]  # (1, 3, 3): never across images
    around = F.pad(torch.from_numpy(sides), (0, 0, 0, 0, 1, 1)).numpy()  # (3, 3, 3)
    regions = torch.from_numpy(ndimage.label(background.numpy(), around)[0]).flatten(1).long()
    image_of = torch.zeros(int(regions.max()) + 1, dtype=torch.int64)  # by region; 0 is stroke
    image_of[regions] = torch.arange(len(images)).unsqueeze(1)
    return torch.bincount(image_of[1:], minlength=len(images)) - 1
