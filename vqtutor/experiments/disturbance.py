"""Codes that no image has: noise added to a code, and numbers drawn at random.

The original decoded draws from U(-1, 1) and called it adding random values, and it swept codes from
-1 to 1. Both are done here; beside them stand noise in units of each coordinate's own deviation,
and the share of real codes that lie between -1 and 1 at all.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from vqtutor.checks import check_positive
from vqtutor.data import ImageSet
from vqtutor.experiments import latents
from vqtutor.experiments.judging import RealImages, judge_images
from vqtutor.experiments.training import logits_of
from vqtutor.metrics import squared_error

NOISE_LEVELS = (0.0, 0.25, 0.5, 1.0, 2.0, 4.0)


@dataclass(frozen=True)
class DisturbanceConfig:
    """How strong the noise is, and how many codes it is measured by."""

    noise_levels: tuple[float, ...] = NOISE_LEVELS  # in the code's own deviation
    max_codes: int = 5000  # training images for deviations and shares

    def __post_init__(self) -> None:
        check_positive(max_codes=self.max_codes)


@dataclass(frozen=True)
class Robustness:
    """What is left of all test images when noise is added to their codes."""

    levels: tuple[float, ...]  # noise, in standard deviations of each coordinate
    mse: tuple[float, ...]  # against the image itself, per pixel value
    accuracy: tuple[float, ...] | None  # of the judge; None without one

    @property
    def half_point(self) -> float | None:
        """Noise at which the judge is right for half of the images, between two levels linearly.

        None where it never gets so far, or starts below.
        """
        accuracy = self.accuracy or ()
        for i in range(1, len(accuracy)):
            above, below = accuracy[i - 1], accuracy[i]
            if above >= 0.5 > below:
                step = (above - 0.5) / (above - below)
                return self.levels[i - 1] + step * (self.levels[i] - self.levels[i - 1])
        return None


@dataclass(frozen=True)
class NoiseResult:
    """Decoding codes that were disturbed, and codes drawn at random as the original did."""

    latent_dim: int
    levels: tuple[float, ...]  # noise, in standard deviations of each coordinate
    mse: tuple[float, ...]  # against the image itself
    accuracy: tuple[float, ...] | None  # of the judge; None without one
    images: np.ndarray  # (levels, n, C, H, W) uint8
    uniform_draws: np.ndarray  # (n, C, H, W) uint8, decoded from U(-1, 1)
    uniform_garbage: float | None = None  # garbage rate of such draws; None without a judge

    @property
    def robustness(self) -> Robustness:
        """The numbers without the pictures."""
        return Robustness(self.levels, self.mse, self.accuracy)


def answers(judge: nn.Module, data: ImageSet, images: Tensor) -> Tensor:
    """The judge's class (N,) of `images`, (N, C, H, W) in [0, 1], padded or not."""
    if images.shape[1:] != data.image_shape:
        images = functional.pad(images, data.padding)
    return logits_of(judge, data, images).argmax(dim=1)


def disturb(
    model: nn.Module,
    judge: nn.Module | None,
    data: ImageSet,
    noise: Tensor,
    levels: Sequence[float],
) -> Robustness:
    """Add `noise`, (N, D), times each level to the codes of all N test images and decode."""
    codes = latents.encode(model, data.test.images)
    truth = data.unpad(data.test.images) / 255
    errors, accuracies = [], []
    for level in levels:
        images = latents.decode(model, codes + level * noise)
        errors.append(squared_error(data.unpad(images), truth).mean().item())
        if judge is not None and data.test.labels is not None:
            right = answers(judge, data, images) == data.test.labels
            accuracies.append(right.double().mean().item())
    return Robustness(tuple(levels), tuple(errors), tuple(accuracies) or None)


def own_noise(
    model: nn.Module, data: ImageSet, train_images: Tensor, generator: torch.Generator
) -> Tensor:
    """Normal noise (N, D) for the codes of all test images, as wide as those of training images."""
    deviation = latents.encode(model, train_images).std(dim=0)  # (D,)
    return torch.randn(len(data.test), len(deviation), generator=generator) * deviation


def uniform_codes(count: int, size: int, generator: torch.Generator) -> Tensor:
    """(count, size) numbers from U(-1, 1), the original's random codes."""
    return 2 * torch.rand(count, size, generator=generator) - 1


@dataclass(frozen=True)
class Disturbance:
    """By model: what noise does to its codes, and how far they lie from the original's sweep."""

    robustness: dict[str, Robustness]
    inside: dict[str, tuple[float, ...]]  # share of training codes in [-1, 1], per coordinate


def run_disturbance(
    models: Mapping[str, nn.Module],
    data: ImageSet,
    judge: nn.Module | None = None,
    *,
    seed: int = 0,
    config: DisturbanceConfig | None = None,
) -> Disturbance:
    """Disturb the codes of all test images. Every model's latent is a vector."""
    config = DisturbanceConfig() if config is None else config
    generator = torch.Generator().manual_seed(seed)
    rows = torch.randperm(len(data.train), generator=generator)[: config.max_codes]
    train_images = data.train.images[rows]
    robustness, inside = {}, {}
    with latents.inference(judge, *models.values()):
        for name, model in models.items():
            codes = latents.encode(model, train_images)
            inside[name] = tuple((codes.abs() <= 1).double().mean(dim=0).tolist())
            noise = own_noise(model, data, train_images, generator)
            robustness[name] = disturb(model, judge, data, noise, config.noise_levels)
    return Disturbance(robustness, inside)


def uniform_garbage(model: nn.Module, judge: nn.Module, real: RealImages, codes: Tensor) -> float:
    """Garbage rate of the images that `codes`, (N, D), are decoded to."""
    return real.garbage_rate(judge_images(judge, latents.decode(model, codes)))
