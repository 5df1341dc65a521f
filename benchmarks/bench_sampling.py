"""Drawing grids of codes from a PixelCNN: from the cache, and everything anew for each code."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from itertools import pairwise
from typing import NamedTuple

import torch
from torch import Tensor

from benchmarks.timing import Options, Row, interleave, ratio_row, row
from vqtutor.models.pixelcnn import PixelCNN, PixelCNNConfig
from vqtutor.models.vqvae import VQVAE2, VQVAE2Config
from vqtutor.sampling import Method, draw, generate, sample_codes

RUNS = 3
CONFIG = PixelCNNConfig(num_codes=512, channels=64, layers=10)
GROWTH = 4.2  # at most, per doubling of the side; the work grows 4 times


class Grid(NamedTuple):
    """`batch` grids of `side` x `side` codes, drawn naively at so many of the positions."""

    side: int
    batch: int
    positions: int  # evenly spaced; the time is scaled up to all of them
    target: float | None = None  # times as fast from the cache


GRIDS = (Grid(8, 64, 64, 30), Grid(16, 64, 256, 140), Grid(32, 16, 16, 400))


def make_prior(config: PixelCNNConfig) -> PixelCNN:
    """A prior with random weights whose codes depend on it, not on the noise alone."""
    torch.manual_seed(0)
    prior = PixelCNN(config).eval()
    with torch.no_grad():
        prior.head[-1].weight.mul_(20)
    return prior


def sample(prior: PixelCNN, side: int, batch: int, method: Method = "cached") -> Tensor:
    """Codes (batch, side, side), always with the same noise."""
    generator = torch.Generator().manual_seed(1)
    return sample_codes(prior, None, (batch, side, side), generator=generator, method=method)


def spaced(grid: Grid) -> list[int]:
    """The positions that are drawn naively, in reading order."""
    total = grid.side**2
    return [total * number // grid.positions for number in range(grid.positions)]


def noise_states(grid: Grid, num_codes: int) -> list[Tensor]:
    """What state `sample`'s generator is in as it draws at each of the `spaced` positions."""
    generator, states = torch.Generator().manual_seed(1), []
    for _ in range(grid.side**2):
        states.append(generator.get_state())
        torch.rand(grid.batch, num_codes, generator=generator)
    return [states[position] for position in spaced(grid)]


@torch.inference_mode()
def sample_some(prior: PixelCNN, grid: Grid, codes: Tensor, states: list[Tensor]) -> Tensor:
    """Codes (B, positions) at the `spaced` positions, naively, given `codes`, (B, H, W).

    As the naive method draws them: nothing in its work differs from one position to another.
    """
    generator, drawn = torch.Generator(), []
    for position, state in zip(spaced(grid), states, strict=True):
        logits = prior(codes)[:, :, position // grid.side, position % grid.side]
        drawn.append(draw(logits, 1.0, generator.set_state(state)))
    return torch.stack(drawn, dim=1)


def compare(prior: PixelCNN, grid: Grid, threads: int, runs: int) -> list[Row]:
    """The naive time over the cached time, and how many codes differ."""
    total = grid.side**2
    codes = sample(prior, grid.side, grid.batch)  # warms up as well
    cached = partial(sample, prior, grid.side, grid.batch)
    if grid.positions == total:
        naive = partial(sample, prior, grid.side, grid.batch, "naive")
    else:
        states = noise_states(grid, prior.config.num_codes)
        naive = partial(sample_some, prior, grid, codes, states)
    again = []
    seconds = interleave(
        {"naive": lambda: again.append(naive().flatten(1)), "cached": cached}, runs, warmups=0
    )
    scale = total / grid.positions
    seconds["naive"] = [scale * each for each in seconds["naive"]]
    here = codes.flatten(1)[:, spaced(grid)]  # (B, positions)
    differing = [int((each != here).sum()) for each in again]
    name = f"{grid.side}x{grid.side}, batch {grid.batch}"
    note = f"naive at {grid.positions} of {total} positions, scaled" if scale > 1 else ""
    return [
        ratio_row(
            f"{name}: naive / cached",
            seconds,
            "naive",
            "cached",
            threads,
            target=grid.target,
            note=note,
        ),
        row(
            f"{name}: codes that differ, of {here.numel():,}",
            differing,
            threads,
            unit="",
            target=0,
            at_most=True,
        ),
    ]


def measure(
    options: Options,
    config: PixelCNNConfig = CONFIG,
    grids: tuple[Grid, ...] = GRIDS,
    sides: tuple[int, ...] = (8, 16, 32),
    batches: tuple[int, int] = (16, 256),
) -> list[Row]:
    """Naive against cached; growth with the side; images per second with the batch."""
    prior, threads, rows = make_prior(config), options.threads, []
    runs = options.runs or RUNS
    for grid in grids:
        rows += compare(prior, grid, threads, runs)
    batch = max(grid.batch for grid in grids)
    seconds = interleave({f"{side}": partial(sample, prior, side, batch) for side in sides}, runs)
    for small, large in pairwise(sides):
        rows.append(
            ratio_row(
                f"cached, batch {batch}: side {large} / side {small}, time",
                seconds,
                f"{large}",
                f"{small}",
                threads,
                target=GROWTH * (large / small / 2) ** 2,
                at_most=True,
            )
        )
    few, many = batches
    each = interleave({f"{size}": partial(sample, prior, sides[0], size) for size in batches}, runs)
    per_image = {size: [time / int(size) for time in times] for size, times in each.items()}
    rows.append(
        ratio_row(
            f"cached, side {sides[0]}: images per second, batch {many} / batch {few}",
            per_image,
            f"{few}",
            f"{many}",
            threads,
            target=1,
        )
    )
    if threads > 1:
        rows.append(spread(prior, options, batches[1] // 2))
    return rows


def spread(prior: PixelCNN, options: Options, batch: int) -> Row:
    """Batches of images one after the other, each on all threads, and in a thread of their own."""
    codes, width = prior.config.num_codes, prior.config.channels
    vqvae = VQVAE2(VQVAE2Config(num_codes_top=codes, num_codes_bottom=codes)).eval()
    bottom = PixelCNN(replace(prior.config, condition_codes=codes)).eval()

    def draw_images(workers: int) -> None:
        generator = torch.Generator().manual_seed(1)
        how = {"num_images": 2 * options.threads * batch, "batch_size": batch}
        generate(vqvae, prior, bottom, generator=generator, workers=workers, **how)

    seconds = interleave(
        {"in turns": lambda: draw_images(1), "at once": lambda: draw_images(options.threads)},
        options.runs or RUNS,
    )
    what = f"{2 * options.threads} batches of {batch} images: in turns / {options.threads} at once"
    note = f"8x8 and 4x4 codes, {width} channels, decoded"
    return ratio_row(what, seconds, "in turns", "at once", options.threads, note=note)
