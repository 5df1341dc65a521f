"""Which codes a prior's logits depend on; the tests of every prior call this."""

from collections.abc import Callable

import torch
from torch import Tensor, nn


def assert_causal(logits_of: Callable[[Tensor], Tensor], codes: Tensor, num_codes: int) -> None:
    """Change one code of `codes`, (B, H, W), at a time: only later logits may move, and some do.

    `logits_of` maps codes to logits (B, K, H, W): a prior, or one with its other inputs fixed.
    """
    order = torch.arange(codes[0].numel()).view(codes.shape[1:])  # (H, W)
    before = logits_of(codes)
    for here in range(order.numel()):
        changed = torch.where(order == here, (codes + 1) % num_codes, codes)
        moved = (logits_of(changed) - before).abs().amax(dim=(0, 1)) > 1e-6  # (H, W)
        assert not moved[order <= here].any(), f"logits up to {here} depend on code {here}"
        if here < order.numel() - 1:
            assert moved[order > here].any(), f"no later logit depends on code {here}"


def find_reached(prior: nn.Module, codes: Tensor, row: int, column: int) -> Tensor:
    """Where the logits at (row, column) have a gradient to the embedded code: (H, W) bool."""
    embedded: list[Tensor] = []  # (B, H, W, C) each; a prior may have an embedding per stream
    handles = [
        module.register_forward_hook(lambda _module, _inputs, output: embedded.append(output))
        for module in prior.children()
        if isinstance(module, nn.Embedding)
    ]
    logits = prior(codes)
    for handle in handles:
        handle.remove()
    gradients = torch.autograd.grad(logits[:, :, row, column].square().sum(), embedded)
    return torch.stack([gradient.abs().amax(dim=(0, 3)) for gradient in gradients]).amax(0) > 0
