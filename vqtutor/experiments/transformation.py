"""Walk from the latent of one image to that of another and decode what lies in between.

For vectors the way is a straight line. For codes it depends on what "between" is taken to mean: the
original took the codes' numbers for quantities, and three better definitions stand beside it here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np
import torch
from torch import Tensor, nn

from vqtutor import metrics
from vqtutor.checks import check_positive
from vqtutor.data import ImageSet
from vqtutor.experiments import latents, paths
from vqtutor.experiments.estimates import Estimate, estimate, mean, median, ratio_of_medians
from vqtutor.experiments.examples import classes_of, random_pairs, shown_pair
from vqtutor.experiments.judging import RealImages, judge_images, judge_real_images


@dataclass(frozen=True)
class TransformationConfig:
    """How many paths, of how many steps, and which one is shown."""

    num_pairs: int = 200  # of test images, of two classes each
    num_steps: int = 33  # frames of one path, both ends included
    shown_classes: tuple[int, int] = (2, 7)  # the picture goes from the first such test image
    max_train: int = 10_000  # training images that garbage is measured against
    batch_size: int = 512

    def __post_init__(self) -> None:
        check_positive(
            num_pairs=self.num_pairs, max_train=self.max_train, batch_size=self.batch_size
        )
        if self.num_steps < 3:
            raise ValueError(f"num_steps must be at least 3, for a middle; got {self.num_steps}.")


CONFIGS: Mapping[str, TransformationConfig] = {
    "quick": TransformationConfig(),
    "full": TransformationConfig(num_pairs=1000),
}
REFERENCE = "AE"  # whose paths all others are compared with, pair by pair


@dataclass(frozen=True)
class PathScores:
    """One kind of path. What needs the judge is None without one, or without labels."""

    third_class_rate: float | None  # share of paths with a step that looks like a third class
    garbage_rate: float | None  # share of all frames, ends included
    jumpiness: float  # largest step over mean step, median of the paths
    blend: float  # correlation of the middle frame with the mean of the two images, mean of paths
    start_probability: tuple[float, ...] | None  # of the first image's class, per step, mean
    end_probability: tuple[float, ...] | None  # of the last image's class
    frames: np.ndarray  # (T, C, H, W) uint8, the path that is shown
    step_area: float = float("nan")  # share of pixels with 90 % of a step's change, median of paths
    # By measure, "third class", "garbage", "jumpiness", "blend" and "step area", as above.
    estimates: dict[str, Estimate] = field(default_factory=dict)
    # Against REFERENCE on the same pairs: differences, of the medians ("jumpiness") the ratio.
    against: dict[str, Estimate] = field(default_factory=dict)


@dataclass(frozen=True)
class Transformation:
    """All kinds of paths between the same pairs of images."""

    # "AE", "VAE"; "VQ-VAE-2, indices", "..., re-quantized", "..., vectors", "..., one by one"
    scores: dict[str, PathScores]
    num_pairs: int
    garbage_floor: float | None  # garbage rate of real test images
    garbage_ceiling: float | None  # and of pixel noise
    classes: tuple[str, ...]  # of the two ends of the shown path; empty without labels
    originals: np.ndarray  # (2, C, H, W) uint8, its two ends


def run_transformation(
    models: Mapping[str, nn.Module],
    data: ImageSet,
    judge: nn.Module | None = None,
    *,
    seed: int = 0,
    config: TransformationConfig | None = None,
) -> Transformation:
    """Walk between `num_pairs` random pairs of test images with every model, every way it has."""
    config = TransformationConfig() if config is None else config
    shown = torch.tensor(shown_pair(data, config.shown_classes))  # (2,)
    generator = torch.Generator().manual_seed(seed)
    drawn = torch.stack(random_pairs(data, config.num_pairs, generator))  # (2, P)
    pairs = torch.cat((shown.unsqueeze(1), drawn), dim=1)  # (2, 1 + P), the shown one first
    classes = classes_of(data, shown)
    scores: dict[str, PathScores] = {}
    measured: dict[str, dict[str, Tensor]] = {}
    with latents.inference(judge, *models.values()):
        real = None
        if judge is not None:
            real = judge_real_images(
                judge, data, max_train=config.max_train, seed=seed, batch_size=config.batch_size
            )
        for name, model in models.items():
            ends = [latents.encode(model, data.test.images[rows]) for rows in pairs]
            ways = paths.ways(model, ends[0], config.num_steps, seed, config.batch_size)
            for kind, walk in ways.items():
                frames = walk(*ends)  # (1 + P, T, C, H, W)
                scores[name + kind], measured[name + kind] = score_frames(
                    frames, pairs, data, judge, real, config
                )
    for name, measures in measured.items():
        against = compare_paths(measures, measured.get(REFERENCE, {}), seed)
        estimates = {
            what: estimate(values, CENTERS[what], seed=seed) for what, values in measures.items()
        }
        scores[name] = replace(
            scores[name], estimates=estimates, against={} if name == REFERENCE else against
        )
    return Transformation(
        scores,
        config.num_pairs,
        None if real is None else real.floor,
        None if real is None else real.ceiling,
        classes,
        data.test.images[shown].numpy(),
    )


def score_frames(
    frames: Tensor,
    pairs: Tensor,
    data: ImageSet,
    judge: nn.Module | None,
    real: RealImages | None,
    config: TransformationConfig,
) -> tuple[PathScores, dict[str, Tensor]]:
    """Score paths (1 + P, T, C, H, W) between test images `pairs`, (2, 1 + P), but the first.

    Also returns every measure of each path, (P,): those of `PathScores.estimates`.
    """
    shown, frames, pairs = frames[0], frames[1:], pairs[:, 1:]
    inner = data.unpad(frames)
    ends = data.unpad(data.test.images[pairs]).float() / 255  # (2, P, C, h, w)
    probabilities = None
    areas = metrics.step_areas(inner)  # (P, T - 1)
    measures = {
        "jumpiness": metrics.jumpiness(inner),
        "blend": correlation(inner[:, config.num_steps // 2], ends.mean(dim=0)),
        "step area": areas.nanmedian(dim=1).values,
    }
    if judge is not None and real is not None:
        judgment = judge_images(judge, frames.flatten(0, 1), config.batch_size)
        garbage = real.is_garbage(judgment).unflatten(0, frames.shape[:2])  # (P, T)
        measures["garbage"] = garbage.float().mean(dim=1)
        if data.test.labels is not None:
            labels = data.test.labels[pairs]  # (2, P)
            per_step = judgment.probabilities.unflatten(0, frames.shape[:2])  # (P, T, classes)
            measures["third class"] = metrics.passes_third_class(per_step, *labels).float()
            rows = torch.arange(len(frames))
            probabilities = [
                tuple(per_step[rows, :, classes].mean(dim=0).tolist()) for classes in labels
            ]
    third_class, garbage_share = measures.get("third class"), measures.get("garbage")
    score = PathScores(
        third_class_rate=None if third_class is None else third_class.mean().item(),
        garbage_rate=None if garbage_share is None else garbage_share.mean().item(),
        jumpiness=measures["jumpiness"].nanmedian().item(),
        blend=measures["blend"].mean().item(),
        start_probability=probabilities[0] if probabilities else None,
        end_probability=probabilities[1] if probabilities else None,
        frames=latents.to_bytes(shown),
        step_area=measures["step area"].nanmedian().item(),
    )
    return score, measures


# How the paths' values of a measure become one number.
CENTERS = {
    "third class": mean,
    "garbage": mean,
    "jumpiness": median,
    "blend": mean,
    "step area": median,
}


def compare_paths(
    measures: Mapping[str, Tensor], reference: Mapping[str, Tensor], seed: int
) -> dict[str, Estimate]:
    """One kind of path against another between the same pairs: see `PathScores.against`."""
    found = {}
    for what in reference:
        both = torch.stack((measures[what], reference[what]), dim=1)  # (P, 2)
        if CENTERS[what] is median:
            found[what] = estimate(both, ratio_of_medians(1), seed=seed)
        else:
            found[what] = estimate(both[:, 0] - both[:, 1], seed=seed)
    return found


def correlation(first: Tensor, second: Tensor) -> Tensor:
    """Correlation (B,) of the pixel values of two batches (B, C, H, W); 0 with a flat image."""
    flat = (images.flatten(1) for images in (first, second))
    first, second = (values - values.mean(dim=1, keepdim=True) for values in flat)
    size = (first.square().sum(dim=1) * second.square().sum(dim=1)).sqrt()
    return (first * second).sum(dim=1) / size.clamp_min(1e-12)
