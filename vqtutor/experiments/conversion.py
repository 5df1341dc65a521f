"""One digit turned into another: the straight line between their codes, seen by the judge.

One pair makes a picture. Whether the change is gradual, and whether what lies in between is still a
digit, is measured on many pairs of the same two classes.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from vqtutor import metrics
from vqtutor.data import ImageSet
from vqtutor.experiments import latents, paths
from vqtutor.experiments.estimates import Estimate, estimate, median
from vqtutor.experiments.examples import shown_pair
from vqtutor.experiments.judging import RealImages, judge_images


@dataclass(frozen=True)
class Conversion:
    """Straight lines between codes of two classes. Tuples have one entry per step."""

    classes: tuple[str, str]
    num_pairs: int
    jumpiness: Estimate  # largest over mean step, median of the paths
    garbage_rate: Estimate  # share of all frames, ends included
    start_probability: tuple[float, ...]  # the judge's for the first class, mean of paths
    end_probability: tuple[float, ...]  # and for the last


def convert(model: nn.Module, data: ImageSet, classes: tuple[int, int], steps: int) -> np.ndarray:
    """(steps, C, H, W) uint8: the line from the first image of one class to that of another."""
    start, end = shown_pair(data, classes)
    ends = latents.encode(model, data.test.images[[start, end]])
    line = paths.straight(ends[:1], ends[1:], steps)[0]
    return latents.to_bytes(latents.decode(model, line))


def pairs_of_classes(
    labels: Tensor, classes: tuple[int, int], count: int, generator: torch.Generator
) -> Tensor:
    """(2, count) rows: images of the first class, and of the second, drawn with replacement."""
    drawn = []
    for wanted in classes:
        rows = (labels == wanted).nonzero().flatten()
        drawn.append(rows[torch.randint(len(rows), (count,), generator=generator)])
    return torch.stack(drawn)


def measure_paths(
    model: nn.Module,
    judge: nn.Module,
    data: ImageSet,
    real: RealImages,
    *,
    classes: tuple[int, int],
    num_pairs: int,
    steps: int,
    generator: torch.Generator,
) -> Conversion:
    """Walk between random test images of the two classes of `shown_pair`. Needs labels."""
    if data.test.labels is None:
        raise ValueError(f"{data.name!r} has no labels: no class to start from.")
    first, last = data.test.labels[list(shown_pair(data, classes))].tolist()
    rows = pairs_of_classes(data.test.labels, (first, last), num_pairs, generator)
    starts, ends = (latents.encode(model, data.test.images[row]) for row in rows)
    codes = paths.straight(starts, ends, steps)  # (P, T, D)
    frames = latents.decode(model, codes.flatten(0, 1))  # (P * T, C, H, W)
    judgment = judge_images(judge, frames)
    shares = real.is_garbage(judgment).unflatten(0, (num_pairs, steps)).double().mean(dim=1)  # (P,)
    probability = judgment.probabilities.unflatten(0, (num_pairs, steps)).mean(dim=0)  # (T, K)
    jumps = metrics.jumpiness(data.unpad(frames).unflatten(0, (num_pairs, steps)))  # (P,)
    return Conversion(
        classes=(data.class_names[first], data.class_names[last]),
        num_pairs=num_pairs,
        jumpiness=estimate(jumps, median),
        garbage_rate=estimate(shares),
        start_probability=tuple(probability[:, first].tolist()),
        end_probability=tuple(probability[:, last].tolist()),
    )
