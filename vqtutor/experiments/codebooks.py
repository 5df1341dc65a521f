"""Four ways for a codebook to learn, and how much of it is used.

All variants start from the same weights and codebooks and see the same batches. Use is counted over
a whole epoch: in one batch, codes are missing by chance.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from torch import Tensor

from vqtutor import metrics
from vqtutor.checks import check_positive
from vqtutor.data import ImageSet, Split
from vqtutor.experiments import latents
from vqtutor.experiments.estimates import Estimate, estimate, ratio
from vqtutor.models import VQVAE2
from vqtutor.train import History

GRADIENT = "gradient"  # the variant that the others are compared with


@dataclass(frozen=True)
class CodebooksConfig:
    """How many images at a time."""

    batch_size: int = 512

    def __post_init__(self) -> None:
        check_positive(batch_size=self.batch_size)


@dataclass(frozen=True)
class Usage:
    """One level's codes of all training images."""

    num_codes: int  # K
    used: float  # share of the K codes that occur
    dead: int  # codes that do not
    perplexity: float  # effective number of codes, 1 to K


@dataclass(frozen=True)
class Codebook:
    """One model."""

    test_mse: Estimate  # squared error per pixel value
    validation_mse: Estimate
    usage: dict[str, Usage]  # by level
    curve: tuple[float, ...]  # squared error on validation images (padded) after each epoch
    # Against the codebook that learns by gradient; of that one itself 1, and None where there is
    # none. Epochs are those until the validation error is as low as the gradient's lowest.
    mse_ratio: Estimate | None = None  # on validation images, image by image
    epochs_to_target: int | None = None  # None also where it never gets there


@dataclass(frozen=True)
class Codebooks:
    """Ways of learning side by side, and weights of the commitment."""

    trained: Codebook  # the model of the other experiments, trained longer
    variants: dict[str, Codebook]  # "gradient", "moving average", ..., all trained equally long
    commitments: dict[float, Codebook]  # by weight; equally long as the variants
    epochs: int
    num_train: int


def run_codebooks(
    trained: VQVAE2,
    variants: Mapping[str, VQVAE2],
    commitments: Mapping[float, VQVAE2],
    data: ImageSet,
    histories: Mapping[str | float, History],
    trained_history: History,
    *,
    config: CodebooksConfig | None = None,
) -> Codebooks:
    """Measure every model; `histories` by the keys of `variants` and `commitments`."""
    config = CodebooksConfig() if config is None else config
    models = (trained, *variants.values(), *commitments.values())
    with latents.inference(*models):
        target = base = None
        if GRADIENT in variants:
            base = errors(variants[GRADIENT], data, data.validation, config)
            target = min(curve_of(histories[GRADIENT]))

        def measure(model: VQVAE2, history: History) -> Codebook:
            return measure_codebook(model, data, history, config, base, target)

        return Codebooks(
            measure_codebook(trained, data, trained_history, config),
            {name: measure(model, histories[name]) for name, model in variants.items()},
            {beta: measure(model, histories[beta]) for beta, model in commitments.items()},
            max(len(history.validation) for history in histories.values()),
            len(data.train),
        )


def measure_codebook(
    model: VQVAE2,
    data: ImageSet,
    history: History,
    config: CodebooksConfig,
    base: Tensor | None = None,
    target: float | None = None,
) -> Codebook:
    """One model; against the validation errors `base`, (N,), and the error `target`, if given."""
    codes = latents.encode(model, data.train.images, config.batch_size)
    usage = {
        level: Usage(
            len(histogram),
            metrics.code_usage(histogram),
            int((histogram == 0).sum()),
            metrics.perplexity(histogram),
        )
        for level, histogram in latents.code_histograms(model, codes).items()
    }
    validation = errors(model, data, data.validation, config)
    curve = curve_of(history)
    return Codebook(
        estimate(errors(model, data, data.test, config)),
        estimate(validation),
        usage,
        curve,
        None if base is None else ratio(validation, base),
        None if target is None else epochs_until(curve, target),
    )


def errors(model: VQVAE2, data: ImageSet, split: Split, config: CodebooksConfig) -> Tensor:
    """Squared error per original pixel value of each image, (N,) float64."""
    rebuilt = latents.rebuild(model, split.images, config.batch_size)
    return latents.squared_errors(rebuilt, data, split)


def curve_of(history: History) -> tuple[float, ...]:
    """Squared error per pixel value on the validation images after each epoch."""
    return tuple(terms["mse"] for terms in history.validation)


def epochs_until(curve: tuple[float, ...], target: float) -> int | None:
    """Number of epochs after which `curve` is first at `target` or below; None if it never is."""
    return next((epoch for epoch, value in enumerate(curve, 1) if value <= target), None)
