"""Where in the image one part of a latent is felt: receptive fields of a decoder, from gradients.

A pixel belongs to the field of a position if its derivative with respect to the position's vector
is not zero. How large the derivatives are says more: those of a deep decoder die away from the
middle of the field to its edge. Source: Luo et al. 2016, arXiv:1701.04128.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
from torch import Tensor

from vqtutor.checks import check_shape

AT_A_TIME = 256  # copies of the latent: each gives the gradient of one pixel


def gradient_energy(decode: Callable[[Tensor], Tensor], latent: Tensor) -> Tensor:
    """Squared derivatives (N, H, W) of the pixels with respect to each position of a latent.

    decode : from (B, D, *positions) to images (B, C, H, W), each of its own latent alone.
    latent : (1, D, *positions), N positions in all; summed over D and C. Exact: one backward pass
        per pixel value.
    """
    with torch.inference_mode(False), torch.enable_grad():
        start = latent.detach().clone()
        channels, height, width = decode(start).shape[1:]
        rows = []
        for pixels in torch.arange(channels * height * width).split(AT_A_TIME):
            copies = start.expand(len(pixels), *start.shape[1:]).clone().requires_grad_()
            values = decode(copies).flatten(1)  # (P, C * H * W)
            chosen = values.gather(1, pixels.to(values.device).unsqueeze(1))
            (slopes,) = torch.autograd.grad(chosen.sum(), copies)  # (P, D, *positions)
            rows.append(slopes.square().sum(dim=1).flatten(1).cpu())
    energy = torch.cat(rows).unflatten(0, (channels, height, width))  # (C, H, W, N)
    return energy.sum(dim=0).movedim(-1, 0)


def largest_part(energy: Tensor, share: float) -> Tensor:
    """The pixels (N, H, W) bool with the largest energy, a `share` of each image (rounded down)."""
    check_shape("energy", energy, "N H W")
    if not 0 < share <= 1:
        raise ValueError(f"share must lie in (0, 1], got {share}.")
    flat = energy.flatten(1)
    count = math.floor(share * flat.shape[1] + 1e-9)
    part = torch.zeros_like(flat, dtype=torch.bool)
    part.scatter_(1, flat.topk(count, dim=1).indices, True)
    return part.view_as(energy)


def share_inside(before: Tensor, after: Tensor, field: Tensor) -> Tensor:
    """Share (B,) of the squared change that lies in `field`, (H, W) bool ("L").

    before, after : (B, C, H, W). NaN where nothing changed.
    """
    check_shape("before", before, "B C H W")
    sizes = dict(zip("BCHW", before.shape, strict=True))
    check_shape("after", after, "B C H W", **sizes)
    check_shape("field", field, "H W", H=sizes["H"], W=sizes["W"])
    change = (after.double() - before.double()).square().sum(dim=1)  # (B, H, W)
    return ((change * field).sum(dim=(1, 2)) / change.sum(dim=(1, 2))).float()
