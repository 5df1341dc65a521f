"""Which test images an experiment looks at: fixed ones for the pictures, random ones to measure."""

from __future__ import annotations

import torch
from torch import Tensor

from vqtutor.data import ImageSet


def shown_row(data: ImageSet, wanted: int) -> int:
    """Index of the first test image of class `wanted`; 0 where there is none or no label at all."""
    if data.test.labels is None:
        return 0
    found = (data.test.labels == wanted).nonzero()
    return int(found[0]) if len(found) else 0


def one_per_class(data: ImageSet, count: int) -> Tensor:
    """Indices, at most `count`, of the first test image of each class, or unlabeled the first."""
    if data.test.labels is None:
        return torch.arange(min(count, len(data.test)))
    by_class = [(data.test.labels == label).nonzero() for label in range(data.num_classes)]
    return torch.cat([rows[0] for rows in by_class if len(rows)])[:count]


def classes_of(data: ImageSet, rows: Tensor) -> tuple[str, ...]:
    """Names of the classes of test images, by index; empty without labels."""
    if data.test.labels is None:
        return ()
    return tuple(data.class_names[label] for label in data.test.labels[rows].tolist())


def shown_pair(data: ImageSet, wanted: tuple[int, int]) -> tuple[int, int]:
    """The first test image of each of two classes, or of the first two there are."""
    rows = one_per_class(data, len(data.test))
    if data.test.labels is not None:
        present = data.test.labels[rows].tolist()
        if all(label in present for label in wanted):
            first, last = (int(rows[present.index(label)]) for label in wanted)
            return first, last
    return int(rows[0]), int(rows[min(1, len(rows) - 1)])


def random_pairs(data: ImageSet, count: int, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """Indices (count,) of test images and of as many others, each of another class.

    Without labels every image counts as its own class. Where all are of one class, any two do.
    """
    number = len(data.test)
    classes = torch.arange(number) if data.test.labels is None else data.test.labels
    starts, ends = torch.randint(number, (2, count), generator=generator)
    while len(classes.unique()) > 1 and (same := classes[starts] == classes[ends]).any():
        ends[same] = torch.randint(number, (int(same.sum()),), generator=generator)
    return starts, ends
