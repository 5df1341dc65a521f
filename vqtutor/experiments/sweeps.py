"""One coordinate of a latent set to several values: what moves in the image, and where."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor, nn

from vqtutor import metrics
from vqtutor.data import ImageSet
from vqtutor.experiments import latents
from vqtutor.experiments.appearance import brightness_of, slant_degrees, spearman, width_of

LOOKS: dict[str, Callable[[Tensor], Tensor]] = {
    "brightness": brightness_of,
    "slant": slant_degrees,
    "width": width_of,
}
STEADY = 0.9  # a rank correlation of this size, in either direction, counts as control


@dataclass(frozen=True)
class Field:
    """Where each coordinate can be felt, and whether its changes stay there; entry i as in Sweep.

    The field of a coordinate are the pixels whose derivative with respect to it is not zero.
    """

    area: tuple[float, ...]  # share of the image that the field covers
    inside: tuple[float, ...]  # share of the squared change in the field, mean ("L")
    inside_largest: tuple[float, ...]  # the same in the pixels with the largest derivatives
    largest: float  # which share of the image these are


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
    width: tuple[float, ...] = ()  # rank correlation of value and width, mean of images
    slant_range_error: tuple[float, ...] = ()  # standard error of `slant_range`
    # Share of images in which the coordinate controls brightness, slant, width: |ρ| >= STEADY.
    steady: dict[str, tuple[float, ...]] = field(default_factory=dict)
    num_images: int = 0  # that the numbers are averaged over
    field: Field | None = None

    @property
    def brightest(self) -> int:
        """The coordinate that goes most steadily with brightness."""
        return int(np.abs(self.brightness).argmax())

    @property
    def most_slanting(self) -> int:
        """The coordinate that goes most steadily with slant."""
        return int(np.abs(self.slant).argmax())


class Reach(NamedTuple):
    """Pixels of the unpadded image that each of N coordinates reaches: both (N, h, w) bool."""

    whole: Tensor  # derivative not zero
    largest: Tensor  # the pixels with the largest derivatives


class Moved(NamedTuple):
    """What one coordinate does to B images in V steps."""

    effect: float
    areas: Tensor  # (B, V) share of pixels that hold 90 % of the squared change, NaN without one
    correlations: dict[str, Tensor]  # (B,) rank correlation of value and look, by look
    slant_range: Tensor  # (B,) degrees


def run_sweep(
    model: nn.Module,
    data: ImageSet,
    latent: latents.Latent,
    unchanged: Tensor,
    start: int,
    values: Tensor,
    reach: Reach,
    *,
    max_rows: int = 16,
    batch_size: int = latents.BATCH_SIZE,
) -> tuple[Sweep, Tensor]:
    """Sweep coordinates `start`, `start` + 1, ... over the rows of `values`, (coordinates, V).

    latent : of 1 + B images. The first is for the picture only, the numbers are about the others.
    unchanged : (1 + B, C, H, W), what `latent` decodes to. reach : of these coordinates.
    Also returns the areas of all changes, (B, coordinates * V): see `Moved`.
    """
    before = data.unpad(unchanged)[1:].unsqueeze(1)  # (B, 1, C, h, w)
    moved, pictures, inside = [], [], []
    for coordinate, steps in enumerate(values):
        changed = changed_latents(latent, start + coordinate, steps)
        decoded = latents.decode(model, changed, batch_size).unflatten(0, (-1, len(steps)))
        pictures.append(latents.to_bytes(decoded[0]))
        frames = data.unpad(decoded)[1:]  # (B, V, C, h, w)
        moved.append(measure(before, frames, steps))
        pair = before.expand_as(frames).flatten(0, 1), frames.flatten(0, 1)
        inside.append([metrics.share_inside(*pair, part[coordinate]).nanmean() for part in reach])
    effect = tuple(one.effect for one in moved)
    areas = torch.cat([one.areas for one in moved], dim=1)
    looks = {
        look: torch.stack([one.correlations[look] for one in moved])  # (coordinates, B)
        for look in LOOKS
    }
    ranges = torch.stack([one.slant_range for one in moved])
    shown = np.sort(np.argsort(effect)[::-1][:max_rows])
    inside_whole, inside_largest = zip(*inside, strict=True)
    sweep = Sweep(
        effect,
        areas.nanmedian().item(),  # NaN where nothing changed
        brightness=as_floats(looks["brightness"].mean(dim=1)),
        slant=as_floats(looks["slant"].mean(dim=1)),
        slant_range=as_floats(ranges.mean(dim=1)),
        shown=tuple(shown.tolist()),
        images=np.stack([pictures[row] for row in shown]),
        width=as_floats(looks["width"].mean(dim=1)),
        slant_range_error=tuple(metrics.standard_error(row) for row in ranges),
        steady={
            look: as_floats((found.abs() >= STEADY).float().mean(dim=1))
            for look, found in looks.items()
        },
        num_images=len(before),
        field=Field(
            as_floats(reach.whole.float().mean(dim=(1, 2))),
            as_floats(torch.stack(inside_whole)),
            as_floats(torch.stack(inside_largest)),
            reach.largest[0].float().mean().item(),
        ),
    )
    return sweep, areas


def measure(before: Tensor, frames: Tensor, steps: Tensor) -> Moved:
    """From images (B, 1, C, h, w) to `frames`, (B, V, C, h, w), of one coordinate's V values."""
    pair = before.expand_as(frames).flatten(0, 1), frames.flatten(0, 1)
    slants = slant_degrees(frames)  # (B, V)
    return Moved(
        (frames - before).square().mean().sqrt().item(),
        metrics.locality(*pair).view(frames.shape[:2]),
        {look: spearman(steps, see(frames)) for look, see in LOOKS.items()},
        slants.amax(dim=1) - slants.amin(dim=1),
    )


def changed_latents(latent: latents.Latent, coordinate: int, values: Tensor) -> latents.Latent:
    """Each of B latents with one coordinate set to each of (V,) values: B * V, image by image."""
    flat = latents.flatten(latent).repeat_interleave(len(values), dim=0)  # (B * V, F)
    flat[:, coordinate] = values.to(flat).repeat(len(flat) // len(values))
    changed: latents.Latent = latents.unflatten(flat, latent)
    return changed


def reach_of(
    model: nn.Module, data: ImageSet, latent: latents.Latent, level: str, largest: float
) -> Reach:
    """Receptive fields of all coordinates of a vector, or of one level of codes.

    latent : of a few images. A pixel is in the field if it has a derivative in any of them, since a
        ReLU that is off hides what lies behind it. largest : share of pixels in `Reach.largest`.
    """
    device = latents.device_of(model)
    energies = []
    for row in range(len(latents.flatten(latent))):
        one = latents.map_latent(lambda part, row=row: part[row : row + 1].to(device), latent)
        decode, start = differentiable(model, one, level)
        energies.append(data.unpad(metrics.gradient_energy(decode, start).unsqueeze(1)).squeeze(1))
    energy = torch.stack(energies)  # (B, N, h, w)
    return Reach((energy > 0).any(dim=0), metrics.largest_part(energy.mean(dim=0), largest))


def differentiable(
    model: nn.Module, latent: Any, level: str
) -> tuple[Callable[[Tensor], Tensor], Tensor]:
    """The decoder as a function of (B, D, *positions), and where (1, D, *positions) to start.

    A vector has one number a position. Of a VQ-VAE-2 one level moves and the other stays.
    """
    if not latents.is_discrete(latent):
        return lambda vectors: model.decode(vectors.squeeze(1)), latent.unsqueeze(1)  # type: ignore[operator]
    top, bottom = model.lookup(latent)  # type: ignore[operator]
    paint: Callable[[Tensor, Tensor], Tensor] = model.paint  # type: ignore[assignment]

    def copies(still: Tensor, moved: Tensor) -> Tensor:
        return still.clone().expand(len(moved), -1, -1, -1)  # a tensor of `inference` has no use

    if level == "top":
        return lambda moved: paint(moved, copies(bottom, moved)), top
    return lambda moved: paint(copies(top, moved), moved), bottom


def as_floats(values: Tensor) -> tuple[float, ...]:
    """A tensor (N,) as a result keeps it."""
    return tuple(values.tolist())
