"""Change one number of a latent and look at what moves in the image.

The original project set one coordinate of the vector to -1...1 in steps of 0.25, and swept the
index of one code over all codes. Both are done here, and the fairer sweep over the values that a
coordinate really takes (its quantiles). Effect, locality, brightness and slant are measured on many
images, since what holds in one picture is a property of that picture.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import torch
from torch import Tensor, nn

from vqtutor.checks import check_positive
from vqtutor.data import ImageSet
from vqtutor.experiments import latents
from vqtutor.experiments.estimates import Estimate, estimate, median, ratio_of_medians
from vqtutor.experiments.examples import shown_row
from vqtutor.experiments.ordering import Order, index_orders
from vqtutor.experiments.sweeps import Reach, Sweep, reach_of, run_sweep

ORIGINAL_VALUES = tuple(step / 4 for step in range(-4, 5))  # -1 ... 1 in steps of 0.25
ORIGINAL_KIND = "-1 to 1"
REFERENCES = ("AE", "VAE")  # models that the areas of all others are divided by
INK = 0.5  # a pixel of more than this intensity is part of the digit


@dataclass(frozen=True)
class CoordinatesConfig:
    """How much is swept and how much is kept for the pictures."""

    num_images: int = 32  # test images that the numbers are averaged over
    num_values: int = 9  # quantiles, or codes where there are more than that
    lowest_quantile: float = 0.025  # the highest is 1 minus it
    max_rows: int = 16  # coordinates in the picture: those with the largest effect
    shown_class: int = 2  # the picture shows the first test image of this class
    max_codes: int = 5000  # training images whose latents give the quantiles
    field_images: int = 2  # test images whose gradients give the receptive fields
    field_share: float = 0.4  # share of the pixels that counts as those of largest derivative
    order_places: int = 64  # places of the test images' grids in which all codes are tried
    num_orders: int = 10_000  # random orders of the codes
    batch_size: int = 512

    def __post_init__(self) -> None:
        check_positive(
            num_images=self.num_images,
            max_rows=self.max_rows,
            max_codes=self.max_codes,
            field_images=self.field_images,
            order_places=self.order_places,
            num_orders=self.num_orders,
            batch_size=self.batch_size,
        )
        if self.num_values < 2:
            raise ValueError(f"num_values must be at least 2 to be a sweep, got {self.num_values}.")
        if not 0 <= self.lowest_quantile < 0.5:
            raise ValueError(f"lowest_quantile must lie in [0, 0.5), got {self.lowest_quantile}.")


CONFIGS: Mapping[str, CoordinatesConfig] = {
    "quick": CoordinatesConfig(),
    "full": CoordinatesConfig(num_images=200, field_images=4, order_places=512),
}


@dataclass(frozen=True)
class Coordinates:
    """All sweeps, by model and kind, and how well -1...1 covers what the coordinates really do."""

    sweeps: dict[str, Sweep]  # "AE, -1 to 1", "AE, quantiles", "VQ-VAE-2, top", "VQ-VAE-2, bottom"
    inside: dict[str, tuple[float, ...]]  # share of training latents in [-1, 1] per coordinate
    original: np.ndarray  # (C, H, W) uint8, the image whose latent is changed in the pictures
    reconstructions: dict[str, np.ndarray]  # by model, (C, H, W) uint8: nothing changed
    areas: dict[str, Estimate] = field(default_factory=dict)  # by sweep, `Sweep.locality`
    areas_by_ink: dict[str, Estimate] = field(default_factory=dict)  # over each image's ink
    # Median area of one sweep over that of another, "VQ-VAE-2, bottom / AE, -1 to 1", same images.
    ratios: dict[str, Estimate] = field(default_factory=dict)
    ratios_by_ink: dict[str, Estimate] = field(default_factory=dict)
    orders: dict[str, Order] = field(default_factory=dict)  # by "VQ-VAE-2, top", ...


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
    sweeps, inside, reconstructions, orders = {}, {}, {}, {}
    areas: dict[str, Tensor] = {}
    with latents.inference(*models.values()):
        for name, model in models.items():
            latent = latents.encode(model, images, config.batch_size)
            unchanged = latents.decode(model, latent, config.batch_size)
            reconstructions[name] = latents.to_bytes(unchanged[0])
            if latents.is_discrete(latent):
                ranges = code_values(model, latent, config.num_values)
                found = index_orders(
                    model,
                    data,
                    latents.select(latent, slice(1, None)),
                    num_places=config.order_places,
                    num_orders=config.num_orders,
                    seed=seed,
                    batch_size=config.batch_size,
                )
                orders.update({f"{name}, {level}": order for level, order in found.items()})
            else:
                codes = latents.encode(model, data.train.images[train_rows], config.batch_size)
                inside[name] = tuple((codes.abs() <= 1).float().mean(dim=0).tolist())
                ranges = vector_values(codes, config)
            few = latents.select(latent, slice(1, 1 + config.field_images))
            reach: dict[str, Reach] = {}
            for kind, (start, values) in ranges.items():
                # A vector has one field however it is swept, a VQ-VAE-2 one per level.
                level = kind if latents.is_discrete(latent) else ""
                if level not in reach:
                    reach[level] = reach_of(model, data, few, level, config.field_share)
                sweep = f"{name}, {kind}"
                sweeps[sweep], areas[sweep] = run_sweep(
                    model,
                    data,
                    latent,
                    unchanged,
                    start,
                    values,
                    reach[level],
                    max_rows=config.max_rows,
                    batch_size=config.batch_size,
                )
    ink = ink_shares(data.unpad(images[1:]))
    by_ink = {sweep: area / ink.unsqueeze(1) for sweep, area in areas.items()}
    return Coordinates(
        sweeps,
        inside,
        shown[0].numpy(),
        reconstructions,
        {name: estimate(area, median, seed=seed) for name, area in areas.items()},
        {name: estimate(area, median, seed=seed) for name, area in by_ink.items()},
        compare_areas(areas, seed),
        compare_areas(by_ink, seed),
        orders,
    )


def ink_shares(images: Tensor) -> Tensor:
    """Share (N,) of the pixels of uint8 images (N, C, H, W) that are part of the digit.

    NaN for an image without any: a change there has nothing to be compared with.
    """
    ink = (images.float().mean(dim=1) / 255 > INK).float().mean(dim=(1, 2))
    return torch.where(ink > 0, ink, torch.nan)


def compare_areas(areas: Mapping[str, Tensor], seed: int) -> dict[str, Estimate]:
    """The median area of each sweep over that of each reference, (N, ...) of the same N images."""
    references = [name for name in areas if name in {f"{r}, {ORIGINAL_KIND}" for r in REFERENCES}]
    return {
        f"{name} / {reference}": estimate(
            torch.cat((area, areas[reference]), dim=1), ratio_of_medians(area.shape[1]), seed=seed
        )
        for name, area in areas.items()
        for reference in references
        if name.split(", ")[0] not in REFERENCES
    }


def vector_values(codes: Tensor, config: CoordinatesConfig) -> dict[str, tuple[int, Tensor]]:
    """What the coordinates of a vector are set to: per kind, the first one and (D, values)."""
    levels = torch.linspace(
        config.lowest_quantile, 1 - config.lowest_quantile, config.num_values
    )  # (values,)
    return {
        ORIGINAL_KIND: (0, torch.tensor(ORIGINAL_VALUES).repeat(codes.shape[1], 1)),
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
