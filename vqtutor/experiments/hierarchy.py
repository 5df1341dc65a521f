"""What each of the two grids of a VQ-VAE-2 is good for.

The codes of one level are exchanged between images of different classes, to see what of the image
goes with them: its class, its coarse or its fine content. And variants trained anew show what the
bottom level gains from the top, and whether joining the two by adding would do.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import torch
from torch import Tensor, nn

from vqtutor.checks import check_positive
from vqtutor.data import ImageSet
from vqtutor.experiments import latents
from vqtutor.experiments.estimates import Estimate, estimate, ratio, share
from vqtutor.experiments.examples import random_pairs
from vqtutor.experiments.judging import judge_images
from vqtutor.experiments.priors import bits_per_code
from vqtutor.models import VQVAE2, Codes, PixelCNN


@dataclass(frozen=True)
class HierarchyConfig:
    """How many exchanges."""

    num_pairs: int = 5000  # of test images of different classes
    num_examples: int = 10  # for the picture
    coarse_below: float = 0.1  # cycles per pixel
    batch_size: int = 512

    def __post_init__(self) -> None:
        check_positive(
            num_pairs=self.num_pairs, num_examples=self.num_examples, batch_size=self.batch_size
        )


@dataclass(frozen=True)
class Swap:
    """One level's codes taken from another image, of another class."""

    change: float  # root mean squared difference to the reconstruction, over the original pixels
    coarse: float  # share of the squared change below `coarse_below` cycles per pixel
    flips: Estimate | None  # share of images that the judge then puts into another class
    adopted: float | None  # share that it puts into the class of the codes' image


@dataclass(frozen=True)
class Variant:
    """A VQ-VAE-2 trained otherwise, on the test images, against the plain one."""

    mse: Estimate  # squared error per pixel value
    mse_ratio: Estimate  # over that of the plain one, image by image
    bits: Estimate | None = None  # bottom prior, bits per code
    bits_ratio: Estimate | None = None


@dataclass(frozen=True, eq=False)
class Hierarchy:
    """Both levels, and variants of how they are joined."""

    num_pairs: int
    swaps: dict[str, Swap]  # by the level whose codes are exchanged
    flip_ratio: Estimate | None  # flips by the top's codes over flips by the bottom's
    plain: Variant  # against itself
    variants: dict[str, Variant]
    reconstructions: np.ndarray  # (examples, C, H, W) uint8, by the model, of both images
    others: np.ndarray
    exchanged: dict[str, np.ndarray] = field(default_factory=dict)  # by level, same shape


def run_hierarchy(
    model: VQVAE2,
    plain: VQVAE2,
    variants: Mapping[str, VQVAE2],
    data: ImageSet,
    judge: nn.Module | None = None,
    priors: Mapping[str, PixelCNN] | None = None,
    *,
    seed: int = 0,
    config: HierarchyConfig | None = None,
) -> Hierarchy:
    """Exchange codes of `model`; compare `variants` with `plain`, trained equally long.

    priors : of the bottom codes, by variant, and of "plain".
    """
    config = HierarchyConfig() if config is None else config
    priors = {} if priors is None else priors
    models = (model, plain, *variants.values())
    with latents.inference(judge, *models, *priors.values()):
        pairs = random_pairs(data, config.num_pairs, torch.Generator().manual_seed(seed))
        codes = latents.encode(model, data.test.images, config.batch_size)
        here, there = (latents.select(codes, rows) for rows in pairs)
        mixed = {
            "top": Codes(there.top, here.bottom),
            "bottom": Codes(here.top, there.bottom),
        }
        before = latents.decode(model, here, config.batch_size)
        after = {name: latents.decode(model, c, config.batch_size) for name, c in mixed.items()}
        swaps, flip_ratio = measure_swaps(data, judge, before, after, pairs[1], config)
        own = errors_and_bits(plain, data, priors.get("plain"), config)
        found = {
            name: compare(errors_and_bits(other, data, priors.get(name), config), own)
            for name, other in variants.items()
        }
        few = slice(0, config.num_examples)
        others = latents.decode(model, latents.select(there, few))
    return Hierarchy(
        config.num_pairs,
        swaps,
        flip_ratio,
        compare(own, own),
        found,
        latents.to_bytes(before[few]),
        latents.to_bytes(others),
        {level: latents.to_bytes(images[few]) for level, images in after.items()},
    )


def measure_swaps(
    data: ImageSet,
    judge: nn.Module | None,
    before: Tensor,
    after: Mapping[str, Tensor],
    donors: Tensor,
    config: HierarchyConfig,
) -> tuple[dict[str, Swap], Estimate | None]:
    """Reconstructions `before`, and `after` one level took the codes of test images `donors`."""
    flips: dict[str, Tensor] = {}
    adopted: dict[str, float] = {}
    if judge is not None and data.test.labels is not None:
        own = judge_images(judge, before).probabilities.argmax(dim=1)
        for level, images in after.items():
            seen = judge_images(judge, images).probabilities.argmax(dim=1)
            flips[level] = (seen != own).double()
            adopted[level] = (seen == data.test.labels[donors]).double().mean().item()
    swaps = {}
    for level, images in after.items():
        difference = data.unpad(images) - data.unpad(before)
        swaps[level] = Swap(
            difference.square().mean().sqrt().item(),
            coarse_share(difference, config.coarse_below),
            share(flips[level] > 0) if flips else None,
            adopted.get(level),
        )
    if not flips:
        return swaps, None
    return swaps, ratio(flips["top"], flips["bottom"])


def coarse_share(differences: Tensor, below: float) -> float:
    """Share of the energy of `differences`, (N, C, H, W), at most `below` cycles per pixel.

    Over all images together, and with the mean, which has frequency 0: exchanged codes may change
    how bright an image is.
    """
    height, width = differences.shape[2:]
    along = torch.fft.fftfreq(height, dtype=torch.float64).unsqueeze(1)
    across = torch.fft.fftfreq(width, dtype=torch.float64)
    coarse = torch.hypot(along, across) <= below  # (H, W)
    energy = torch.zeros(height, width, dtype=torch.float64)
    for batch in differences.split(512):
        energy += torch.fft.fft2(batch.double().cpu()).abs().square().sum(dim=(0, 1))
    return (energy[coarse].sum() / energy.sum()).item()


def errors_and_bits(
    model: VQVAE2, data: ImageSet, prior: PixelCNN | None, config: HierarchyConfig
) -> tuple[Tensor, Tensor | None]:
    """Of each test image the squared error per pixel value and the bits per bottom code, (N,)."""
    codes = latents.encode(model, data.test.images, config.batch_size)
    painted = latents.decode(model, codes, config.batch_size)
    errors = latents.squared_errors(painted, data, data.test)
    if prior is None:
        return errors, None
    return errors, bits_per_code(prior, codes.bottom, data.test.labels, codes.top)


def compare(found: tuple[Tensor, Tensor | None], plain: tuple[Tensor, Tensor | None]) -> Variant:
    """Errors and bits of one model against those of the plain one."""
    (errors, bits), (plain_errors, plain_bits) = found, plain
    against = ratio(errors, plain_errors)
    if bits is None or plain_bits is None:
        return Variant(estimate(errors), against)
    return Variant(estimate(errors), against, estimate(bits), ratio(bits, plain_bits))
