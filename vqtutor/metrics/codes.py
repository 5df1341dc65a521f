"""How a codebook is used."""

from __future__ import annotations

import torch
from torch import Tensor

from vqtutor.checks import check_codes, check_shape


def code_histogram(codes: Tensor, num_codes: int) -> Tensor:
    """How often each code occurs, (K,) int64, in `codes`, int64 of any shape. Histograms add up."""
    check_codes("codes", codes, num_codes)
    return torch.bincount(codes.flatten(), minlength=num_codes)


def code_usage(histogram: Tensor) -> float:
    """Share of the K codes that occur at all, from a histogram (K,)."""
    check_shape("histogram", histogram, "K")
    return (histogram > 0).double().cpu().mean().item()


def perplexity(histogram: Tensor) -> float:
    """Effective number of codes, 1 to K: exp of the entropy in nats, from a histogram (K,)."""
    check_shape("histogram", histogram, "K")
    counts = histogram.cpu().double()
    if counts.sum() == 0:
        raise ValueError("perplexity of an empty histogram: no code was counted.")
    return torch.special.entr(counts / counts.sum()).sum().exp().item()
