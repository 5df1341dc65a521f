"""Several processes that train one network together, each on its own part of every batch.

`accelerate launch` starts the same program several times; the first to call `join` here makes them
a group. They draw the same order of images from the same seed and take one part of each batch.
Gradients are averaged, the counts and sums of a codebook added, so all hold the same network.
Without a launcher every function below does nothing, or returns what it was given.
Batch normalization is the exception: each process normalizes by its own part of a batch, so that
two of them learn a little differently from one with the whole batch; the first one's running
averages are kept.
"""

from __future__ import annotations

import os
from typing import Any

import torch
from torch import Tensor, distributed, nn


def join(device: str = "auto") -> str:
    """Join the group that a launcher started: the device of this process, of the kind `device`.

    Without a launcher, `device` as it is. ImportError where Accelerate is not installed.
    """
    if int(os.environ.get("WORLD_SIZE", "1")) == 1:
        return device
    try:
        from accelerate import PartialState
    except ImportError as error:
        raise ImportError(
            "several processes need Accelerate: pip install accelerate, or start only one."
        ) from error
    on_cpu = device == "cpu" or not torch.cuda.is_available()
    state = PartialState(cpu=on_cpu)
    return "cpu" if on_cpu else str(state.device)


def leave() -> None:
    """Leave the group at the end of the program; torch warns if it is left open."""
    if distributed.is_available() and distributed.is_initialized():
        distributed.destroy_process_group()


def count() -> int:
    """How many processes train together; 1 without a group."""
    grouped = distributed.is_available() and distributed.is_initialized()
    return distributed.get_world_size() if grouped else 1


def rank() -> int:
    """Which of them this one is, from 0."""
    return distributed.get_rank() if count() > 1 else 0


def is_first() -> bool:
    """Whether this is the process that prints and writes files."""
    return rank() == 0


def total(tensor: Tensor) -> Tensor:
    """The sum of every process's `tensor`, the same bits everywhere; written into `tensor`."""
    if count() > 1:
        distributed.all_reduce(tensor)
    return tensor


def mean(tensor: Tensor) -> Tensor:
    """The mean of every process's `tensor`, the same bits everywhere; written into `tensor`."""
    return total(tensor).div_(count())


def average_gradients(model: nn.Module) -> Any:
    """`model`, wrapped so that its backward pass leaves the mean of all processes' gradients."""
    if count() == 1:
        return model
    from accelerate import Accelerator

    return Accelerator().prepare_model(model)


def select(tensor: Tensor, rows: Tensor) -> Tensor:
    """`tensor[rows]` of all processes' tensors joined, in the order of their ranks.

    tensor : (N, ...), of the same size in every process; rows : (n,) int64 in [0, count() * N).
    """
    if count() == 1:
        return tensor[rows]
    here = rows - rank() * len(tensor)
    mine = (here >= 0) & (here < len(tensor))  # (n,)
    chosen = tensor[here.clamp(0, len(tensor) - 1)]
    # Each row is in one process only, and zero in the others.
    return total(chosen.mul_(mine.view(-1, *[1] * (tensor.ndim - 1)).to(chosen.dtype)))
