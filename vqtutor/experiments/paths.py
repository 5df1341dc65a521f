"""From one latent to another in a number of steps: what "in between" means, five ways.

A vector has a straight line to the next one. Codes are names, not quantities, so a path between two
grids of codes has to be defined; each definition is a function here. All start at the first latent
and end at the second, exactly.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

from vqtutor.experiments import latents

# From P first and P last latents to the frames of the paths between them, (P, T, C, H, W).
Walk = Callable[[Any, Any], Tensor]


def straight(start: Tensor, end: Tensor, steps: int) -> Tensor:
    """Points (P, T, ...) on the lines between `start` and `end`, float (P, ...), T = `steps`."""
    weights = torch.linspace(0, 1, steps, device=start.device)
    weights = weights.view(1, steps, *(1 for _ in start.shape[1:]))
    return torch.lerp(start.unsqueeze(1), end.unsqueeze(1), weights)


def by_index(start: Any, end: Any, steps: int) -> Any:
    """Codes (P, T, H, W): the indices as if they were quantities, truncated to whole numbers.

    What the original project's code did. Between code 3 and code 9 it passes codes 4 to 8, which
    have nothing to do with either.
    """
    along = torch.arange(steps)

    def between(first: Tensor, last: Tensor) -> Tensor:
        step = along.to(first.device).view(1, steps, *(1 for _ in first.shape[1:]))
        weighted = first.unsqueeze(1) * (steps - 1 - step) + last.unsqueeze(1) * step
        return weighted // (steps - 1)  # whole numbers only: no rounding error before truncation

    return latents.map_latent(between, start, end)


def by_position(start: Any, end: Any, steps: int, generator: torch.Generator) -> Any:
    """Codes (P, T, H, W): one position after the other takes its last code, in a random order.

    The order is over the positions of all grids together, another one for each of the P paths.
    """
    first, last = latents.flatten(start), latents.flatten(end)  # (P, F)
    order = torch.rand(first.shape, generator=generator).argsort(dim=1).argsort(dim=1)  # (P, F)
    swapped = torch.arange(steps) * first.shape[1] // (steps - 1)  # (T,): 0 ... F positions
    changed = order.unsqueeze(1) < swapped.view(1, steps, 1)  # (P, T, F)
    flat = torch.where(changed.to(first.device), last.unsqueeze(1), first.unsqueeze(1))
    path = latents.unflatten(flat.flatten(0, 1), start)
    return latents.map_latent(lambda grid: grid.unflatten(0, (len(first), steps)), path)


def by_vector(model: nn.Module, start: Any, end: Any, steps: int) -> tuple[Tensor, Tensor]:
    """Vectors (P, T, D, h, w) and (P, T, D, H, W) on the lines between the codes' vectors."""
    ends = zip(model.lookup(start), model.lookup(end), strict=True)  # type: ignore[operator]
    top, bottom = (straight(first, last, steps) for first, last in ends)
    return top, bottom


def nearest(model: nn.Module, top: Tensor, bottom: Tensor, like: Any) -> Any:
    """The codes nearest to vectors (B, D, h, w) and (B, D, H, W), of the same kind as `like`."""
    return type(like)(model.top_quantizer(top).codes, model.bottom_quantizer(bottom).codes)  # type: ignore[operator]


def ways(
    model: nn.Module, latent: latents.Latent, steps: int, seed: int, batch_size: int
) -> dict[str, Walk]:
    """Every kind of path between latents such as `latent`, decoded, by suffix of the model's name.

    seed : of the order in which `by_position` swaps.
    """

    def decode(path: Any) -> Tensor:
        flat = latents.map_latent(lambda part: part.flatten(0, 1), path)
        return latents.decode(model, flat, batch_size).unflatten(0, (-1, steps))

    def one_by_one(start: Any, end: Any) -> Tensor:
        return decode(by_position(start, end, steps, torch.Generator().manual_seed(seed)))

    def through_vectors(start: Any, end: Any, requantize: bool) -> Tensor:
        device, frames = latents.device_of(model), []
        at_once = max(1, batch_size // steps)  # pairs, since vectors need much more room than codes
        for row in range(0, len(start[0]), at_once):
            first, last = (
                latents.map_latent(
                    lambda grid: grid.to(device), latents.select(codes, slice(row, row + at_once))
                )
                for codes in (start, end)
            )
            top, bottom = (path.flatten(0, 1) for path in by_vector(model, first, last, steps))
            if requantize:
                images = model.decode(nearest(model, top, bottom, start))  # type: ignore[operator]
            else:
                images = model.decode_vectors(top, bottom)  # type: ignore[operator]
            frames.append(images.unflatten(0, (-1, steps)).cpu())
        return torch.cat(frames)

    if not latents.is_discrete(latent):
        return {"": lambda start, end: decode(straight(start, end, steps))}
    return {
        ", indices": lambda start, end: decode(by_index(start, end, steps)),
        ", re-quantized": lambda start, end: through_vectors(start, end, requantize=True),
        ", vectors": lambda start, end: through_vectors(start, end, requantize=False),
        ", one by one": one_by_one,
    }
