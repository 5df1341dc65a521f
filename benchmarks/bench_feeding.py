"""One epoch of MNIST in minibatches: from memory, and through a Dataset and a DataLoader."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import torch
from PIL import Image
from torch import Tensor
from torch.nn import functional as F
from torch.utils.data import DataLoader, Dataset
from torchvision import datasets, transforms

from benchmarks.timing import Options, Row, interleave, ratio_row
from vqtutor.data import Minibatches

RUNS = 5
BATCH = 128
PADDING = 2  # pixels on each side: 28x28 becomes 32x32
TARGET = 60  # times as fast


class RandomDigits(Dataset[tuple[Tensor, int]]):
    """Random images that take the way of torchvision's MNIST: tensor, PIL image, transform."""

    def __init__(self, num_images: int, transform: transforms.Compose) -> None:
        generator = torch.Generator().manual_seed(0)
        shape = (num_images, 28, 28)
        self.data = torch.randint(256, shape, generator=generator).byte()  # (N, H, W)
        self.targets = torch.randint(10, shape[:1], generator=generator)  # (N,)
        self.transform = transform

    def __len__(self) -> int:
        return len(self.data)

    def __getitem__(self, index: int) -> tuple[Tensor, int]:
        image = Image.fromarray(self.data[index].numpy())
        return self.transform(image), int(self.targets[index])


def dataset(root: Path | None, num_images: int, *, padded: bool) -> RandomDigits | datasets.MNIST:
    """The usual Dataset: MNIST from the folder `root`, or random images of its size."""
    pad = [transforms.Pad(PADDING)] if padded else []
    transform = transforms.Compose([*pad, transforms.ToTensor()])
    if root is None:
        return RandomDigits(num_images, transform)
    return datasets.MNIST(root, train=True, transform=transform)


def epoch(batches: DataLoader | Minibatches) -> None:
    """Ask for every batch once."""
    for _ in batches:
        pass


def check_equal(loader: DataLoader, batches: Minibatches) -> None:
    """RuntimeError unless both, unshuffled, start with the same batch, bit for bit."""
    for usual, ours in zip(next(iter(loader)), next(iter(batches)), strict=True):
        if not torch.equal(usual, ours):
            raise RuntimeError("the two ways of feeding give different batches: not comparable.")


def measure(options: Options, num_images: int = 60_000) -> list[Row]:
    """Padded or not, and with worker processes where there is more than one thread."""
    rows = []
    for padded in (False, True):
        usual = dataset(options.root, num_images, padded=padded)
        images = usual.data.unsqueeze(1)  # (N, 1, H, W)
        if padded:
            images = F.pad(images, (PADDING,) * 4)
        ours = Minibatches(images, usual.targets, batch_size=BATCH)
        check_equal(
            DataLoader(usual, BATCH),
            Minibatches(images, usual.targets, batch_size=BATCH, shuffle=False),
        )
        size = "padded to 32x32" if padded else "28x28"
        name = "MNIST" if options.root else "random images of MNIST's size"
        # Worker processes would be threads in all but name: none beside a single thread.
        for workers in (0,) if options.threads == 1 else (0, options.threads):
            loader = DataLoader(usual, BATCH, shuffle=True, num_workers=workers)
            seconds = interleave(
                {"DataLoader": partial(epoch, loader), "memory": partial(epoch, ours)},
                options.runs or RUNS,
            )
            rows.append(
                ratio_row(
                    f"{name}, {size}: DataLoader with {workers} workers / from memory",
                    seconds,
                    "DataLoader",
                    "memory",
                    options.threads,
                    target=None if padded else TARGET,
                )
            )
    return rows
