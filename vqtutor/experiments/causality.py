"""Which codes a prior's logits depend on, read off gradients.

A prior is causal if the logits at a position depend on no code there or later in reading order. An
earlier code that they do not depend on either is out of reach or, whatever the depth, in a blind
spot.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn


@dataclass(frozen=True, eq=False)
class Dependence:
    """Pairs of positions in a grid: whose logits, whose code."""

    num_weights: int
    leaks: int  # pairs where logits depend on the code at their own position or on a later one
    blind: int  # pairs where they do not depend on an earlier code
    earlier: int  # pairs with an earlier code
    position: tuple[int, int]  # row and column, in the middle of the grid
    view: np.ndarray  # (H, W) uint8: 1 where the logits at `position` depend on the code


def find_reached(
    prior: nn.Module,
    codes: Tensor,
    row: int,
    column: int,
    labels: Tensor | None = None,
    condition: Tensor | None = None,
) -> Tensor:
    """Where the logits at (row, column) have a gradient to the embedded code: (H, W) bool.

    codes : (B, H, W) int64; labels and condition as in the prior's forward. Where one of the B
    grids has a gradient, there is one: a unit that happens to be off must not look like a blind
    spot.
    """
    embedded: list[Tensor] = []  # (B, H, W, C) each; a prior may have an embedding per stream
    handles = [
        module.register_forward_hook(lambda _module, _inputs, output: embedded.append(output))
        for module in prior.children()
        if isinstance(module, nn.Embedding)
    ]
    with torch.enable_grad():
        logits = prior(codes, labels, condition)
    for handle in handles:
        handle.remove()
    gradients = torch.autograd.grad(logits[:, :, row, column].square().sum(), embedded)
    return torch.stack([gradient.abs().amax(dim=(0, 3)) for gradient in gradients]).amax(0) > 0


def find_dependence(
    prior: nn.Module,
    codes: Tensor,
    labels: Tensor | None = None,
    condition: Tensor | None = None,
) -> Dependence:
    """All pairs of positions; the arguments are those of `find_reached`."""
    height, width = codes.shape[1:]
    order = torch.arange(height * width, device=codes.device).view(height, width)
    leaks = blind = 0
    middle = (height // 2, width // 2)
    view = torch.zeros(height, width, dtype=torch.uint8)
    for here in range(height * width):
        row, column = divmod(here, width)
        reached = find_reached(prior, codes, row, column, labels, condition)
        leaks += int(reached[order >= here].sum())
        blind += int((~reached)[order < here].sum())
        if (row, column) == middle:
            view = reached.to(torch.uint8).cpu()
    num_weights = sum(weight.numel() for weight in prior.parameters())
    earlier = height * width * (height * width - 1) // 2
    return Dependence(num_weights, leaks, blind, earlier, middle, view.numpy())
