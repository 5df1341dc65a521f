"""Images from nothing: draw latents in every way there is, decode them, and judge the outcome.

An image that a model makes has no original, so sets are compared with sets: how many look like
nothing real, how sharp they are, and how far the judge's features of all of them lie from those of
real test images. Each number stands beside what real images get (floor) and noise gets (ceiling).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from vqtutor import metrics, sampling
from vqtutor.checks import check_positive
from vqtutor.data import ImageSet
from vqtutor.experiments import latents, samplers
from vqtutor.experiments.judging import RealImages, judge_images, judge_real_images


@dataclass(frozen=True)
class GenerationConfig:
    """How many images, and what they are compared with."""

    num_images: int = 1000  # per sampler; the same number of each class where one can choose
    num_shown: int = 100  # of them, for the picture
    components: int = 10  # of the Gaussian mixture
    max_train: int = 10_000  # training images: for the mixture and for comparison
    temperature: float = 1.0  # of the PixelCNN priors
    batch_size: int = 512

    def __post_init__(self) -> None:
        check_positive(
            num_images=self.num_images,
            num_shown=self.num_shown,
            components=self.components,
            max_train=self.max_train,
            batch_size=self.batch_size,
        )
        if self.temperature < 0:
            raise ValueError(f"temperature must be 0 or more, got {self.temperature}.")


@dataclass(frozen=True)
class GenerationScores:
    """One way of making images. None where there is no judge, or no class was asked for."""

    accuracy: float | None  # share that the judge puts into the class that was asked for
    interval: tuple[float, float] | None  # Wilson 95 % interval of it
    class_accuracy: tuple[float, ...] | None  # the same, by class
    garbage_rate: float | None  # share that looks like nothing the judge knows
    frechet: float | None  # Fréchet distance to the test images, in the judge's features
    kernel: float | None  # kernel distance, the same
    kernel_error: float | None  # standard error of it
    sharpness: float  # mean gradient magnitude relative to that of the test images
    seconds: float  # per image
    images: np.ndarray  # (shown, C, H, W) uint8; sorted by class where one was asked for


@dataclass(frozen=True)
class Generation:
    """All ways side by side, and what real images get."""

    # "AE, U(-1, 1)", "AE, N(0, 1)", "AE, mixture", "VAE, ...", "VQ-VAE-2, uniform", "..., PixelCNN"
    scores: dict[str, GenerationScores]
    # Training images, scored as if a model had made them; their garbage rate is the one of test
    # images, since training images are what garbage is measured against.
    real: GenerationScores
    num_images: int
    garbage_ceiling: float | None  # garbage rate of pixel noise
    classes: tuple[str, ...]
    skipped: dict[str, str]  # what was left out, and why


def run_generation(
    models: Mapping[str, nn.Module],
    data: ImageSet,
    judge: nn.Module | None = None,
    top_prior: nn.Module | None = None,
    bottom_prior: nn.Module | None = None,
    *,
    seed: int = 0,
    config: GenerationConfig | None = None,
) -> Generation:
    """Make `num_images` images in every way that `models` and priors allow, and score them."""
    config = GenerationConfig() if config is None else config
    order = torch.randperm(len(data.train), generator=torch.Generator().manual_seed(seed))
    order = order[: config.max_train]
    scores: dict[str, GenerationScores] = {}
    skipped: dict[str, str] = {} if judge is not None else {"judgment": "there is no judge."}
    with latents.inference(judge, top_prior, bottom_prior, *models.values()):
        jury = Jury(judge, data, seed, config)
        for name, model in models.items():
            codes = latents.encode(model, data.train.images[order], config.batch_size)
            for kind, sampler in samplers.ways(model, codes, config.components, seed).items():
                draw = partial(decode_drawn, model, sampler, config)
                scores[f"{name}, {kind}"] = jury.score(draw, None)
            if latents.is_discrete(codes) and top_prior is not None and bottom_prior is not None:
                labels = labels_to_ask_for(config, top_prior, bottom_prior)
                draw = partial(decode_generated, model, top_prior, bottom_prior, labels, config)
                scores[f"{name}, PixelCNN"] = jury.score(draw, labels)
            elif latents.is_discrete(codes):
                skipped[f"{name}, PixelCNN"] = "there are no priors."
        some = order[: config.num_images]
        labels = None if data.train.labels is None else data.train.labels[some]
        real = jury.score(lambda _: data.train.images[some].float() / 255, labels)
    floor, ceiling = (None, None) if jury.real is None else (jury.real.floor, jury.real.ceiling)
    real = replace(real, garbage_rate=floor)
    return Generation(scores, real, config.num_images, ceiling, data.class_names, skipped)


def labels_to_ask_for(config: GenerationConfig, *priors: Any) -> Tensor | None:
    """Labels (num_images,), every class as often as any other; None if no prior takes labels."""
    num_labels = max(prior.config.num_labels for prior in priors)
    return torch.arange(config.num_images) % num_labels if num_labels else None


def decode_drawn(
    model: nn.Module,
    sampler: samplers.Sampler,
    config: GenerationConfig,
    generator: torch.Generator,
) -> Tensor:
    """Images (B, C, H, W) of latents from `sampler`."""
    drawn = sampler(config.num_images, generator)
    return latents.decode(model, drawn, config.batch_size)


def decode_generated(
    model: nn.Module,
    top_prior: nn.Module,
    bottom_prior: nn.Module,
    labels: Tensor | None,
    config: GenerationConfig,
    generator: torch.Generator,
) -> Tensor:
    """Images (B, C, H, W) of codes from the priors."""
    images = sampling.generate(
        model,  # type: ignore[arg-type]
        top_prior,  # type: ignore[arg-type]
        bottom_prior,  # type: ignore[arg-type]
        labels,
        config.temperature,
        generator,
        num_images=config.num_images if labels is None else None,
        batch_size=config.batch_size,
    )
    return images.cpu()


class Jury:
    """What every set of images is scored against: the judge and the test images."""

    def __init__(
        self, judge: nn.Module | None, data: ImageSet, seed: int, config: GenerationConfig
    ) -> None:
        self.judge, self.data, self.seed, self.config = judge, data, seed, config
        self.test_images = data.unpad(data.test.images).float() / 255
        self.real: RealImages | None = None
        if judge is not None:
            self.real = judge_real_images(
                judge, data, max_train=config.max_train, seed=seed, batch_size=config.batch_size
            )

    def score(
        self, draw: Callable[[torch.Generator], Tensor], asked: Tensor | None
    ) -> GenerationScores:
        """Draw images and score them; `asked`, (B,), are the classes that were asked for."""
        started = time.perf_counter()
        images = draw(torch.Generator().manual_seed(self.seed))
        seconds = (time.perf_counter() - started) / len(images)
        sharpness = metrics.sharpness(self.data.unpad(images), self.test_images)
        shown = torch.arange(min(self.config.num_shown, len(images)))
        if asked is not None:  # as many of each class, class by class
            each = max(1, self.config.num_shown // len(asked.unique()))
            rows = [(asked == label).nonzero().flatten()[:each] for label in asked.unique()]
            shown = torch.cat(rows)
        return GenerationScores(
            **self.judge_set(images, asked),
            sharpness=sharpness,
            seconds=seconds,
            images=latents.to_bytes(images[shown]),
        )

    def judge_set(self, images: Tensor, asked: Tensor | None) -> dict[str, Any]:
        """The scores that need a judge; None for each of them without one."""
        names = ("garbage_rate", "frechet", "kernel", "kernel_error")
        more = ("accuracy", "interval", "class_accuracy")
        scores: dict[str, Any] = dict.fromkeys((*more, *names))
        if self.judge is None or self.real is None:
            return scores
        judgment = judge_images(self.judge, images, self.config.batch_size)
        features, test = judgment.features, self.real.test.features
        generator = torch.Generator().manual_seed(self.seed)
        subsets = min(10, len(features) // 2, len(test) // 2)
        kernel = metrics.kernel_distance(features, test, subsets=subsets, generator=generator)
        scores |= {
            "garbage_rate": self.real.garbage_rate(judgment),
            "frechet": metrics.frechet_distance(features, test),
            "kernel": kernel.value,
            "kernel_error": kernel.standard_error,
        }
        if asked is not None:
            right = judgment.probabilities.argmax(dim=1) == asked
            by_class = (right[asked == label] for label in asked.unique())
            scores |= {
                "accuracy": right.double().mean().item(),
                "interval": metrics.wilson_interval(int(right.sum()), len(right)),
                "class_accuracy": tuple(some.double().mean().item() for some in by_class),
            }
        return scores
