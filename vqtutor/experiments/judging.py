"""What an independent classifier, the judge, says about images that a model made.

The judge took no part in training the models. Whether an image is garbage is decided against real
images: it is, if the judge is not sure of any class, or if nothing among the training images lies
as near, in the judge's features, as it does for 99 % of real test images.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor, nn

from vqtutor import metrics
from vqtutor.data import ImageSet
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

    def garbage_rate(self, judgment: Judgment) -> float:
        """Share of the judged images that look like nothing the judge knows."""
        surest = judgment.probabilities.amax(dim=1)
        return metrics.garbage_rate(surest, self.distances(judgment), self.threshold)


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
