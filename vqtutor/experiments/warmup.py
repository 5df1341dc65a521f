"""The warm-up: classifiers of handwritten digits, and what a printed accuracy is worth.

The original project trained three small networks and reported 99, 95 and 100 %. Its code printed
the accuracy of the last shuffled batch of 100 test images, with two decimals. Both rules are
applied here to the same networks: all test images, and that last batch, over many shuffles.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from vqtutor.checks import check_positive
from vqtutor.data import ImageSet
from vqtutor.experiments import latents
from vqtutor.experiments.training import fitting_images
from vqtutor.metrics import wilson_interval
from vqtutor.models import WarmupCNN
from vqtutor.train import History


@dataclass(frozen=True)
class WarmupConfig:
    """How the last-batch rule is replayed, and how many mistakes are kept for the picture."""

    batch_size: int = 100  # of the original's last batch
    shuffles: int = 1000
    num_mistakes: int = 10

    def __post_init__(self) -> None:
        check_positive(batch_size=self.batch_size, shuffles=self.shuffles)
        if self.num_mistakes < 0:
            raise ValueError(f"num_mistakes must be 0 or more, got {self.num_mistakes}.")


@dataclass(frozen=True)
class Classifier:
    """One network on the whole test set, and what the last-batch rule would have printed."""

    num_weights: int
    errors: int
    accuracy: float  # share of all test images, in [0, 1]
    interval: tuple[float, float]  # Wilson, 95 %
    printed: dict[str, float]  # last batch's accuracy, two decimals -> share of the shuffles
    train_accuracy: tuple[float, ...]  # per epoch, while training
    validation_accuracy: tuple[float, ...]  # per epoch, after it
    seconds: float  # of training
    mistakes: np.ndarray  # (n, C, H, W) uint8, test images it gets wrong
    mistaken_for: tuple[int, ...]  # its answers to them
    mistaken_labels: tuple[int, ...]  # the right answers


@dataclass(frozen=True)
class Warmup:
    """All classifiers on one test set."""

    num_test: int
    class_names: tuple[str, ...]
    classifiers: dict[str, Classifier]


def run_warmup(
    models: Mapping[str, WarmupCNN],
    data: ImageSet,
    histories: Mapping[str, History],
    *,
    seed: int = 0,
    config: WarmupConfig | None = None,
) -> Warmup:
    """Measure trained classifiers on `data.test`. ValueError where the data has no labels."""
    config = WarmupConfig() if config is None else config
    if data.test.labels is None:
        raise ValueError(f"{data.name!r} has no labels: there is nothing to classify.")
    classifiers = {
        name: measure(model, data, data.test.labels, histories[name], seed, config)
        for name, model in models.items()
    }
    return Warmup(len(data.test), data.class_names, classifiers)


def measure(
    model: WarmupCNN,
    data: ImageSet,
    labels: Tensor,
    history: History,
    seed: int,
    config: WarmupConfig,
) -> Classifier:
    """Everything about one network. A network for smaller images gets them without padding."""
    images = fitting_images(model, data, data.test.images)
    with latents.inference(model):
        logits = latents.in_batches(model, images, latents.device_of(model))
    answers = logits.argmax(dim=1)
    right = answers == labels
    wrong = (~right).nonzero().flatten()
    shown = wrong[: config.num_mistakes]
    return Classifier(
        num_weights=sum(weight.numel() for weight in model.parameters()),
        errors=len(wrong),
        accuracy=right.double().mean().item(),
        interval=wilson_interval(int(right.sum()), len(right)),
        printed=replay_last_batch(right, seed, config),
        train_accuracy=tuple(entry["accuracy"] for entry in history.train),
        validation_accuracy=tuple(entry["accuracy"] for entry in history.validation),
        seconds=history.seconds,
        mistakes=data.test.images[shown].numpy(),
        mistaken_for=tuple(answers[shown].tolist()),
        mistaken_labels=tuple(labels[shown].tolist()),
    )


def replay_last_batch(right: Tensor, seed: int, config: WarmupConfig) -> dict[str, float]:
    """What the original's rule prints for answers that are `right`, (N,) bool: value -> share.

    Each shuffle of the test set puts other images into its last batch.
    """
    generator = torch.Generator().manual_seed(seed)
    size = len(right) % config.batch_size or min(config.batch_size, len(right))
    printed: Counter[str] = Counter()
    for _ in range(config.shuffles):
        last = torch.randperm(len(right), generator=generator)[-size:]
        printed[f"{right[last].double().mean().item():.2f}"] += 1
    return {value: count / config.shuffles for value, count in sorted(printed.items())}
