"""Change one number of a latent and look at what moves in the image.

The original project set one coordinate of the vector to -1...1 in steps of 0.25, and swept the
index of one code over all codes. Both are done here, and the fairer sweep over the values that a
coordinate really takes (its quantiles). Effect, locality, brightness and slant are measured on many
images, since what holds in one picture is a property of that picture.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from vqtutor import metrics
from vqtutor.checks import check_positive
from vqtutor.data import ImageSet
from vqtutor.experiments import latents
from vqtutor.experiments.appearance import brightness_of, slant_degrees, spearman
from vqtutor.experiments.examples import shown_row

ORIGINAL_VALUES = tuple(step / 4 for step in range(-4, 5))  # -1 ... 1 in steps of 0.25


@dataclass(frozen=True)
class CoordinatesConfig:
    """How much is swept and how much is kept for the pictures."""

    num_images: int = 32  # test images that the numbers are averaged over
    num_values: int = 9  # quantiles, or codes where there are more than that
    lowest_quantile: float = 0.025  # the highest is 1 minus it
    max_rows: int = 16  # coordinates in the picture: those with the largest effect
    shown_class: int = 2  # the picture shows the first test image of this class
    max_codes: int = 5000  # training images whose latents give the quantiles
    batch_size: int = 512

    def __post_init__(self) -> None:
        check_positive(
            num_images=self.num_images,
            max_rows=self.max_rows,
            max_codes=self.max_codes,
            batch_size=self.batch_size,
        )
        if self.num_values < 2:
            raise ValueError(f"num_values must be at least 2 to be a sweep, got {self.num_values}.")
        if not 0 <= self.lowest_quantile < 0.5:
            raise ValueError(f"lowest_quantile must lie in [0, 0.5), got {self.lowest_quantile}.")


@dataclass(frozen=True)
class Sweep:
    """Every coordinate of one model swept over some values, one coordinate at a time.

    Entry i of each tuple belongs to coordinate i; grids of codes count row by row.
    """

    effect: tuple[float, ...]  # root mean square change of a pixel value, in [0, 1]
    locality: float  # median share of pixels that hold 90 % of a squared change, in (0, 1]
    brightness: tuple[float, ...]  # rank correlation of value and mean intensity, mean of images
    slant: tuple[float, ...]  # rank correlation of value and slant, mean of images
    slant_range: tuple[float, ...]  # degrees from the most left- to the most right-leaning, mean
    shown: tuple[int, ...]  # the coordinates in `images`
    images: np.ndarray  # (shown, values, C, H, W) uint8

    @property
    def brightest(self) -> int:
        """The coordinate that goes most steadily with brightness."""
        return int(np.abs(self.brightness).argmax())

    @property
    def most_slanting(self) -> int:
        """The coordinate that goes most steadily with slant."""
        return int(np.abs(self.slant).argmax())


@dataclass(frozen=True)
class Coordinates:
    """All sweeps, by model and kind, and how well -1...1 covers what the coordinates really do."""

    sweeps: dict[str, Sweep]  # "AE, -1 to 1", "AE, quantiles", "VQ-VAE-2, top", "VQ-VAE-2, bottom"
    inside: dict[str, tuple[float, ...]]  # share of training latents in [-1, 1] per coordinate
    original: np.ndarray  # (C, H, W) uint8, the image whose latent is changed in the pictures
    reconstructions: dict[str, np.ndarray]  # by model, (C, H, W) uint8: nothing changed


def run_coordinates(
    models: Mapping[str, nn.Module],
    data: ImageSet,
    *,
    seed: int = 0,
    config: CoordinatesConfig | None = None,
) -> Coordinates:
    """Sweep every coordinate of every model's latent. Labels only choose the picture."""
    config = CoordinatesConfig() if config is None else config
    generator = torch.Generator().manual_seed(seed)
    rows = torch.randperm(len(data.test), generator=generator)[: config.num_images]
    train_rows = torch.randperm(len(data.train), generator=generator)[: config.max_codes]
    shown = data.test.images[shown_row(data, config.shown_class)].unsqueeze(0)
    images = torch.cat((shown, data.test.images[rows]))  # the first one is for the pictures only
    sweeps, inside, reconstructions = {}, {}, {}
    with latents.inference(*models.values()):
        for name, model in models.items():
            latent = latents.encode(model, images, config.batch_size)
            unchanged = latents.decode(model, latent, config.batch_size)
            reconstructions[name] = latents.to_bytes(unchanged[0])
            if latents.is_discrete(latent):
                ranges = code_values(model, latent, config.num_values)
            else:
                codes = latents.encode(model, data.train.images[train_rows], config.batch_size)
                inside[name] = tuple((codes.abs() <= 1).float().mean(dim=0).tolist())
                ranges = vector_values(codes, config)
            for kind, (start, values) in ranges.items():
                sweeps[f"{name}, {kind}"] = run_sweep(
                    model, data, latent, unchanged, start, values, config
                )
    return Coordinates(sweeps, inside, shown[0].numpy(), reconstructions)


def vector_values(codes: Tensor, config: CoordinatesConfig) -> dict[str, tuple[int, Tensor]]:
    """What the coordinates of a vector are set to: per kind, the first one and (D, values)."""
    levels = torch.linspace(
        config.lowest_quantile, 1 - config.lowest_quantile, config.num_values
    )  # (values,)
    return {
        "-1 to 1": (0, torch.tensor(ORIGINAL_VALUES).repeat(codes.shape[1], 1)),
        "quantiles": (0, codes.quantile(levels, dim=0).T),
    }


def code_values(
    model: nn.Module, codes: latents.Latent, num_values: int
) -> dict[str, tuple[int, Tensor]]:
    """The same for grids: indices 0...K-1, evenly spaced where there are more than `num_values`."""
    ranges, start = {}, 0
    for (level, count), grid in zip(latents.num_codes(model, codes).items(), codes, strict=True):
        steps = min(num_values, count)
        values = torch.linspace(0, count - 1, steps).round().long()  # (values,)
        ranges[level] = (start, values.repeat(grid[0].numel(), 1))
        start += grid[0].numel()
    return ranges


def changed_latents(latent: latents.Latent, coordinate: int, values: Tensor) -> latents.Latent:
    """Each of B latents with one coordinate set to each of (V,) values: B * V, image by image."""
    flat = latents.flatten(latent).repeat_interleave(len(values), dim=0)  # (B * V, F)
    flat[:, coordinate] = values.to(flat).repeat(len(flat) // len(values))
    changed: latents.Latent = latents.unflatten(flat, latent)
    return changed


def run_sweep(
    model: nn.Module,
    data: ImageSet,
    latent: latents.Latent,
    unchanged: Tensor,
    start: int,
    values: Tensor,
    config: CoordinatesConfig,
) -> Sweep:
    """Sweep coordinates `start`, `start` + 1, ... over the rows of `values`, (coordinates, V).

    latent : of B images. The first is for the picture only, the numbers are about the others.
    unchanged : (B, C, H, W), what `latent` decodes to.
    """
    before = data.unpad(unchanged)[1:].unsqueeze(1)  # (B - 1, 1, C, h, w)
    rows, areas, pictures = [], [], []
    for coordinate, steps in enumerate(values, start):
        changed = changed_latents(latent, coordinate, steps)
        decoded = latents.decode(model, changed, config.batch_size)
        decoded = decoded.unflatten(0, (-1, len(steps)))  # (B, V, C, H, W)
        pictures.append(latents.to_bytes(decoded[0]))
        frames = data.unpad(decoded)[1:]
        angles = slant_degrees(frames)  # (B - 1, V)
        areas.append(metrics.locality(before.expand_as(frames).flatten(0, 1), frames.flatten(0, 1)))
        rows.append(
            (
                (frames - before).square().mean().sqrt().item(),
                spearman(steps, brightness_of(frames)).mean().item(),
                spearman(steps, angles).mean().item(),
                (angles.amax(dim=1) - angles.amin(dim=1)).mean().item(),
            )
        )
    effect, brightness, slant, slant_range = zip(*rows, strict=True)
    shown = np.sort(np.argsort(effect)[::-1][: config.max_rows])
    return Sweep(
        effect,
        torch.cat(areas).nanmedian().item(),  # NaN where nothing changed
        brightness,
        slant,
        slant_range,
        tuple(shown.tolist()),
        np.stack([pictures[row] for row in shown]),
    )
