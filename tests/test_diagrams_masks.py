"""The drawings of what a PixelCNN sees: right cells, nothing cut off, readable on any page."""

from __future__ import annotations

import re
from xml.etree import ElementTree

import pytest

from vqtutor.models.pixelcnn import MaskedConv2d
from vqtutor.plots.diagrams import gated_layer, reading_order, two_streams
from vqtutor.plots.diagrams.masks import ABOVE, CELL, LEFT

SVG = "{http://www.w3.org/2000/svg}"
EVERY = pytest.mark.parametrize("diagram", [reading_order, two_streams, gated_layer])


def drawn(diagram):
    return ElementTree.fromstring(re.search(r"<svg.*</svg>", diagram().html, re.DOTALL)[0])


def words(diagram):
    return ["".join(text.itertext()) for text in drawn(diagram).iter(f"{SVG}text")]


def fills(diagram):
    """The color of every cell, None for an empty one, in the order of drawing."""
    cells = [one for one in drawn(diagram).iter(f"{SVG}rect") if one.get("width") == str(CELL)]
    return [None if one.get("fill") == "none" else one.get("fill") for one in cells]


def test_codes_are_numbered_row_by_row():
    cells = words(reading_order)[:16]
    assert cells == ["?" if number == 10 else str(number) for number in range(1, 17)]
    assert [fill is not None for fill in fills(reading_order)[:16]] == [True] * 9 + [False] * 7


@pytest.mark.parametrize(("first", "middle"), [(16, False), (25, True)])
def test_masks_are_those_of_the_library(first, middle):
    mask = MaskedConv2d(1, 1, 3, middle=middle).mask.flatten()
    assert words(reading_order)[first : first + 9] == [f"{weight:g}" for weight in mask.tolist()]
    shown = [fill is not None for fill in fills(reading_order)[first : first + 9]]
    assert shown == mask.bool().tolist()


def test_streams_together_see_all_that_came_before():
    above, left, both = (fills(two_streams)[20 * part : 20 * part + 20] for part in range(3))
    assert above == [ABOVE] * 10 + [None] * 10
    assert left == [None] * 10 + [LEFT] * 2 + [None] * 8
    assert both == [one or other for one, other in zip(above, left, strict=True)]
    assert [place for place, word in enumerate(words(two_streams)[:20]) if word == "?"] == [12]


def test_layer_has_two_lanes_and_one_link():
    said = words(gated_layer)
    assert said.count("tanh · sigmoid") == 2
    assert said.count("link") == 1
    for kernel in ("2 × 3", "1 × 2"):
        assert said.count(kernel) == 1


@EVERY
def test_nothing_leaves_the_drawing(diagram):
    width, height = map(float, drawn(diagram).get("viewBox").split()[2:])
    for shape in drawn(diagram).iter(f"{SVG}rect"):
        x, y, right, down = (float(shape.get(name)) for name in ("x", "y", "width", "height"))
        assert min(x, y) >= 0
        assert x + right <= width
        assert y + down <= height
    for text in drawn(diagram).iter(f"{SVG}text"):
        half = 0.3 * int(text.get("font-size")) * len("".join(text.itertext()))
        assert float(text.get("x")) - half >= 0
        assert float(text.get("x")) + half <= width
        assert float(text.get("y")) <= height


@EVERY
def test_words_take_the_color_of_the_page_and_a_description_is_there(diagram):
    assert all(text.get("fill") == "currentColor" for text in drawn(diagram).iter(f"{SVG}text"))
    assert drawn(diagram).get("aria-label") == diagram().description
    assert len(diagram().description) > 100
