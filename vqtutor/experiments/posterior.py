"""Where a VAE's codes really lie: the posteriors of all images together, next to N(0, I).

The loss pulls every single posterior towards N(0, 1); a decoder fed with N(0, I) needs all of them
together to fill it. Coordinate by coordinate that is easily checked. Together it is a question that
a classifier answers: can it tell codes from draws? 0.5 is chance, 1 is always.
Source: Hoffman and Johnson 2016, "ELBO surgery", on the aggregate posterior.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch
from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPClassifier
from torch import Tensor, nn

from vqtutor.checks import check_positive
from vqtutor.data import ImageSet
from vqtutor.experiments import latents
from vqtutor.experiments.estimates import Estimate, estimate, share
from vqtutor.experiments.judging import RealImages, judge_images, judge_real_images
from vqtutor.experiments.rates import active_units, kl_bits


@dataclass(frozen=True)
class PosteriorConfig:
    """How many codes are compared and how many draws are judged."""

    max_codes: int = 10_000  # of training images, to train the classifier
    num_images: int = 10_000  # draws from N(0, I) that are decoded and judged
    max_train: int = 10_000  # training images that garbage is measured against
    num_shown: int = 20
    hidden: tuple[int, ...] = (64, 64)  # of the classifier
    batch_size: int = 512

    def __post_init__(self) -> None:
        check_positive(
            max_codes=self.max_codes,
            num_images=self.num_images,
            max_train=self.max_train,
            num_shown=self.num_shown,
            batch_size=self.batch_size,
        )


@dataclass(frozen=True)
class Aggregate:
    """The codes of all test images, one draw from each posterior. Tuples: one entry for each D."""

    means: tuple[float, ...]
    variances: tuple[float, ...]
    active: tuple[bool, ...]  # does the posterior mean depend on the image?
    rate: float  # KL from N(0, 1) in bits per image
    auc: Estimate  # of a classifier that tells codes from draws of N(0, I)
    garbage: Estimate | None  # share of decoded draws that look like nothing the judge knows
    garbage_rebuilt: Estimate | None  # the same of the codes, decoded: a draw per test image
    images: np.ndarray  # (shown, C, H, W) uint8, decoded draws


@dataclass(frozen=True)
class AggregatePosteriors:
    """One or more VAEs."""

    networks: dict[str, Aggregate]  # by name
    num_codes: int  # test images
    num_images: int  # draws
    garbage_floor: float | None  # garbage rate of test images; None without a judge
    garbage_ceiling: float | None  # of pixel noise


def run_posterior(
    models: Mapping[str, nn.Module],
    data: ImageSet,
    judge: nn.Module | None = None,
    *,
    seed: int = 0,
    config: PosteriorConfig | None = None,
) -> AggregatePosteriors:
    """Compare the codes of VAEs with N(0, I). Garbage is None without a judge."""
    config = PosteriorConfig() if config is None else config
    with latents.inference(judge, *models.values()):
        real = None
        if judge is not None:
            real = judge_real_images(
                judge, data, max_train=config.max_train, seed=seed, batch_size=config.batch_size
            )
        networks = {
            name: aggregate(model, data, judge, real, seed, config)
            for name, model in models.items()
        }
    floor, ceiling = (None, None) if real is None else (real.floor, real.ceiling)
    return AggregatePosteriors(networks, len(data.test), config.num_images, floor, ceiling)


def aggregate(
    model: nn.Module,
    data: ImageSet,
    judge: nn.Module | None,
    real: RealImages | None,
    seed: int,
    config: PosteriorConfig,
) -> Aggregate:
    """One VAE's codes of the test images, and what becomes of draws from N(0, I)."""
    generator = torch.Generator().manual_seed(seed)
    rows = torch.randperm(len(data.train), generator=generator)[: config.max_codes]
    draw = latents.sample_posterior
    train = draw(model, data.train.images[rows], generator, config.batch_size)
    test = draw(model, data.test.images, generator, config.batch_size)
    posterior = latents.posterior_of(model, data.test.images, config.batch_size)
    drawn = torch.randn(config.num_images, test.shape[1], generator=generator)
    images = latents.decode(model, drawn, config.batch_size)

    def garbage(judged: Tensor) -> Estimate | None:
        if judge is None or real is None:
            return None
        return share(real.is_garbage(judge_images(judge, judged, config.batch_size)))

    return Aggregate(
        means=tuple(test.double().mean(dim=0).tolist()),
        variances=tuple(test.double().var(dim=0, correction=0).tolist()),
        active=tuple(active_units(posterior).tolist()),
        rate=kl_bits(posterior).mean().item(),
        auc=told_apart(train, test, config.hidden, generator, seed),
        garbage=garbage(images),
        garbage_rebuilt=garbage(latents.decode(model, test, config.batch_size)),
        images=latents.to_bytes(images[: config.num_shown]),
    )


def told_apart(
    train: Tensor, test: Tensor, hidden: tuple[int, ...], generator: torch.Generator, seed: int
) -> Estimate:
    """Area under the ROC curve of a small network that tells codes from draws of N(0, I).

    It learns from `train`, (N, D), and as many draws, and answers for `test`, (M, D), and others.
    """
    normal = [torch.randn(codes.shape, generator=generator) for codes in (train, test)]
    rows = torch.cat([train, normal[0]])
    mean, deviation = rows.mean(dim=0), rows.std(dim=0).clamp_min(1e-6)
    network = MLPClassifier(hidden, early_stopping=True, n_iter_no_change=5, random_state=seed)
    targets = np.repeat([1, 0], len(train))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # it then has learned most of it
        network.fit(((rows - mean) / deviation).numpy(), targets)
    scores = [
        torch.from_numpy(network.predict_proba(((codes - mean) / deviation).numpy())[:, 1])
        for codes in (test, normal[1])
    ]
    return estimate(torch.stack(scores, dim=1), area_under_curve)


def area_under_curve(scores: Tensor) -> Tensor:
    """Share () of pairs in which the left column of `scores`, (N, 2), is above the right one.

    All pairs count, of any two rows; a tie counts half (Mann and Whitney).
    """
    left, right = scores[:, 0].contiguous(), scores[:, 1].sort().values
    below = torch.searchsorted(right, left) + torch.searchsorted(right, left, side="right")
    return below.double().mean() / (2 * len(right))
