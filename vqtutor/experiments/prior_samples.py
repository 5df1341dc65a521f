"""Codes of both levels drawn from the priors: in two ways, and with and without a label below.

The cache must draw the same codes as the naive way under the same random numbers: Ramachandran et
al. 2017, arXiv:1704.06001.
"""

from __future__ import annotations

import time
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from vqtutor.data import ImageSet
from vqtutor.experiments import latents
from vqtutor.experiments.judging import judge_images
from vqtutor.models import VQVAE2, Codes, PixelCNN
from vqtutor.sampling import Method, sample_codes


@dataclass(frozen=True)
class Sampling:
    """The same codes drawn in two ways."""

    num_images: int
    num_codes: int  # of both levels
    different: int  # of these codes
    cached_seconds: float
    naive_seconds: float


def draw_codes(
    vqvae: VQVAE2,
    top: PixelCNN,
    bottom: PixelCNN,
    count: int,
    batch_size: int,
    seed: int,
    method: Method = "cached",
) -> tuple[Codes, float]:
    """`count` codes of both levels, as many of each label as of any other, and the seconds.

    The random numbers are the same whatever the method, and whatever the priors take.
    """
    generator = torch.Generator().manual_seed(seed)
    grids, started = [], time.perf_counter()
    for start in range(0, count, batch_size):
        labels = torch.arange(start, min(start + batch_size, count))
        drawn: dict[str, Tensor] = {}
        for level, prior, shape in (
            ("top", top, vqvae.config.top_grid),
            ("bottom", bottom, vqvae.config.bottom_grid),
        ):
            known = labels % prior.config.num_labels if prior.config.num_labels else None
            condition = drawn["top"] if prior.config.condition_codes else None
            size = (len(labels), *shape)
            drawn[level] = sample_codes(
                prior, known, size, condition, generator=generator, method=method
            )
        grids.append(Codes(**drawn))
    seconds = time.perf_counter() - started
    joined: Codes = latents.join(grids)
    return joined, seconds


def compare_samplers(
    vqvae: VQVAE2, top: PixelCNN, bottom: PixelCNN, count: int, batch_size: int, seed: int
) -> Sampling:
    """Draw the same codes from the cache and without it."""
    cached, quick = draw_codes(vqvae, top, bottom, count, batch_size, seed)
    naive, slow = draw_codes(vqvae, top, bottom, count, batch_size, seed, "naive")
    different = sum(int((a != b).sum()) for a, b in zip(cached, naive, strict=True))
    return Sampling(count, sum(grid.numel() for grid in cached), different, quick, slow)


def judge_samples(
    vqvae: VQVAE2,
    top: PixelCNN,
    bottom: PixelCNN,
    judge: nn.Module,
    data: ImageSet,
    count: int,
    batch_size: int,
    seed: int,
) -> Tensor:
    """Which of `count` samples the judge puts into the class that was asked for: (count,) bool."""
    drawn, _ = draw_codes(vqvae, top, bottom, count, batch_size, seed)
    judgment = judge_images(judge, latents.decode(vqvae, drawn))
    return judgment.probabilities.argmax(dim=1) == torch.arange(count) % data.num_classes
