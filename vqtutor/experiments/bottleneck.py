"""The autoencoder study: what a bottleneck of 2 to 128 numbers costs.

Loss curves and the lowest loss per latent size, next to PCA with as many numbers; reconstructions
per size; noise added to a code; coordinates swept; one digit turned into another. The epoch is
chosen on the validation images, never on the test images.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from vqtutor.checks import check_positive
from vqtutor.data import ImageSet
from vqtutor.experiments import disturbance, latents
from vqtutor.experiments.conversion import Conversion, convert, measure_paths
from vqtutor.experiments.coordinates import CoordinatesConfig, run_coordinates
from vqtutor.experiments.disturbance import NoiseResult
from vqtutor.experiments.examples import one_per_class
from vqtutor.experiments.judging import RealImages, judge_real_images
from vqtutor.experiments.sizes import SizeResult, measure_sizes
from vqtutor.experiments.sweeps import Sweep
from vqtutor.models import Autoencoder
from vqtutor.train import History


@dataclass(frozen=True)
class BottleneckConfig:
    """Which sizes the three small experiments use, and how much is kept for the pictures."""

    noise_size: int = 64  # latent size whose codes get noise added
    noise_levels: tuple[float, ...] = disturbance.NOISE_LEVELS  # in the code's own deviation
    num_draws: int = 1000  # codes from U(-1, 1) that are judged
    sweep_size: int = 16
    sweep_class: int = 2
    path_size: int = 64
    path_classes: tuple[int, int] = (2, 7)
    path_steps: int = 9  # of the path that is shown
    num_pairs: int = 500  # paths that are measured
    num_steps: int = 33  # frames of each of them
    num_shown: int = 10
    max_codes: int = 5000  # training images for PCA, deviations and quantiles
    max_train: int = 10_000  # training images that garbage is measured against

    def __post_init__(self) -> None:
        check_positive(
            num_draws=self.num_draws,
            num_pairs=self.num_pairs,
            num_shown=self.num_shown,
            max_codes=self.max_codes,
            max_train=self.max_train,
        )
        for name in ("path_steps", "num_steps"):
            if getattr(self, name) < 2:
                raise ValueError(f"{name} must be at least 2, got {getattr(self, name)}.")


@dataclass(frozen=True)
class Bottleneck:
    """The whole study."""

    sizes: tuple[SizeResult, ...]  # by growing size; last, the linked network
    originals: np.ndarray  # (n, C, H, W) uint8
    reconstructions: np.ndarray  # (sizes without the linked one, n, C, H, W) uint8
    noise: NoiseResult
    sweeps: dict[str, Sweep]  # "-1 to 1" and "quantiles"
    path: np.ndarray  # (steps, C, H, W) uint8, from one digit to another
    path_dim: int
    sweep_dim: int | None = None
    inside: tuple[float, ...] = ()  # share of its training codes in [-1, 1], per coordinate
    original_accuracy: float | None = None  # of the judge on the test images themselves
    conversion: Conversion | None = None  # many such paths; None without judge or labels
    garbage_floor: float | None = None  # garbage rate of real test images
    garbage_ceiling: float | None = None  # and of pixel noise

    @property
    def by_size(self) -> dict[int, SizeResult]:
        """The convolutional networks, by growing size."""
        return {one.latent_dim: one for one in self.sizes if one.body == "convolutional"}

    @property
    def linked(self) -> SizeResult:
        """The fully connected network."""
        return next(one for one in self.sizes if one.body == "linked")


def run_bottleneck(
    models: Mapping[int, Autoencoder],
    linked: Autoencoder,
    data: ImageSet,
    histories: Mapping[int | str, History],
    *,
    judge: nn.Module | None = None,
    seed: int = 0,
    config: BottleneckConfig | None = None,
) -> Bottleneck:
    """Measure trained autoencoders, by latent size; `histories` has the linked one as "linked"."""
    config = BottleneckConfig() if config is None else config
    generator = torch.Generator().manual_seed(seed)
    rows = torch.randperm(len(data.train), generator=generator)[: config.max_codes]
    train_images = data.train.images[rows]
    shown = data.test.images[one_per_class(data, config.num_shown)]
    with latents.inference(judge, linked, *models.values()):
        sizes = measure_sizes(models, linked, data, histories, judge, train_images)
        pictures = [latents.rebuild(model, shown) for _, model in sorted(models.items())]
        real = original_accuracy = conversion = None
        if judge is not None and data.test.labels is not None:
            real = judge_real_images(judge, data, max_train=config.max_train, seed=seed)
            right = real.test.probabilities.argmax(dim=1) == data.test.labels
            original_accuracy = right.double().mean().item()
        noisy = models[nearest_size(models, config.noise_size)]
        noise = add_noise(noisy, judge, data, train_images, shown, generator, config, real)
        sweep_dim = nearest_size(models, config.sweep_size)
        path_dim = nearest_size(models, config.path_size)
        if judge is not None and real is not None:
            conversion = measure_paths(
                models[path_dim],
                judge,
                data,
                real,
                classes=config.path_classes,
                num_pairs=config.num_pairs,
                steps=config.num_steps,
                generator=generator,
            )
        sweeps, inside = sweep(models[sweep_dim], data, seed, config)
        return Bottleneck(
            sizes=sizes,
            originals=shown.numpy(),
            reconstructions=np.stack([latents.to_bytes(picture) for picture in pictures]),
            noise=noise,
            sweeps=sweeps,
            path=convert(models[path_dim], data, config.path_classes, config.path_steps),
            path_dim=path_dim,
            sweep_dim=sweep_dim,
            inside=inside,
            original_accuracy=original_accuracy,
            conversion=conversion,
            garbage_floor=None if real is None else real.floor,
            garbage_ceiling=None if real is None else real.ceiling,
        )


def nearest_size(models: Mapping[int, Autoencoder], wanted: int) -> int:
    """The trained latent size closest to `wanted`."""
    return min(models, key=lambda size: abs(size - wanted))


def add_noise(
    model: Autoencoder,
    judge: nn.Module | None,
    data: ImageSet,
    train_images: Tensor,
    shown: Tensor,
    generator: torch.Generator,
    config: BottleneckConfig,
    real: RealImages | None = None,
) -> NoiseResult:
    """Add normal noise to the codes of all test images, in units of each coordinate's deviation."""
    noise = disturbance.own_noise(model, data, train_images, generator)
    found = disturbance.disturb(model, judge, data, noise, config.noise_levels)
    codes, pictures = latents.encode(model, shown), []
    for level in config.noise_levels:
        pictures.append(latents.decode(model, codes + level * noise[: len(shown)]))
    size, garbage = model.config.latent_dim, None
    uniform = disturbance.uniform_codes(len(shown), size, generator)
    if judge is not None and real is not None:
        draws = disturbance.uniform_codes(config.num_draws, size, generator)
        garbage = disturbance.uniform_garbage(model, judge, real, draws)
    return NoiseResult(
        size,
        found.levels,
        found.mse,
        found.accuracy,
        np.stack([latents.to_bytes(picture) for picture in pictures]),
        latents.to_bytes(latents.decode(model, uniform)),
        garbage,
    )


def sweep(
    model: Autoencoder, data: ImageSet, seed: int, config: BottleneckConfig
) -> tuple[dict[str, Sweep], tuple[float, ...]]:
    """Every coordinate set to -1...1 in steps of 0.25, and to its own quantiles.

    Also returns the share of the codes in [-1, 1], per coordinate.
    """
    how = CoordinatesConfig(shown_class=config.sweep_class, max_codes=config.max_codes)
    found = run_coordinates({"AE": model}, data, seed=seed, config=how)
    sweeps = {name.removeprefix("AE, "): one for name, one in found.sweeps.items()}
    return sweeps, found.inside["AE"]
