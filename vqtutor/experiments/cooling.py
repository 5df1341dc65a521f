"""A temperature for the priors, chosen on validation images.

Below 1 the priors keep to the likelier codes: fewer images fail, and fewer differ. Which one serves
best is asked of a classifier that is not the judge: at which temperature do the images lie nearest
to the validation images, by the Fréchet distance between its features of both?
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from vqtutor import metrics
from vqtutor.data import ImageSet
from vqtutor.experiments.judging import judge_images
from vqtutor.experiments.training import fitting_images


@dataclass(frozen=True)
class Trial:
    """What images drawn at one temperature look like to the classifier that chooses."""

    temperature: float
    frechet: float  # to the validation images
    accuracy: float  # share that it puts into the class that was asked for


def try_temperatures(
    draw: Callable[[float, Tensor, torch.Generator], Tensor],
    labels: Tensor,
    temperatures: Sequence[float],
    second: Any,
    data: ImageSet,
    *,
    seed: int = 0,
    batch_size: int = 512,
) -> tuple[Trial, ...]:
    """Draw images of `labels`, (N,), at every temperature, from the same random numbers.

    draw : from a temperature, labels (N,) and a generator to images (N, C, H, W).
    """
    wanted, _ = look(second, data, data.validation.images, batch_size)
    trials = []
    for temperature in temperatures:
        images = draw(temperature, labels, torch.Generator().manual_seed(seed))
        features, answers = look(second, data, images, batch_size)
        trials.append(
            Trial(
                temperature,
                metrics.frechet_distance(features, wanted),
                (answers == labels).double().mean().item(),
            )
        )
    return tuple(trials)


def best(trials: Sequence[Trial]) -> Trial:
    """The one nearest to the validation images; of equal ones the first."""
    return min(trials, key=lambda trial: trial.frechet)


def look(classifier: Any, data: ImageSet, images: Tensor, batch_size: int) -> tuple[Tensor, Tensor]:
    """A classifier's features, (N, F), of `images` and its answers, (N,)."""
    found = judge_images(classifier, fitting_images(classifier, data, images), batch_size)
    return found.features, found.probabilities.argmax(dim=1)
