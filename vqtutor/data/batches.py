"""Minibatches straight from memory: no worker process, no work per image.

Small images fit into memory as a whole. Indexing one uint8 tensor and scaling the batch is all the
work there is; a Dataset with a DataLoader would call Python for every single image.
"""

from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor

from vqtutor.checks import check_positive


class Minibatches:
    """Batches of tensors that belong together, in a new order each time it is iterated.

    tensors : each (N, ...); None, e.g. for absent labels, stays None in every batch. uint8 comes
        out as float32 in [0, 1], any other dtype as it is. A tensor is indexed where it lives:
        one that was moved to the accelerator before is not copied again for each batch.
    batch_size : N of a batch; the last one is smaller unless `drop_last` leaves it out.
    generator : a CPU generator that the order is drawn from; None takes torch's global one.
    device : where the batches go.
    part : (i, n): of every batch only the i-th of n equal parts, counted from 0. With the same
        generator in n processes, they share each batch; n must divide `batch_size`, and the last,
        smaller batch is left out.
    """

    def __init__(
        self,
        *tensors: Tensor | None,
        batch_size: int,
        generator: torch.Generator | None = None,
        device: torch.device | str = "cpu",
        shuffle: bool = True,
        drop_last: bool = False,
        part: tuple[int, int] = (0, 1),
    ) -> None:
        check_positive(batch_size=batch_size, parts=part[1])
        if batch_size % part[1] or not 0 <= part[0] < part[1]:
            raise ValueError(
                f"part must be (i, n), i in 0..n-1, and n must divide batch_size = {batch_size}, "
                f"got {part}: choose a multiple of the number of processes."
            )
        lengths = [len(tensor) for tensor in tensors if tensor is not None]
        if not lengths:
            raise ValueError("Minibatches needs at least one tensor that is not None.")
        if len(set(lengths)) > 1:
            raise ValueError(f"tensors must all have the same length, got {lengths}.")
        if generator is not None and generator.device.type != "cpu":
            raise ValueError(
                f"generator must be a CPU generator, got one on {generator.device}: the order is "
                "drawn there, so that it is the same on every device."
            )
        self.tensors = tensors
        self.num_items = lengths[0]
        self.batch_size = batch_size
        self.generator = generator
        self.device = torch.device(device)
        self.shuffle = shuffle
        self.drop_last = drop_last or part[1] > 1
        self.part = part
        if len(self) == 0:
            raise ValueError(
                f"{self.num_items} items make no batch of {batch_size}"
                f"{' while drop_last is on' if self.drop_last else ''}: "
                "take a smaller batch_size or more data."
            )

    def __len__(self) -> int:
        """The number of batches."""
        extra = 0 if self.drop_last else self.batch_size - 1
        return (self.num_items + extra) // self.batch_size

    # Any: whether an entry is a Tensor or None is known to the caller who passed it.
    def __iter__(self) -> Iterator[tuple[Any, ...]]:
        if self.shuffle:
            order = torch.randperm(self.num_items, generator=self.generator)  # (N,)
        else:
            order = torch.arange(self.num_items)
        index, parts = self.part
        for batch in order.split(self.batch_size)[: len(self)]:
            chosen = batch.chunk(parts)[index]
            yield tuple(
                None if tensor is None else self._take(tensor, chosen) for tensor in self.tensors
            )

    def _take(self, tensor: Tensor, chosen: Tensor) -> Tensor:
        # index_select copies uint8 rows four times as fast as tensor[chosen] does.
        # Copies from the CPU need not wait for what an accelerator is doing.
        rows = chosen.to(tensor.device, non_blocking=True)
        batch = tensor.index_select(0, rows).to(self.device, non_blocking=tensor.is_cpu)
        return batch.to(torch.float32).div_(255) if batch.dtype == torch.uint8 else batch
