"""Whether a network repairs the strokes of a digit or breaks them, read off the number of holes.

A 0 whose loop is open encloses nothing, though a 0 should enclose one region. If the reconstruction
does, the stroke was repaired; if it was closed before and is open afterwards, it was broken.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from vqtutor import metrics
from vqtutor.data import ImageSet

# Of each digit as it is drawn in a book. A 4 is written open or closed, and both are right.
HOLES: Mapping[str, int] = {
    "0": 1,
    "1": 0,
    "2": 0,
    "3": 0,
    "5": 0,
    "6": 1,
    "7": 0,
    "8": 2,
    "9": 1,
}


@dataclass(frozen=True)
class Strokes:
    """Reconstructions of all test digits but the 4, against the images themselves."""

    num_images: int
    right: float  # share of the reconstructions with as many holes as the digit should have
    original_right: float  # the same of the images
    repaired: int  # wrong in the image, right in the reconstruction
    broken: int  # right in the image, wrong in the reconstruction
    p: float  # McNemar's test, two-sided: repairing and breaking are equally likely


def compare_strokes(images: Tensor, data: ImageSet, threshold: float = 0.5) -> Strokes | None:
    """Compare `images`, (N, 1, H, W) in [0, 1], with the test images they are made of.

    threshold : what is brighter counts as ink. None where the images are no gray digits.
    """
    if data.test.labels is None or data.image_shape[0] != 1 or not HOLES.keys() & data.class_names:
        return None
    by_class = torch.tensor([HOLES.get(name, -1) for name in data.class_names])
    wanted = by_class[data.test.labels]  # (N,)
    counted = wanted >= 0
    originals = data.unpad(data.test.images[counted]).float() / 255
    before = metrics.count_holes(originals, threshold) == wanted[counted]
    after = metrics.count_holes(data.unpad(images[counted]), threshold) == wanted[counted]
    repaired, broken = int((after & ~before).sum()), int((before & ~after).sum())
    return Strokes(
        num_images=len(before),
        right=after.double().mean().item(),
        original_right=before.double().mean().item(),
        repaired=repaired,
        broken=broken,
        p=metrics.mcnemar(repaired, broken),
    )
