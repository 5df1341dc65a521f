"""How well the class of an image can be read from its latent, by classifiers of three kinds.

A linear one (logistic regression), a local one (nearest neighbors) and a small network see every
way to write a latent as numbers, and pixels and principal components beside them: without these
two baselines no percentage means anything. The original project's own procedure stands beside them:
logistic regression as scikit-learn sets it up, on numbers that nobody scaled.
"""

from __future__ import annotations

import time
import warnings
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import KNeighborsClassifier
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler
from torch import nn

from vqtutor.checks import check_positive
from vqtutor.data import ImageSet
from vqtutor.experiments import features, latents
from vqtutor.metrics import wilson_interval

Labels = list[np.ndarray]  # (N,) int64 for each part of the data, training first


@dataclass(frozen=True)
class ClassificationConfig:
    """The classifiers, and how much data they get."""

    max_train: int = 10_000  # training images, drawn at random
    max_others: int = 20_000  # of these, for nearest neighbors and the network, which take longer
    max_test: int = 10_000  # of validation images and of test images
    renamings: int = 5  # how often the codes are numbered anew, where numbers are taken for values
    max_features: int = 5_000  # longer feature vectors are left out, and the result says so
    penalties: tuple[float, ...] = (1.0, 100.0)  # of logistic regression; chosen on validation data
    neighbors: int = 5
    hidden: int = 64  # width of the network's hidden layer
    max_epochs: int = 100  # of the network, which stops early
    batch_size: int = 512

    def __post_init__(self) -> None:
        check_positive(
            max_train=self.max_train,
            max_others=self.max_others,
            max_test=self.max_test,
            renamings=self.renamings,
            max_features=self.max_features,
            neighbors=self.neighbors,
            hidden=self.hidden,
            max_epochs=self.max_epochs,
            batch_size=self.batch_size,
        )
        if not self.penalties or min(self.penalties) <= 0:
            raise ValueError(f"penalties must be positive, at least one, got {self.penalties}.")


# By scale. Both are tested on every test image of MNIST; logistic regression learns from all others
# at the full one.
CONFIGS: Mapping[str, ClassificationConfig] = {
    "quick": ClassificationConfig(),
    "full": ClassificationConfig(max_train=60_000, max_epochs=50, renamings=20),
}


@dataclass(frozen=True)
class Score:
    """One classifier on one kind of feature."""

    accuracy: float  # share of test images put into their class
    low: float  # Wilson 95 % interval of the accuracy
    high: float
    converged: bool  # False where the classifier ran out of iterations
    seconds: float  # to fit and to classify


@dataclass(frozen=True)
class Classification:
    """Accuracy by feature and classifier; empty without labels."""

    scores: dict[str, dict[str, Score]]  # by feature, then by classifier
    dimensions: dict[str, int]  # by feature: numbers per image
    num_train: int
    num_test: int
    skipped: dict[str, str]  # what was left out, and why
    bits: dict[str, float] = field(default_factory=dict)  # by feature: size of one image's latent
    unscaled: dict[str, Score] = field(default_factory=dict)  # by feature: the original's procedure
    # By feature: accuracy of the same after the codes were numbered anew at random
    renamed: dict[str, tuple[float, ...]] = field(default_factory=dict)


def run_classification(
    models: Mapping[str, nn.Module],
    data: ImageSet,
    *,
    seed: int = 0,
    config: ClassificationConfig | None = None,
) -> Classification:
    """Fit every classifier to every feature of the training images; score it on the test images.

    The penalty of logistic regression is the one that does best on the validation images.
    """
    config = ClassificationConfig() if config is None else config
    if data.train.labels is None:
        return Classification({}, {}, 0, 0, {"all": f"{data.name} has no labels."})
    generator = torch.Generator().manual_seed(seed)
    if len(data.train.labels.unique()) < 2:
        return Classification({}, {}, 0, 0, {"all": f"{data.name} has a single class."})
    limits = {"train": config.max_train, "validation": config.max_test, "test": config.max_test}
    images, labels = [], []
    for part, limit in limits.items():
        split = getattr(data, part)
        rows = torch.randperm(len(split), generator=generator)[:limit]
        images.append(split.images[rows])
        labels.append(split.labels[rows].numpy())
    found = Classification({}, {}, len(labels[0]), len(labels[2]), {})
    with latents.inference(*models.values()):
        ways = {"pixels": features.pixels([data.unpad(part) for part in images])}
        for name, model in models.items():
            ways |= features.of_model(name, model, images, seed=seed, batch_size=config.batch_size)
        budget = features.Budget.of(ways)
        for name, way in ways.items():
            width = way.width()
            if width > config.max_features:
                reason = f"{width} numbers per image; max_features is {config.max_features}."
                found.skipped[name] = reason
                continue
            parts = way.parts()
            if way.original:
                found.unscaled[name] = score_unscaled(parts, labels)
            if way.kind == "names":
                found.renamed[name] = score_renamed(parts, labels, seed, config.renamings)
            versions = {name: (way.bits, parts)}
            versions |= features.at_budget(name, way, parts, budget, seed)
            for version, (bits, numbers) in versions.items():
                found.scores[version] = score_all(numbers, labels, seed, config)
                found.dimensions[version] = numbers[0].shape[1]
                found.bits[version] = bits
    return found


def score_all(
    parts: features.Parts, labels: Labels, seed: int, config: ClassificationConfig
) -> dict[str, Score]:
    """Every classifier on one feature. `parts` and `labels`: training, validation, test.

    Nearest neighbors and the network see all numbers on one scale: what hardly varies, such as a
    coordinate that a VAE does not use, must not count as much as the rest.
    """
    scaled = features.on_one_scale(parts)
    logistic = [
        make_pipeline(StandardScaler(), LogisticRegression(C=1 / penalty, tol=1e-3, max_iter=500))
        for penalty in config.penalties
    ]
    fewer = (scaled[0][: config.max_others], *scaled[1:])
    fewer_labels = [labels[0][: config.max_others], *labels[1:]]
    neighbors = KNeighborsClassifier(min(config.neighbors, len(fewer[0])), algorithm="brute")
    network = MLPClassifier(
        (config.hidden,),
        max_iter=config.max_epochs,
        early_stopping=can_hold_out(fewer_labels[0]),
        batch_size=min(200, max(16, len(fewer[0]) // 50)),
        random_state=seed,
    )
    return {
        "logistic regression": score(logistic, scaled, labels),
        "nearest neighbors": score([neighbors], fewer, fewer_labels),
        "small network": score([network], fewer, fewer_labels),
    }


def score_unscaled(parts: features.Parts, labels: Labels) -> Score:
    """The original's way: logistic regression as it comes, on the numbers as they are."""
    return score([LogisticRegression()], parts, labels)


def score_renamed(
    parts: features.Parts, labels: Labels, seed: int, count: int
) -> tuple[float, ...]:
    """Accuracy in the original's way after each of `count` new numberings of the codes."""
    generator = np.random.default_rng(seed)
    numbered = (features.renamed(parts, generator) for _ in range(count))
    return tuple(score_unscaled(numbers, labels).accuracy for numbers in numbered)


def can_hold_out(labels: np.ndarray) -> bool:
    """Whether a tenth of `labels`, (N,), can have every class: what early stopping asks for."""
    counts = np.unique(labels, return_counts=True)[1]
    return bool(counts.min() >= 2 and len(labels) >= 10 * len(counts))


def score(candidates: list[Any], parts: features.Parts, labels: Labels) -> Score:
    """Fit each of `candidates`, keep the one best on validation data, and test it."""
    started = time.perf_counter()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # recorded in the score instead
        fitted = [candidate.fit(parts[0], labels[0]) for candidate in candidates]
    if len(fitted) > 1:
        fitted.sort(key=lambda candidate: candidate.score(parts[1], labels[1]))
    best = fitted[-1]
    correct = int((best.predict(parts[2]) == labels[2]).sum())
    last = best[-1] if isinstance(best, Pipeline) else best
    converged = np.max(getattr(last, "n_iter_", 0)) < getattr(last, "max_iter", 1)
    low, high = wilson_interval(correct, len(labels[2]))
    seconds = time.perf_counter() - started
    return Score(correct / len(labels[2]), low, high, bool(converged), seconds)
