"""The autoencoder study: what a bottleneck of 2 to 128 numbers costs.

Loss curves and the lowest loss per latent size, next to PCA with as many numbers; reconstructions
per size; noise added to a code; coordinates swept; one digit turned into another. The epoch is
chosen on the validation images, never on the test images.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from vqtutor.checks import check_positive
from vqtutor.data import ImageSet
from vqtutor.experiments import latents, paths
from vqtutor.experiments.coordinates import (
    CoordinatesConfig,
    Sweep,
    run_sweep,
    vector_values,
)
from vqtutor.experiments.examples import one_per_class, shown_pair, shown_row
from vqtutor.experiments.training import fitting_images
from vqtutor.metrics import squared_error
from vqtutor.models import Autoencoder, WarmupCNN
from vqtutor.train import History


@dataclass(frozen=True)
class BottleneckConfig:
    """Which sizes the three small experiments use, and how much is kept for the pictures."""

    noise_size: int = 64  # latent size whose codes get noise added
    noise_levels: tuple[float, ...] = (0.0, 0.25, 0.5, 1.0, 2.0, 4.0)  # in the code's own deviation
    sweep_size: int = 16
    sweep_class: int = 2
    path_size: int = 64
    path_classes: tuple[int, int] = (2, 7)
    path_steps: int = 9
    num_shown: int = 10
    max_codes: int = 5000  # training images for PCA, deviations and quantiles

    def __post_init__(self) -> None:
        check_positive(num_shown=self.num_shown, max_codes=self.max_codes)
        if self.path_steps < 2:
            raise ValueError(f"path_steps must be at least 2, got {self.path_steps}.")


@dataclass(frozen=True)
class SizeResult:
    """One latent size. Errors are per pixel value, over the image without its padding."""

    latent_dim: int
    body: str
    train_mse: tuple[float, ...]  # per epoch, while training; padding counts here
    validation_mse: tuple[float, ...]  # per epoch, after it; padding counts here
    best_epoch: int  # index of the lowest validation error
    test_mse: float  # at that epoch
    pca_mse: float  # of as many principal components, on the test images
    seconds: float  # of training


@dataclass(frozen=True)
class NoiseResult:
    """Decoding codes that were disturbed, and codes drawn at random as the original did."""

    latent_dim: int
    levels: tuple[float, ...]  # noise, in standard deviations of each coordinate
    mse: tuple[float, ...]  # against the image itself
    accuracy: tuple[float, ...] | None  # of the judge; None without one
    images: np.ndarray  # (levels, n, C, H, W) uint8
    uniform_draws: np.ndarray  # (n, C, H, W) uint8, decoded from U(-1, 1)


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


def run_bottleneck(
    models: Mapping[int, Autoencoder],
    linked: Autoencoder,
    data: ImageSet,
    histories: Mapping[int | str, History],
    *,
    judge: WarmupCNN | None = None,
    seed: int = 0,
    config: BottleneckConfig | None = None,
) -> Bottleneck:
    """Measure trained autoencoders, by latent size; `histories` has the linked one as "linked"."""
    config = BottleneckConfig() if config is None else config
    generator = torch.Generator().manual_seed(seed)
    rows = torch.randperm(len(data.train), generator=generator)[: config.max_codes]
    train_images = data.train.images[rows]
    shown = data.test.images[one_per_class(data, config.num_shown)]
    with latents.inference(linked, judge, *models.values()):
        pca_mse = pca_errors(data, train_images, sorted({*models, linked.config.latent_dim}))
        sizes = [
            measure_size(model, data, histories[size], pca_mse[size])
            for size, model in sorted(models.items())
        ]
        last = pca_mse[linked.config.latent_dim]
        sizes.append(measure_size(linked, data, histories["linked"], last))
        pictures = [rebuilt(model, shown) for _, model in sorted(models.items())]
        noisy = models[nearest_size(models, config.noise_size)]
        noise = add_noise(noisy, judge, data, train_images, shown, generator, config)
        swept = models[nearest_size(models, config.sweep_size)]
        path_dim = nearest_size(models, config.path_size)
        return Bottleneck(
            sizes=tuple(sizes),
            originals=shown.numpy(),
            reconstructions=np.stack([latents.to_bytes(picture) for picture in pictures]),
            noise=noise,
            sweeps=sweep(swept, data, train_images, config),
            path=convert(models[path_dim], data, config),
            path_dim=path_dim,
        )


def nearest_size(models: Mapping[int, Autoencoder], wanted: int) -> int:
    """The trained latent size closest to `wanted`."""
    return min(models, key=lambda size: abs(size - wanted))


def rebuilt(model: nn.Module, images: Tensor) -> Tensor:
    return latents.decode(model, latents.encode(model, images))


def measure_size(
    model: Autoencoder, data: ImageSet, history: History, pca_mse: float
) -> SizeResult:
    """Test error and curves of one autoencoder, for padded or for unpadded images."""
    images = fitting_images(model, data, data.test.images)
    reconstruction = rebuilt(model, images)
    if images.shape[1:] == data.image_shape:
        images, reconstruction = data.unpad(images), data.unpad(reconstruction)
    validation = [entry["mse"] for entry in history.validation]
    return SizeResult(
        latent_dim=model.config.latent_dim,
        body=model.config.body,
        train_mse=tuple(entry["mse"] for entry in history.train),
        validation_mse=tuple(validation),
        best_epoch=int(np.argmin(validation)),
        test_mse=squared_error(reconstruction, images / 255).mean().item(),
        pca_mse=pca_mse,
        seconds=history.seconds,
    )


def pca_errors(data: ImageSet, train_images: Tensor, sizes: list[int]) -> dict[int, float]:
    """Test error per pixel value of rebuilding from as many principal components, by size."""
    train = data.unpad(train_images).flatten(1).double() / 255  # (N, F)
    mean = train.mean(dim=0)
    test = data.unpad(data.test.images).flatten(1).double() / 255 - mean
    scatter = (train - mean).T @ (train - mean)  # (F, F)
    components = torch.linalg.eigh(scatter).eigenvectors.flip(1)  # (F, F), columns, largest first
    errors = {}
    for size in sizes:
        kept = components[:, : min(size, len(train) - 1)]  # more directions than that, nobody knows
        errors[size] = (test - test @ kept @ kept.T).square().mean().item()
    return errors


def add_noise(
    model: Autoencoder,
    judge: WarmupCNN | None,
    data: ImageSet,
    train_images: Tensor,
    shown: Tensor,
    generator: torch.Generator,
    config: BottleneckConfig,
) -> NoiseResult:
    """Add normal noise to the codes of all test images, in units of each coordinate's deviation."""
    deviation = latents.encode(model, train_images).std(dim=0)  # (D,)
    codes, shown_codes = latents.encode(model, data.test.images), latents.encode(model, shown)
    noise = torch.randn(codes.shape, generator=generator) * deviation
    errors, accuracies, pictures = [], [], []
    for level in config.noise_levels:
        images = latents.decode(model, codes + level * noise)
        truth = data.unpad(data.test.images) / 255
        errors.append(squared_error(data.unpad(images), truth).mean().item())
        moved = shown_codes + level * noise[: len(shown)]
        pictures.append(latents.to_bytes(latents.decode(model, moved)))
        if judge is not None and data.test.labels is not None:
            inputs = fitting_images(judge, data, images)
            answers = latents.in_batches(judge, inputs, latents.device_of(judge)).argmax(dim=1)
            accuracies.append((answers == data.test.labels).double().mean().item())
    uniform = 2 * torch.rand(len(shown), model.config.latent_dim, generator=generator) - 1
    return NoiseResult(
        model.config.latent_dim,
        config.noise_levels,
        tuple(errors),
        tuple(accuracies) or None,
        np.stack(pictures),
        latents.to_bytes(latents.decode(model, uniform)),
    )


def sweep(
    model: Autoencoder, data: ImageSet, train_images: Tensor, config: BottleneckConfig
) -> dict[str, Sweep]:
    """Every coordinate set to -1...1 in steps of 0.25, and to its own quantiles."""
    how = CoordinatesConfig(shown_class=config.sweep_class)
    first = data.test.images[shown_row(data, how.shown_class)].unsqueeze(0)
    images = torch.cat((first, data.test.images[: how.num_images]))
    latent = latents.encode(model, images)
    ranges = vector_values(latents.encode(model, train_images), how)
    plain = latents.decode(model, latent)
    return {
        kind: run_sweep(model, data, latent, plain, start, values, how)
        for kind, (start, values) in ranges.items()
    }


def convert(model: Autoencoder, data: ImageSet, config: BottleneckConfig) -> np.ndarray:
    """(steps, C, H, W) uint8: the straight line from an image of one class to one of another."""
    start, end = shown_pair(data, config.path_classes)
    ends = latents.encode(model, data.test.images[[start, end]])
    line = paths.straight(ends[:1], ends[1:], config.path_steps)[0]
    return latents.to_bytes(latents.decode(model, line))


CSV_COLUMNS = (
    "body",
    "latent_dim",
    "epoch",
    "train_mse",
    "validation_mse",
    "best_epoch",
    "test_mse",
    "pca_mse",
    "seconds",
)


def write_csv(result: Bottleneck, path: str | Path) -> None:
    """One table of everything: a row per network and epoch, with its best epoch and test error."""
    with open(path, "w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, CSV_COLUMNS)
        writer.writeheader()
        for size in result.sizes:
            row = {name: getattr(size, name, None) for name in CSV_COLUMNS}
            row["best_epoch"] = size.best_epoch + 1
            curves = zip(size.train_mse, size.validation_mse, strict=True)
            for epoch, (train, validation) in enumerate(curves, start=1):
                row |= {"epoch": epoch, "train_mse": train, "validation_mse": validation}
                writer.writerow({name: plain(value) for name, value in row.items()})


def plain(value: float | int | str | None) -> str:
    """Floats with six significant digits, as in the other result files."""
    return f"{value:.6g}" if isinstance(value, float) else str(value)
