"""The warm-up: classifiers of handwritten digits, and what a printed accuracy is worth.

The original project trained three small networks and reported 99, 95 and 100 %. Its code printed
the accuracy of the last shuffled batch of 100 test images, with two decimals. Both rules are
applied here to the same networks: all test images, and that last batch, over many shuffles. Two
control networks tell the size of the kernel from the number of weights and from regularization.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import torch
from torch import Tensor

from vqtutor.checks import check_positive
from vqtutor.data import ImageSet
from vqtutor.experiments import latents
from vqtutor.experiments.estimates import Estimate, estimate
from vqtutor.experiments.training import logits_of
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

    @property
    def printed_deviation(self) -> float:
        """Standard deviation of what the last-batch rule prints, over the shuffles."""
        values = {float(text): share for text, share in self.printed.items()}
        mean = sum(value * share for value, share in values.items())
        return sum(share * (value - mean) ** 2 for value, share in values.items()) ** 0.5


@dataclass(frozen=True)
class Warmup:
    """All classifiers on one test set."""

    num_test: int
    class_names: tuple[str, ...]
    classifiers: dict[str, Classifier]
    # Accuracy of "5x5" minus that of the other on the same images; empty without a "5x5".
    drops: dict[str, Estimate] = field(default_factory=dict)


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
    answers = {name: answers_of(model, data) for name, model in models.items()}
    right = {name: answer == data.test.labels for name, answer in answers.items()}
    classifiers = {
        name: measure(model, data, answers[name], histories[name], seed, config)
        for name, model in models.items()
    }
    drops = {name: drop(right["5x5"], right[name]) for name in right if "5x5" in right}
    drops.pop("5x5", None)
    return Warmup(len(data.test), data.class_names, classifiers, drops)


def answers_of(model: WarmupCNN, data: ImageSet) -> Tensor:
    """Class (N,) of each test image. A network for smaller images gets them without padding."""
    with latents.inference(model):
        return logits_of(model, data, data.test.images).argmax(dim=1)


def drop(base: Tensor, other: Tensor) -> Estimate:
    """Accuracy that `other` loses against `base`, both (N,) bool: who is right on which image."""
    return estimate(base.double() - other.double())


def measure(
    model: WarmupCNN,
    data: ImageSet,
    answers: Tensor,
    history: History,
    seed: int,
    config: WarmupConfig,
) -> Classifier:
    """Everything about one network whose answers to the test images are `answers`, (N,)."""
    labels = data.test.labels
    if labels is None:
        raise ValueError(f"{data.name!r} has no labels: no answer is right or wrong.")
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
    printed: Counter[str] = Counter()
    for _ in range(config.shuffles):
        printed[f"{last_batch_accuracy(right, config.batch_size, generator):.2f}"] += 1
    return {value: count / config.shuffles for value, count in sorted(printed.items())}


def last_batch_accuracy(right: Tensor, batch_size: int, generator: torch.Generator) -> float:
    """Share of right answers, (N,) bool, in the last batch of one shuffle: the original's rule.

    Its loop over the test batches writes each batch's accuracy over that of the one before.
    """
    size = len(right) % batch_size or min(batch_size, len(right))
    last = torch.randperm(len(right), generator=generator)[-size:]
    return right[last].double().mean().item()
