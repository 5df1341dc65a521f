"""A set of images against real images: every number that asks for no original of an image.

How many look like nothing real, how sharp they are, how far the judge's features of all of them
lie from those of test images, how sure the judge is, whether they are copies of training images.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import torch
from torch import Tensor, nn

from vqtutor import metrics
from vqtutor.data import ImageSet
from vqtutor.experiments import latents
from vqtutor.experiments.judging import RealImages, judge_images, judge_real_images
from vqtutor.experiments.texture import Mean, Texture, as_floats, per_image, texture_of


@dataclass(frozen=True)
class Sureness:
    """How well the judge recognizes anything at all."""

    median: float  # over images, of its highest probability
    low: float  # 95 % interval of the median
    high: float
    entropy: Mean  # of its answer, bits: 0 if sure, log2 of the number of classes if it cannot tell


@dataclass(frozen=True)
class Novelty:
    """How near the nearest training image is, in root mean squared pixel difference."""

    distance: float  # median over images, relative to that of test images: 1 is as new as they are
    copies: float  # share that is nearer to a training image than 99 % of test images are
    num_images: int  # so many were compared, with all training images


@dataclass(frozen=True)
class GenerationScores:
    """One way of making images. None where there is no judge, or no class was asked for."""

    accuracy: float | None  # share that the judge puts into the class that was asked for
    interval: tuple[float, float] | None  # Wilson 95 % interval of it
    class_accuracy: tuple[float, ...] | None  # the same, by class
    garbage_rate: float | None  # share that looks like nothing the judge knows
    frechet: float | None  # Fréchet distance to the test images, in the judge's features
    kernel: float | None  # kernel distance, the same
    kernel_error: float | None  # standard error of it
    sharpness: float  # mean gradient magnitude relative to that of the test images
    seconds: float  # per image
    images: np.ndarray  # (shown, C, H, W) uint8; sorted by class where one was asked for
    num_images: int = 0  # that were scored
    frechet_error: float | None = None  # standard error of it, as far as these images go
    sharpness_error: float | None = None
    precision: float | None = None  # share near real test images, in the judge's features
    recall: float | None = None  # share of real test images that are near these: diversity
    frechet_rebuilt: float | None = None  # to the model's own reconstructions of test images
    frechet_rebuilt_error: float | None = None
    texture: Texture | None = None
    sureness: Sureness | None = None
    novelty: Novelty | None = None
    accepted: float | None = None  # share of all draws that the second classifier let through
    # Share of test images that a classifier gets right which saw these images only, with the class
    # asked for as their label ("classification accuracy score"; Ravuri and Vinyals 2019).
    taught_accuracy: float | None = None
    taught_interval: tuple[float, float] | None = None


@dataclass(frozen=True)
class JudgeReport:
    """How far the judge can be trusted."""

    accuracy: float | None  # on test images; None without labels
    temperature: float  # its logits were divided by, chosen on validation images; 1: as they are


MAX_ALIKE = 5000  # images for precision and recall: the cost grows with the square


class Limits(Protocol):
    """What the jury wants to know of an experiment's config."""

    @property
    def num_shown(self) -> int: ...
    @property
    def max_train(self) -> int: ...
    @property
    def max_compared(self) -> int: ...
    @property
    def batch_size(self) -> int: ...


class Jury:
    """What every set of images is scored against: the judge and the test images."""

    def __init__(self, judge: nn.Module | None, data: ImageSet, seed: int, limits: Limits) -> None:
        self.judge, self.data, self.seed, self.limits = judge, data, seed, limits
        self.test_images = data.unpad(data.test.images)  # (N, C, H, W) uint8
        self.test_gradient = Mean.of(per_image(metrics.gradient_magnitude, self.test_images))
        self.test_energy = Mean.of(per_image(metrics.fine_energy, self.test_images))
        self.train_pixels = data.unpad(data.train.images).flatten(1)  # (M, C * H * W) uint8
        some = self.test_images[: limits.max_compared]
        self.test_distances = self.distances_to_training_images(some)
        self.real: RealImages | None = None
        if judge is not None:
            self.real = judge_real_images(
                judge, data, max_train=limits.max_train, seed=seed, batch_size=limits.batch_size
            )

    def score(
        self,
        images: Tensor,
        asked: Tensor | None = None,
        *,
        rebuilt: Tensor | None = None,
        seconds: float = 0.0,
    ) -> GenerationScores:
        """The scores of `images`, (N, C, H, W) in [0, 1].

        asked : (N,) int64, the class that each should be of. rebuilt : (M, F), the judge's features
        of the model's reconstructions. seconds : it took to make one image.
        """
        inner = self.data.unpad(images)
        gradient = Mean.of(per_image(metrics.gradient_magnitude, inner), self.test_gradient.value)
        known = self.test_gradient.error / self.test_gradient.value
        return GenerationScores(
            **self.judge_set(images, asked, rebuilt),
            sharpness=gradient.value,
            sharpness_error=float(np.hypot(gradient.error, gradient.value * known)),
            seconds=seconds,
            images=latents.to_bytes(images[self.rows_to_show(len(images), asked)]),
            num_images=len(images),
            texture=texture_of(inner, self.test_energy.value),
            novelty=self.novelty(inner),
        )

    def report(self) -> JudgeReport | None:
        """What it is worth to be judged by this judge; None without one."""
        if self.judge is None or self.real is None:
            return None
        temperature = float(getattr(self.judge, "temperature", 1.0))
        if self.data.test.labels is None:
            return JudgeReport(None, temperature)
        right = self.real.test.probabilities.argmax(dim=1) == self.data.test.labels
        return JudgeReport(right.double().mean().item(), temperature)

    def rows_to_show(self, count: int, asked: Tensor | None) -> Tensor:
        """Indices of the images in the picture: as many of each class, class by class."""
        if asked is None:
            return torch.arange(min(self.limits.num_shown, count))
        each = max(1, self.limits.num_shown // len(asked.unique()))
        rows = [(asked == label).nonzero().flatten()[:each] for label in asked.unique()]
        return torch.cat(rows)

    def features(self, images: Tensor) -> Tensor | None:
        """The judge's features (N, F) of images (N, C, H, W); None without a judge."""
        if self.judge is None:
            return None
        return judge_images(self.judge, images, self.limits.batch_size).features

    def judge_set(
        self, images: Tensor, asked: Tensor | None, rebuilt: Tensor | None
    ) -> dict[str, Any]:
        """The scores that need a judge; None for each of them without one."""
        names = ("garbage_rate", "frechet", "kernel", "kernel_error")
        more = ("accuracy", "interval", "class_accuracy")
        scores: dict[str, Any] = dict.fromkeys((*more, *names))
        if self.judge is None or self.real is None:
            return scores
        judgment = judge_images(self.judge, images, self.limits.batch_size)
        features, test = judgment.features, self.real.test.features
        generator = torch.Generator().manual_seed(self.seed)
        subsets = min(10, len(features) // 2, len(test) // 2)
        kernel = metrics.kernel_distance(features, test, subsets=subsets, generator=generator)
        size = min(len(features), len(test), MAX_ALIKE)
        alike = metrics.precision_recall(features[:size], test[:size], neighbors=min(3, size - 1))
        groups = min(10, len(features) // 2)
        scores |= {
            "garbage_rate": self.real.garbage_rate(judgment),
            "frechet": metrics.frechet_distance(features, test),
            "frechet_error": metrics.frechet_error(features, test, groups),
            "kernel": kernel.value,
            "kernel_error": kernel.standard_error,
            "precision": alike.precision,
            "recall": alike.recall,
            "sureness": sureness(judgment.probabilities),
        }
        if rebuilt is not None:
            scores["frechet_rebuilt"] = metrics.frechet_distance(features, rebuilt)
            scores["frechet_rebuilt_error"] = metrics.frechet_error(features, rebuilt, groups)
        if asked is not None:
            right = judgment.probabilities.argmax(dim=1) == asked
            by_class = (right[asked == label] for label in asked.unique())
            scores |= {
                "accuracy": right.double().mean().item(),
                "interval": metrics.wilson_interval(int(right.sum()), len(right)),
                "class_accuracy": tuple(some.double().mean().item() for some in by_class),
            }
        return scores

    def novelty(self, images: Tensor) -> Novelty:
        """Of at most `max_compared` images (N, C, H, W) without padding."""
        distances = self.distances_to_training_images(images[: self.limits.max_compared])
        nearest = self.test_distances.quantile(0.01)
        return Novelty(
            (distances.median() / self.test_distances.median()).item(),
            (distances < nearest).double().mean().item(),
            len(distances),
        )

    def distances_to_training_images(self, images: Tensor) -> Tensor:
        """Root mean squared difference (N,) of each image to the nearest of training."""
        pixels = as_floats(images).flatten(1)
        nearest = torch.full((len(pixels),), torch.inf)
        for part in self.train_pixels.split(8192):
            nearest = nearest.minimum(metrics.nearest_distances(pixels, as_floats(part)))
        return nearest / pixels.shape[1] ** 0.5


def sureness(probabilities: Tensor) -> Sureness:
    """Of the judge's answers, (N, classes)."""
    surest = probabilities.amax(dim=1).double().sort().values
    count = len(surest)
    # The ranks between which the median lies in 95 % of samples, from the binomial distribution.
    half = 0.98 * count**0.5
    low, high = (min(count - 1, max(0, round(count / 2 + side * half))) for side in (-1, 1))
    entropy = torch.special.entr(probabilities.double()).sum(dim=1) / np.log(2)
    return Sureness(
        surest.median().item(), surest[low].item(), surest[high].item(), Mean.of(entropy)
    )
