"""Digits drawn by hand, with open and closed loops: what was repaired and what was broken."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from vqtutor import metrics
from vqtutor.data import ImageSet, Split
from vqtutor.experiments.strokes import compare_strokes

RING = ("#####", "#...#", "#...#", "#####")
OPEN = ("#####", "#...#", "#....", "#####")
TWO = ("#####", "#.#.#", "#.#.#", "#####")
BAR = ("..#..", "..#..", "..#..", "..#..")


def drawn(*shapes: tuple[str, ...]) -> Tensor:
    """(N, 1, 8, 8) in [0, 1], with a padding of 2 to the left and above."""
    images = torch.zeros(len(shapes), 1, 8, 8)
    for image, rows in zip(images, shapes, strict=True):
        ink = torch.tensor([[float(mark == "#") for mark in row] for row in rows])
        image[0, 2:6, 2:7] = ink
    return images


def make_data(names: str, classes: str, *shapes: tuple[str, ...]) -> ImageSet:
    images = (drawn(*shapes) * 255).to(torch.uint8)
    part = Split(images, torch.tensor([names.index(name) for name in classes]))
    return ImageSet("drawn", part, part, part, class_names=tuple(names), padding=(2, 0, 2, 0))


def test_repaired_and_broken_strokes_are_counted():
    #        right, right, open,  open,  right, any
    classes = "01" + "0" + "8" + "8" + "4"
    data = make_data("01458", classes, RING, BAR, OPEN, RING, TWO, RING)
    outcome = drawn(RING, BAR, RING, TWO, OPEN, OPEN)
    found = compare_strokes(outcome, data)
    assert found is not None
    assert (found.num_images, found.repaired, found.broken) == (5, 2, 1)
    assert found.original_right == pytest.approx(3 / 5)
    assert found.right == pytest.approx(4 / 5)
    assert found.p == metrics.mcnemar(2, 1)


def test_the_same_images_are_neither_repaired_nor_broken():
    data = make_data("08", "008", RING, OPEN, TWO)
    found = compare_strokes(data.test.images.float() / 255, data)
    assert found is not None
    assert (found.repaired, found.broken, found.p) == (0, 0, 1)
    assert found.right == found.original_right == pytest.approx(2 / 3)


def test_ink_is_what_is_brighter_than_the_threshold():
    data = make_data("0", "0", OPEN)
    pale = 0.4 * drawn(RING)
    assert compare_strokes(pale, data).repaired == 0
    assert compare_strokes(pale, data, threshold=0.3).repaired == 1


def test_only_digits_have_a_known_number_of_holes():
    split = Split(torch.zeros(2, 1, 8, 8, dtype=torch.uint8), torch.tensor([0, 1]))
    ships = ImageSet("ships", split, split, split, class_names=("ship", "cat"))
    assert compare_strokes(torch.zeros(2, 1, 8, 8), ships) is None
    bare = Split(split.images)
    assert compare_strokes(torch.zeros(2, 1, 8, 8), ImageSet("bare", bare, bare, bare)) is None
