"""Whether the number of a code says anything: the image along the order of the indices.

The original swept the index of a code from 0 to K - 1 as if it were a quantity. If it were one,
neighboring indices would make similar images. So all K codes are put in one place of a grid, one
after the other, and the changes from each to the next are added up: in the order of the indices, in
random orders, and from each code's vector to the nearest one left.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from vqtutor.data import ImageSet
from vqtutor.experiments import latents


@dataclass(frozen=True)
class Order:
    """Mean squared change of a pixel value from one code to the next, by order of the codes."""

    by_index: float
    random: float  # mean of the random orders
    by_vector: float  # from vector to nearest vector
    index_p: float  # share of random orders at least as smooth as the indices: (1 + n) / (1 + N)
    vector_p: float  # and as the order of the vectors: small if the test can tell an order at all

    @property
    def index_ratio(self) -> float:
        """Change along the indices over that of random orders; NaN if no code changes anything."""
        return self.by_index / self.random if self.random else math.nan

    @property
    def vector_ratio(self) -> float:
        """The same from vector to nearest vector."""
        return self.by_vector / self.random if self.random else math.nan


def index_orders(
    model: nn.Module,
    data: ImageSet,
    codes: Any,
    *,
    num_places: int,
    num_orders: int,
    seed: int,
    batch_size: int,
) -> dict[str, Order]:
    """Every level's order, with the codes of some images around the place where they change.

    num_places : in how many places, of all images and positions together, all K codes are tried.
    """
    found, first = {}, 0
    for (level, count), grid in zip(latents.num_codes(model, codes).items(), codes, strict=True):
        generator = torch.Generator().manual_seed(seed)
        places = torch.randperm(grid.numel(), generator=generator)[:num_places]
        rows, positions = places // grid[0].numel(), first + places % grid[0].numel()
        changes = code_changes(model, data, codes, rows, positions, count, batch_size)
        vectors = getattr(model, f"{level}_quantizer").codebook.detach().cpu()  # (K, D)
        found[level] = compare_orders(changes, vectors, num_orders, seed)
        first += grid[0].numel()
    return found


def code_changes(
    model: nn.Module,
    data: ImageSet,
    codes: Any,
    rows: Tensor,
    positions: Tensor,
    count: int,
    batch_size: int,
) -> Tensor:
    """Mean squared change (K, K) of a pixel value if one of K = `count` codes replaces another.

    Averaged over places: positions (N,), numbered as in `latents.flatten`, in images (N,) `rows`.
    """
    flat = latents.flatten(codes)  # (B, F)
    total = torch.zeros(count, count, dtype=torch.float64)
    for row, position in zip(rows.tolist(), positions.tolist(), strict=True):
        changed = flat[row].repeat(count, 1)  # (K, F)
        changed[:, position] = torch.arange(count)
        images = latents.decode(model, latents.unflatten(changed, codes), batch_size)
        values = data.unpad(images).flatten(1).double()  # (K, C * h * w)
        total += torch.cdist(values, values).square() / values.shape[1]
    return total / len(rows)


def compare_orders(changes: Tensor, vectors: Tensor, num_orders: int, seed: int) -> Order:
    """Orders of K codes by the `changes`, (K, K), between them and their `vectors`, (K, D)."""
    generator = torch.Generator().manual_seed(seed)
    count = len(changes)
    shuffled = torch.rand(num_orders, count, generator=generator).argsort(dim=1)
    random = roughness(changes, shuffled)  # (N,)
    by_index, by_vector = roughness(
        changes, torch.stack((torch.arange(count), nearest_neighbor_order(vectors)))
    ).tolist()

    def p_value(smooth: float) -> float:
        # The margin is for the order that is drawn again and added up in another way.
        as_smooth = int((random <= smooth * (1 + 1e-9)).sum())
        return (1 + as_smooth) / (1 + num_orders)

    return Order(by_index, random.mean().item(), by_vector, p_value(by_index), p_value(by_vector))


def roughness(changes: Tensor, orders: Tensor) -> Tensor:
    """Mean change (N,) from each code to the next along each of `orders`, (N, K) indices."""
    return changes[orders[:, :-1], orders[:, 1:]].mean(dim=1)


def nearest_neighbor_order(vectors: Tensor) -> Tensor:
    """Indices (K,) in which each vector of (K, D) is followed by the nearest one not yet taken.

    Of the K orders, one from each start, the shortest: an order without regard to the indices.
    """
    distances = torch.cdist(vectors.double(), vectors.double())
    orders = torch.stack([_chain(distances, start) for start in range(len(vectors))])
    return orders[roughness(distances, orders).argmin()]


def _chain(distances: Tensor, start: int) -> Tensor:
    left = distances.clone()
    order = [start]
    for _ in range(len(distances) - 1):
        left[:, order[-1]] = torch.inf
        order.append(int(left[order[-1]].argmin()))
    return torch.tensor(order)
