"""Which codes a prior's logits depend on; the tests of every prior call this."""

from collections.abc import Callable

import torch
from torch import Tensor


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
