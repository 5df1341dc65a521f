"""Three judges together: networks of one recipe and three seeds, whose probabilities are averaged.

Their mistakes differ more than their right answers do, so the average is right more often than
each of them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from vqtutor.data import ImageSet
from vqtutor.experiments import latents
from vqtutor.experiments.estimates import Estimate, estimate
from vqtutor.experiments.training import logits_of
from vqtutor.metrics import wilson_interval
from vqtutor.models import WarmupCNN


@dataclass(frozen=True)
class Accuracy:
    """Of one classifier, or of several together, on all test images."""

    errors: int
    accuracy: float  # share of the test images, in [0, 1]
    interval: tuple[float, float]  # Wilson, 95 %


@dataclass(frozen=True)
class Ensemble:
    """Classifiers alone and together."""

    num_test: int
    alone: dict[str, Accuracy]
    together: Accuracy
    gain: Estimate  # accuracy together minus the mean of theirs, image by image


def run_ensemble(models: Mapping[str, WarmupCNN], data: ImageSet) -> Ensemble:
    """Measure classifiers on `data.test`. ValueError without labels or with fewer than two."""
    labels = data.test.labels
    if labels is None:
        raise ValueError(f"{data.name!r} has no labels: there is nothing to classify.")
    if len(models) < 2:
        raise ValueError(f"an ensemble needs two classifiers or more, got {list(models)}.")
    answers = torch.stack([probabilities(model, data) for model in models.values()])  # (M, N, K)
    right = answers.argmax(dim=2) == labels  # (M, N)
    together = answers.mean(dim=0).argmax(dim=1) == labels  # (N,)
    return Ensemble(
        num_test=len(labels),
        alone={name: accuracy(one) for name, one in zip(models, right, strict=True)},
        together=accuracy(together),
        gain=estimate(together.double() - right.double().mean(dim=0)),
    )


def probabilities(model: WarmupCNN, data: ImageSet) -> Tensor:
    """What a classifier answers to each test image, (N, classes)."""
    with latents.inference(model):
        return logits_of(model, data, data.test.images).double().softmax(dim=1)


def accuracy(right: Tensor) -> Accuracy:
    """Of answers that are `right`, (N,) bool."""
    count = int(right.sum())
    return Accuracy(len(right) - count, count / len(right), wilson_interval(count, len(right)))
