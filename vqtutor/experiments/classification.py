"""How well the class of an image can be read from its latent, by classifiers of three kinds.

A linear one (logistic regression), a local one (nearest neighbors) and a small network see every
way to write a latent as numbers, and pixels and principal components beside them: without these
two baselines no percentage means anything.
"""

from __future__ import annotations

import time
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
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
    max_test: int = 10_000
    max_features: int = 5_000  # longer feature vectors are left out, and the result says so
    penalties: tuple[float, ...] = (1.0, 100.0)  # of logistic regression; chosen on validation data
    neighbors: int = 5
    hidden: int = 64  # width of the network's hidden layer
    max_epochs: int = 100  # of the network, which stops early
    batch_size: int = 512

    def __post_init__(self) -> None:
        check_positive(
            max_train=self.max_train,
            max_test=self.max_test,
            max_features=self.max_features,
            neighbors=self.neighbors,
            hidden=self.hidden,
            max_epochs=self.max_epochs,
            batch_size=self.batch_size,
        )
        if not self.penalties or min(self.penalties) <= 0:
            raise ValueError(f"penalties must be positive, at least one, got {self.penalties}.")


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
    skipped: dict[str, str] = {}
    scores: dict[str, dict[str, Score]] = {}
    dimensions: dict[str, int] = {}
    with latents.inference(*models.values()):
        ways = {"pixels": features.pixels([data.unpad(part) for part in images])}
        for name, model in models.items():
            ways |= features.of_model(name, model, images, seed=seed, batch_size=config.batch_size)
        for name, way in ways.items():
            width = way.width()
            if width > config.max_features:
                skipped[name] = f"{width} numbers per image; max_features is {config.max_features}."
                continue
            parts = way.parts()
            scores[name] = score_all(parts, labels, seed, config)
            dimensions[name] = width
            if name == "pixels" and (components := vector_length(ways)):
                projected = features.principal_components(parts, components, seed)
                scores["principal components"] = score_all(projected, labels, seed, config)
                dimensions["principal components"] = projected[0].shape[1]
    return Classification(scores, dimensions, len(labels[0]), len(labels[2]), skipped)


def vector_length(ways: dict[str, features.Feature]) -> int:
    """Length of the first model's latent that is a vector of floats; 0 if none is."""
    vectors = (way.latents[0] for name, way in ways.items() if name != "pixels")
    return next((part.shape[1] for part in vectors if not latents.is_discrete(part)), 0)


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
    neighbors = KNeighborsClassifier(min(config.neighbors, len(labels[0])), algorithm="brute")
    network = MLPClassifier(
        (config.hidden,),
        max_iter=config.max_epochs,
        early_stopping=can_hold_out(labels[0]),
        batch_size=min(200, max(16, len(labels[0]) // 50)),
        random_state=seed,
    )
    return {
        "logistic regression": score(logistic, scaled, labels),
        "nearest neighbors": score([neighbors], scaled, labels),
        "small network": score([network], scaled, labels),
    }


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
