"""Images from nothing: draw latents in every way there is, decode them, and judge the outcome.

An image that a model makes has no original, so sets are compared with sets. Each number stands
beside what real images get (floor) and what noise gets (ceiling), and beside what the same decoder
makes of the latents of real images.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn

from vqtutor import sampling
from vqtutor.checks import check_positive
from vqtutor.data import ImageSet, Split
from vqtutor.experiments import latents, samplers
from vqtutor.experiments.conditional import refuse_and_redraw, sees_the_class, taught_accuracy
from vqtutor.experiments.cooling import Trial, best, try_temperatures
from vqtutor.experiments.jury import GenerationScores, JudgeReport, Jury

__all__ = ["CONFIGS", "Generation", "GenerationConfig", "GenerationScores", "run_generation"]

Priors = tuple[nn.Module, nn.Module]  # of the top codes, and of the bottom codes given the top ones


@dataclass(frozen=True)
class GenerationConfig:
    """How many images, and what they are compared with."""

    num_images: int = 1000  # per sampler; the same number of each class where one can choose
    num_shown: int = 100  # of them, for the picture
    components: int = 10  # of the Gaussian mixture
    max_train: int = 10_000  # training images that the judge compares with
    max_fitted: int = 10_000  # training images that the mixture is fitted to
    max_compared: int = 500  # images whose nearest training image is looked for
    # Of the PixelCNN priors, beside 1: the one that serves best is found on so many images of each.
    temperatures: tuple[float, ...] = (1.0, 0.9, 0.8, 0.7, 0.6)
    num_tried: int = 200
    confidence: float = 0.9  # that the second classifier must have in the class asked for
    rounds: int = 5  # how often what it refuses is drawn again
    epochs: int = 5  # of the classifier that is taught by generated images
    batch_size: int = 512

    def __post_init__(self) -> None:
        check_positive(
            num_images=self.num_images,
            num_shown=self.num_shown,
            num_tried=self.num_tried,
            components=self.components,
            max_train=self.max_train,
            max_fitted=self.max_fitted,
            max_compared=self.max_compared,
            epochs=self.epochs,
            batch_size=self.batch_size,
        )
        if not self.temperatures or min(self.temperatures) < 0:
            raise ValueError(f"temperatures must be 0 or more, got {self.temperatures}.")
        if not 0 <= self.confidence <= 1 or self.rounds < 0:
            raise ValueError(
                "confidence must lie in [0, 1] and rounds be 0 or more, got "
                f"{self.confidence} and {self.rounds}."
            )


# By scale. The full one compares with all training images that there are.
CONFIGS: Mapping[str, GenerationConfig] = {
    "quick": GenerationConfig(),
    "full": GenerationConfig(
        num_images=10_000, max_train=60_000, max_compared=1000, num_tried=2000, epochs=10
    ),
}


@dataclass(frozen=True)
class Generation:
    """All ways side by side, and what real images get."""

    # "AE, U(-1, 1)", "AE, N(0, 1)", "AE, mixture", "VAE, ...", "VQ-VAE-2, uniform",
    # "..., PixelCNN", "..., PixelCNN, refusing", where a second classifier refuses images, and
    # "..., PixelCNN, cooler", at a temperature that this classifier chose on validation images
    scores: dict[str, GenerationScores]
    # Training images, scored as if a model had made them; their garbage rate and how new they are
    # are those of test images, since training images are what both are measured against.
    real: GenerationScores
    num_images: int
    garbage_ceiling: float | None  # garbage rate of pixel noise
    classes: tuple[str, ...]
    skipped: dict[str, str]  # what was left out, and why
    noise: GenerationScores | None = None  # uniform noise, scored as if a model had made it
    # What each model makes of the latents of test images, without pictures
    reconstructions: dict[str, GenerationScores] = field(default_factory=dict)
    judge: JudgeReport | None = None
    trials: dict[str, tuple[Trial, ...]] = field(default_factory=dict)  # temperatures, by way


def run_generation(
    models: Mapping[str, nn.Module],
    data: ImageSet,
    judge: nn.Module | None = None,
    priors: Mapping[str, Priors] | None = None,
    second: nn.Module | None = None,
    *,
    seed: int = 0,
    config: GenerationConfig | None = None,
) -> Generation:
    """Make `num_images` images in every way that `models` and priors allow, and score them.

    priors : by the name of the model whose codes they draw. second : another classifier than the
    judge, which refuses images that are not of the class asked for.
    """
    config, priors = GenerationConfig() if config is None else config, priors or {}
    order = torch.randperm(len(data.train), generator=torch.Generator().manual_seed(seed))
    some = order[: config.num_images]
    scores: dict[str, GenerationScores] = {}
    rebuilt: dict[str, GenerationScores] = {}
    lessons: dict[str, Split] = {}
    trials: dict[str, tuple[Trial, ...]] = {}
    skipped: dict[str, str] = {} if judge is not None else {"judgment": "there is no judge."}
    both = [prior for pair in priors.values() for prior in pair]
    with latents.inference(judge, second, *both, *models.values()):
        jury = Jury(judge, data, seed, config)
        for name, model in models.items():
            again = latents.rebuild(model, data.test.images, config.batch_size)
            rebuilt[name] = without_images(jury.score(again))
            score = partial(timed_score, jury, rebuilt=jury.features(again))
            fitted = data.train.images[order[: config.max_fitted]]
            codes = latents.encode(model, fitted, config.batch_size)
            for kind, sampler in samplers.ways(model, codes, config.components, seed).items():
                scores[f"{name}, {kind}"], _ = score(partial(decode_drawn, model, sampler, config))
            if not latents.is_discrete(codes):
                continue
            way = f"{name}, PixelCNN"
            if name not in priors:
                skipped[way] = "there are no priors."
                continue
            labels = labels_to_ask_for(config, *priors[name])
            draw_for = partial(decode_generated, model, *priors[name], config)
            scores[way], images = score(partial(draw_for, 1.0, labels), labels)
            if labels is None or judge is None:
                continue
            lessons[way] = Split(torch.from_numpy(latents.to_bytes(images)), labels)
            if second is None:
                skipped[f"{way}, refusing"] = "there is no second classifier."
                continue
            draw = partial(refuse, images, labels, partial(draw_for, 1.0), second, data, config)
            refusing, _ = score(draw, labels)
            spent = scores[way].seconds + refusing.seconds  # its images were there already
            scores[f"{way}, refusing"] = replace(refusing, seconds=spent)
            cooler = f"{way}, cooler"
            trials[cooler] = try_temperatures(
                draw_for,
                labels[: config.num_tried],
                config.temperatures,
                second,
                data,
                seed=seed,
                batch_size=config.batch_size,
            )
            chosen = best(trials[cooler]).temperature
            scores[cooler], images = score(partial(draw_for, chosen, labels), labels)
            lessons[cooler] = Split(torch.from_numpy(latents.to_bytes(images)), labels)
        real, noise = score_real(jury, some, config)
    if judge is not None and data.train.labels is not None:
        lessons["real"] = Split(data.train.images[some], data.train.labels[some])
        for way, lesson in lessons.items():
            taught, interval = taught_accuracy(
                lesson, data, epochs=config.epochs, seed=seed, device=latents.device_of(judge)
            )
            shown = real if way == "real" else scores[way]
            shown = replace(shown, taught_accuracy=taught, taught_interval=interval)
            if way == "real":
                real = shown
            else:
                scores[way] = shown
    return Generation(
        scores,
        real,
        config.num_images,
        None if jury.real is None else jury.real.ceiling,
        data.class_names,
        skipped,
        noise,
        rebuilt,
        jury.report(),
        trials,
    )


def timed_score(
    jury: Jury,
    draw: Callable[[torch.Generator], Any],
    asked: Tensor | None = None,
    *,
    rebuilt: Tensor | None = None,
) -> tuple[GenerationScores, Tensor]:
    """The scores of what `draw` makes, and the images (N, C, H, W).

    `draw` answers with images, or with images and the share of all draws that was accepted.
    """
    started = time.perf_counter()
    drawn = draw(torch.Generator().manual_seed(jury.seed))
    images, accepted = (drawn, None) if isinstance(drawn, Tensor) else drawn
    seconds = (time.perf_counter() - started) / len(images)
    scores = jury.score(images, asked, rebuilt=rebuilt, seconds=seconds)
    return replace(scores, accepted=accepted), images


def score_real(
    jury: Jury, rows: Tensor, config: GenerationConfig
) -> tuple[GenerationScores, GenerationScores]:
    """Training images of these rows as if a model had made them, and as much uniform noise."""
    data = jury.data
    labels = None if data.train.labels is None else data.train.labels[rows]
    real = jury.score(data.train.images[rows].float() / 255, labels)
    floor = None if jury.real is None else jury.real.floor
    novelty = jury.novelty(data.unpad(data.test.images))
    generator = torch.Generator().manual_seed(jury.seed)
    noise = torch.rand((config.num_images, *data.image_shape), generator=generator)
    return replace(real, garbage_rate=floor, novelty=novelty), without_images(jury.score(noise))


def without_images(scores: GenerationScores) -> GenerationScores:
    """The same numbers, without the picture."""
    return replace(scores, images=scores.images[:0])


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
    config: GenerationConfig,
    temperature: float,
    labels: Tensor | None,
    generator: torch.Generator,
) -> Tensor:
    """Images (B, C, H, W) of codes from the priors."""
    images = sampling.generate(
        model,  # type: ignore[arg-type]
        top_prior,  # type: ignore[arg-type]
        bottom_prior,  # type: ignore[arg-type]
        labels,
        temperature,
        generator,
        num_images=config.num_images if labels is None else None,
        batch_size=config.batch_size,
    )
    return images.cpu()


def refuse(
    images: Tensor,
    labels: Tensor,
    draw_for: Callable[[Tensor, torch.Generator], Tensor],
    second: nn.Module,
    data: ImageSet,
    config: GenerationConfig,
    generator: torch.Generator,
) -> tuple[Tensor, float]:
    """`images` with those drawn again that the second classifier refuses, and the share it took."""
    generator.manual_seed(generator.initial_seed() + 1)  # not the noise that made `images`
    found = refuse_and_redraw(
        images,
        labels,
        lambda wanted: draw_for(wanted, generator),
        sees_the_class(second, data, config.confidence, config.batch_size),
        config.rounds,
    )
    return found.images, found.accepted
