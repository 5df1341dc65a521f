"""What an independent classifier, the judge, says about images that a model made.

The judge took no part in training the models. Whether an image is garbage is decided against real
images: it is, if the judge is not sure of any class, or if nothing among the training images lies
as near, in the judge's features, as it does for 99 % of real test images.

A network is surer of itself than it is right. So that "90 % sure" means what it says, the logits
are divided by a temperature chosen on the validation images (Guo et al. 2017, arXiv:1706.04599).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from vqtutor import metrics
from vqtutor.data import ImageSet, Split
from vqtutor.experiments import latents


class Judgment(NamedTuple):
    """What the judge makes of N images.

    probabilities : (N, classes) float, rows sum to 1.
    features : (N, F) float, the activations before the judge's last layer.
    """

    probabilities: Tensor
    features: Tensor


@dataclass(frozen=True, eq=False)
class RealImages:
    """Real images as the judge sees them: what others are compared with."""

    train_features: Tensor  # (M, F) of training images
    test: Judgment  # of test images
    threshold: float  # 99th percentile of the distances of test images
    floor: float  # garbage rate of test images
    ceiling: float  # garbage rate of uniform pixel noise

    def distances(self, judgment: Judgment) -> Tensor:
        """Distance (N,) to the nearest training image, in the judge's features."""
        return metrics.nearest_distances(judgment.features, self.train_features)

    def is_garbage(self, judgment: Judgment) -> Tensor:
        """Which of the judged images look like nothing the judge knows: (N,) bool."""
        surest = judgment.probabilities.amax(dim=1)
        return metrics.is_garbage(surest, self.distances(judgment), self.threshold)

    def garbage_rate(self, judgment: Judgment) -> float:
        """Share of the judged images that look like nothing the judge knows."""
        surest = judgment.probabilities.amax(dim=1)
        return metrics.garbage_rate(surest, self.distances(judgment), self.threshold)


class Calibrated(nn.Module):
    """A classifier whose logits are divided by a temperature; what it answers stays the same.

    temperature : above 1 it becomes less sure, below 1 surer.
    """

    def __init__(self, classifier: nn.Module, temperature: float) -> None:
        super().__init__()
        if not temperature > 0:
            raise ValueError(f"temperature must be above 0, got {temperature}.")
        self.classifier, self.temperature = classifier, temperature
        self.config = getattr(classifier, "config", None)

    def features(self, images: Tensor) -> Tensor:
        """Those of the classifier, (B, F)."""
        features: Tensor = self.classifier.features(images)  # type: ignore[operator]
        return features

    def head(self, features: Tensor) -> Tensor:
        """Logits (B, classes) of features (B, F)."""
        logits: Tensor = self.classifier.head(features)  # type: ignore[operator]
        return logits / self.temperature

    def forward(self, images: Tensor) -> Tensor:
        """Logits (B, classes) of images (B, C, H, W)."""
        logits: Tensor = self.classifier(images)
        return logits / self.temperature


def calibrate(classifier: nn.Module, split: Split, batch_size: int = 512) -> Calibrated:
    """The classifier at the temperature that gives the labels of `split` the most probability.

    The temperature lies in 1/4 .. 4: where hardly any answer is wrong, none would be low enough.
    ValueError without labels.
    """
    if split.labels is None:
        raise ValueError("there are no labels to calibrate with.")
    with latents.inference(classifier):
        logits = latents.in_batches(
            classifier, split.images, latents.device_of(classifier), batch_size
        ).double()
        labels = split.labels

        def misfit(sharpening: float) -> float:
            return F.cross_entropy(logits * sharpening, labels).item()

        # It has one minimum in 1 / temperature: a golden section closes in on it.
        low, high, ratio = 1 / WIDEST, WIDEST, (5**0.5 - 1) / 2
        while high - low > 1e-4:
            left, right = high - ratio * (high - low), low + ratio * (high - low)
            low, high = (low, right) if misfit(left) <= misfit(right) else (left, high)
    return Calibrated(classifier, 2 / (low + high))


WIDEST = 4.0  # the highest temperature; the lowest is its inverse


def judge_images(judge: nn.Module, images: Tensor, batch_size: int = 512) -> Judgment:
    """Ask the judge, a WarmupCNN, about `images`, (N, C, H, W), uint8 or float in [0, 1]."""

    def ask(batch: Tensor) -> Judgment:
        features = judge.features(batch)  # type: ignore[operator]
        return Judgment(judge.head(features).softmax(dim=1), features)  # type: ignore[operator]

    judgment: Judgment = latents.in_batches(ask, images, latents.device_of(judge), batch_size)
    return judgment


def judge_real_images(
    judge: nn.Module, data: ImageSet, *, max_train: int, seed: int, batch_size: int = 512
) -> RealImages:
    """Judge at most `max_train` training images, all test images, and as much noise."""
    generator = torch.Generator().manual_seed(seed)
    rows = torch.randperm(len(data.train), generator=generator)[:max_train]
    train = judge_images(judge, data.train.images[rows], batch_size).features
    test = judge_images(judge, data.test.images, batch_size)
    noise = torch.rand((min(len(data.test), 1000), *data.image_shape), generator=generator)
    threshold = metrics.nearest_distances(test.features, train).quantile(0.99).item()
    real = RealImages(train, test, threshold, floor=0.0, ceiling=1.0)
    return RealImages(
        train,
        test,
        threshold,
        floor=real.garbage_rate(test),
        ceiling=real.garbage_rate(judge_images(judge, noise, batch_size)),
    )
