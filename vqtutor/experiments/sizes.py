"""How well an autoencoder of one latent size rebuilds the test images, beside PCA of that size.

The epoch is chosen on the validation images. The original's code chose it on the test images, which
makes the best result look better than it is: see `SizeResult.epoch_on_test`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np
import torch
from torch import Tensor, nn

from vqtutor.data import ImageSet
from vqtutor.experiments import disturbance, latents
from vqtutor.experiments.training import fitting_images
from vqtutor.metrics import squared_error, ssim, standard_error, wilson_interval
from vqtutor.models import Autoencoder
from vqtutor.train import History


@dataclass(frozen=True)
class Gain:
    """By how much one size is better than the next smaller one, image by image."""

    value: float  # above 0 is better
    error: float  # standard error over the test images


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
    test_curve: tuple[float, ...] = ()  # per epoch, watched only; padding counts here
    mse_error: float | None = None  # standard error of `test_mse`
    ssim: float | None = None  # structural similarity on test images; None for tiny ones
    accuracy: float | None = None  # of the judge on the rebuilt test images; None without one
    accuracy_interval: tuple[float, float] | None = None  # Wilson, 95 %
    gains: dict[str, Gain] = field(default_factory=dict)  # "mse", "ssim", "accuracy"

    @property
    def ratio(self) -> float:
        """Error on unseen over error on training images at the last epoch: 1 without overfitting.

        Unseen are the test images where their curve was watched, else the validation images.
        """
        return (self.test_curve or self.validation_mse)[-1] / self.train_mse[-1]

    @property
    def epoch_on_test(self) -> int | None:
        """Index of the lowest test error: the epoch that the original's code reports."""
        return int(np.argmin(self.test_curve)) if self.test_curve else None


def measure_sizes(
    models: Mapping[int, Autoencoder],
    linked: Autoencoder,
    data: ImageSet,
    histories: Mapping[int | str, History],
    judge: nn.Module | None,
    train_images: Tensor,
) -> tuple[SizeResult, ...]:
    """All sizes, each beside PCA and compared with the next smaller one; last, the linked one."""
    pca_mse = pca_errors(data, train_images, sorted({*models, linked.config.latent_dim}))
    found: list[SizeResult] = []
    before: dict[str, Tensor] = {}
    for size, model in sorted(models.items()):
        scores = score_images(model, judge, data)
        one = measure_size(model, scores, histories[size], pca_mse[size])
        better = {"mse": -1, "ssim": 1, "accuracy": 1}  # sign of a change for the better
        gains = {}
        for name in before:
            change = better[name] * (scores[name] - before[name])  # (N,)
            gains[name] = Gain(change.mean().item(), standard_error(change))
        found.append(replace(one, gains=gains))
        before = scores
    scores = score_images(linked, judge, data)
    last = pca_mse[linked.config.latent_dim]
    return (*found, measure_size(linked, scores, histories["linked"], last))


def score_images(model: Autoencoder, judge: nn.Module | None, data: ImageSet) -> dict[str, Tensor]:
    """Per test image, (N,) float64: "mse"; "ssim" unless it is tiny; "accuracy" with a judge."""
    images = fitting_images(model, data, data.test.images)
    reconstruction = latents.rebuild(model, images)
    scores = {}
    if judge is not None and data.test.labels is not None:
        right = disturbance.answers(judge, data, reconstruction) == data.test.labels
        scores["accuracy"] = right.double()
    if images.shape[1:] == data.image_shape:
        images, reconstruction = data.unpad(images), data.unpad(reconstruction)
    scores["mse"] = squared_error(reconstruction, images / 255).double()
    if min(images.shape[2:]) >= SMALLEST_SSIM:
        scores["ssim"] = ssim(reconstruction, images / 255).double()
    return scores


SMALLEST_SSIM = 11  # pixels: one window


def measure_size(
    model: Autoencoder, scores: Mapping[str, Tensor], history: History, pca_mse: float
) -> SizeResult:
    """Test scores and curves of one autoencoder."""
    validation = [entry["mse"] for entry in history.validation]
    right = scores.get("accuracy")
    return SizeResult(
        latent_dim=model.config.latent_dim,
        body=model.config.body,
        train_mse=tuple(entry["mse"] for entry in history.train),
        validation_mse=tuple(validation),
        best_epoch=int(np.argmin(validation)),
        test_mse=scores["mse"].mean().item(),
        pca_mse=pca_mse,
        seconds=history.seconds,
        test_curve=tuple(entry["mse"] for entry in history.watched),
        mse_error=standard_error(scores["mse"]),
        ssim=scores["ssim"].mean().item() if "ssim" in scores else None,
        accuracy=None if right is None else right.mean().item(),
        accuracy_interval=None if right is None else wilson_interval(int(right.sum()), len(right)),
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
