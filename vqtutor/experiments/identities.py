"""What holds exactly in a VQ-VAE-2, whatever it has learned: lookups, shapes, gradients, averages.

Everything is looked for anew, by another way than the model's own, in a trained model on real
images. A right program leaves nothing, or no more than the rounding of float32.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from vqtutor.checks import check_positive
from vqtutor.data import ImageSet
from vqtutor.experiments import latents
from vqtutor.experiments.pulls import (
    LEVELS,
    Averages,
    Gradients,
    find_gradients,
    follow_averages,
    fresh_averages,
    gradient_twin,
)
from vqtutor.models import VQVAE2, Codes


@dataclass(frozen=True)
class IdentitiesConfig:
    """How much is checked. Codes are stored of all training and validation images."""

    num_vectors: int = 10_000  # features of each level whose nearest code is looked for anew
    num_images: int = 128  # training images for gradients and averages
    updates: int = 1500  # of the moving averages, with these images over and over
    batch_size: int = 512

    def __post_init__(self) -> None:
        check_positive(
            num_vectors=self.num_vectors,
            num_images=self.num_images,
            updates=self.updates,
            batch_size=self.batch_size,
        )


@dataclass(frozen=True)
class Lookup:
    """Quantized vectors of all test images on one level, and features looked up again."""

    num_codes: int
    distinct: int  # different vectors that occur
    foreign: int  # vectors that differ in a bit from the codebook's row of their code
    num_vectors: int  # looked up again in double precision
    mismatches: int  # of them, codes that are not the nearest
    excess: float  # largest squared distance beyond the nearest's, over |v|^2 + |e|^2


@dataclass(frozen=True)
class Identities:
    """All checks of one model."""

    image_shape: tuple[int, int, int]
    grids: dict[str, tuple[int, int]]  # height and width of the codes of one image, by level
    lookups: dict[str, Lookup]
    num_images: int  # for training and validation
    num_stored: int  # of them, those whose codes are kept: the priors' data
    num_labels: int  # and those with a label
    stored_difference: float  # largest, between their reconstructions and decoded stored codes
    encoder_paints: bool  # whether the bottom encoder makes an image of quantized vectors
    loss_difference: float  # relative, between the loss and a mean squared error in NumPy
    gradients: dict[str, Gradients]
    averages: dict[str, Averages]


def run_identities(
    model: VQVAE2, data: ImageSet, *, seed: int = 0, config: IdentitiesConfig | None = None
) -> Identities:
    """Check a VQ-VAE-2 on the test images, and what is kept of the others."""
    config = IdentitiesConfig() if config is None else config
    generator = torch.Generator().manual_seed(seed)
    order = torch.randperm(len(data.train), generator=generator)[: config.num_images]
    few = data.train.images[order].float().to(latents.device_of(model)) / 255
    with latents.inference(model):
        lookups = find_lookups(model, data, config)
        codes = latents.encode(model, few, config.batch_size)
        stored, difference = compare_stored(model, data, config)
        paints = encoder_paints(model, codes)
        quantized = dict(zip(LEVELS, model.quantize(few), strict=True))
        averages: dict[str, Averages] = {}
        for level in LEVELS:
            features = quantized[level].features
            fresh = fresh_averages(model.config.quantizer(level), features, generator)
            averages[level] = follow_averages(fresh, features, config.updates)
    gradients, loss_difference = find_gradients(gradient_twin(model), few)
    labels = sum(len(split.labels) for split in kept(data) if split.labels is not None)
    return Identities(
        data.image_shape,
        {level: (grid.shape[1], grid.shape[2]) for level, grid in codes._asdict().items()},
        lookups,
        sum(map(len, kept(data))),
        stored,
        labels,
        difference,
        paints,
        loss_difference,
        gradients,
        averages,
    )


def kept(data: ImageSet) -> tuple[Any, Any]:
    """The splits whose codes the priors learn and are validated on."""
    return data.train, data.validation


def find_lookups(model: VQVAE2, data: ImageSet, config: IdentitiesConfig) -> dict[str, Lookup]:
    """Whether quantized vectors are rows of the codebook, and the nearest ones."""
    found: dict[str, Lookup] = {}
    for number, level in enumerate(LEVELS):
        codebook = getattr(model, f"{level}_quantizer").codebook.detach()
        distinct: list[Tensor] = []
        again: list[tuple[int, int, float]] = []  # vectors, mismatches, excess
        foreign, left = 0, config.num_vectors
        for images in in_floats(model, data.test.images, config.batch_size):
            quantized = model.quantize(images)[number]
            vectors = quantized.vectors.movedim(1, -1).flatten(0, 2)  # (N, D)
            codes = quantized.codes.flatten()  # (N,)
            foreign += int((vectors != codebook[codes]).any(dim=1).sum())
            distinct.append(vectors.unique(dim=0))
            if left > 0:
                features = quantized.features.movedim(1, -1).flatten(0, 2)[:left]
                again.append(look_up_again(features, codes[:left], codebook))
                left -= len(features)
        sizes, mismatches, excess = zip(*again, strict=True)
        kinds = len(torch.cat(distinct).unique(dim=0))
        found[level] = Lookup(
            len(codebook), kinds, foreign, sum(sizes), sum(mismatches), max(excess)
        )
    return found


def look_up_again(features: Tensor, codes: Tensor, codebook: Tensor) -> tuple[int, int, float]:
    """Number of `features`, (N, D), of `codes`, (N,), that are not the nearest of `codebook`,
    (K, D), in double precision, and the largest excess (see `Lookup`).
    """
    mismatches, excess, double = 0, 0.0, codebook.double()
    for some, names in zip(features.double().split(1000), codes.split(1000), strict=True):
        distances = (some.unsqueeze(1) - double).square().sum(dim=2)  # (n, K)
        nearest, best = distances.min(dim=1)
        own = distances.gather(1, names.unsqueeze(1)).squeeze(1)
        size = some.square().sum(dim=1) + double[names].square().sum(dim=1)
        mismatches += int((best != names).sum())
        beyond = (own - nearest) / size.clamp_min(torch.finfo(torch.float64).tiny)
        excess = max(excess, beyond.max().item())
    return len(features), mismatches, excess


def compare_stored(model: VQVAE2, data: ImageSet, config: IdentitiesConfig) -> tuple[int, float]:
    """How many images have their codes stored, and how far decoding is from reconstructing."""
    count, largest = 0, 0.0
    for split in kept(data):
        stored = latents.encode(model, split.images, config.batch_size)
        batches = in_floats(model, split.images, config.batch_size)
        for start, images in zip(range(0, len(split), config.batch_size), batches, strict=True):
            rows = slice(start, start + len(images))
            decoded = model.decode(Codes(*(grid[rows].to(images.device) for grid in stored)))
            difference = (decoded - model(images).reconstruction).abs().max().item()
            largest = max(largest, difference)
        count += len(stored.top)
    return count, largest


def encoder_paints(model: VQVAE2, codes: Codes) -> bool:
    """Whether the bottom encoder turns quantized bottom vectors into images."""
    device = latents.device_of(model)
    vectors = model.bottom_quantizer.lookup(codes.bottom.to(device))
    try:
        output = model.bottom_encoder(vectors)
    except RuntimeError:
        return False
    return tuple(output.shape[1:]) == model.config.image_shape


def in_floats(model: VQVAE2, images: Tensor, batch_size: int) -> Iterator[Tensor]:
    """`images`, uint8, in batches in [0, 1] on the model's device."""
    for batch in images.split(batch_size):
        yield batch.to(latents.device_of(model)).float() / 255
