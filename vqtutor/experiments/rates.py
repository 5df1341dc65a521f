"""What an image costs in bits: as a file, as grids of codes, as a draw from a posterior."""

from __future__ import annotations

import io
import math
from collections.abc import Iterator
from typing import Any

from PIL import Image
from torch import Tensor, nn

from vqtutor import metrics
from vqtutor.experiments import latents
from vqtutor.losses import gaussian_kl
from vqtutor.models import Posterior


def kl_bits(posterior: Posterior) -> Tensor:
    """KL from N(0, 1) in bits, (N,): what sending a draw costs on average (bits-back coding).

    Source: Hinton and van Camp 1993, doi:10.1145/168304.168306.
    """
    return gaussian_kl(*posterior).double() / math.log(2)


def active_units(posterior: Posterior, above: float = 0.01) -> Tensor:
    """Which coordinates (D,) bool depend on the image: variance of their mean over images.

    Source: Burda et al. 2015, arXiv:1509.00519.
    """
    return posterior.mean.var(dim=0, correction=0) > above


def entropy_bits(model: nn.Module, codes: Any) -> float:
    """Bits per image of `codes`, latents of N images, if each position is coded by itself.

    Entropy of the codes at each position, summed over positions: at most log2 K each.
    """
    positions: Iterator[tuple[Tensor, int]] = (
        (column, count)
        for grid, count in zip(codes, latents.num_codes(model, codes).values(), strict=True)
        for column in grid.flatten(1).T
    )
    return sum(
        math.log2(metrics.perplexity(metrics.code_histogram(column, count)))
        for column, count in positions
    )


def png_bits(images: Tensor) -> float:
    """Size of a PNG file, as tightly packed as Pillow can, averaged over (N, C, H, W) uint8."""
    total = 0
    for image in images.permute(0, 2, 3, 1).squeeze(3).contiguous().numpy():
        file = io.BytesIO()
        Image.fromarray(image).save(file, "PNG", optimize=True)
        total += 8 * file.tell()
    return total / len(images)


# Signature (8 bytes); lengths, names and checksums of three chunks (12 each); the header (13).
PNG_OVERHEAD = 8.0 * (8 + 3 * 12 + 13)
