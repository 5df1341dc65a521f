"""The drawing of stage 1: every station once, in order, and readable on a phone."""

from __future__ import annotations

import re
from xml.etree import ElementTree

from vqtutor.plots.diagrams import levels
from vqtutor.plots.diagrams.levels import HEIGHT, LEAST, WIDTH

SVG = "{http://www.w3.org/2000/svg}"


def drawn():
    return ElementTree.fromstring(re.search(r"<svg.*</svg>", levels().html, re.DOTALL)[0])


def words():
    return ["".join(text.itertext()) for text in drawn().iter(f"{SVG}text")]


def test_all_stations_are_there():
    said = " ".join(words())
    for station in (
        "image x",
        "bottom encoder",
        "top encoder",
        "quantize top",
        "top decoder",
        "concatenate",
        "quantize bottom",
        "upsample",
        "decoder",
        "reconstruction",
    ):
        assert station in said
    assert sorted(word for word in words() if word.isdigit()) == list("123456")
    for letter in ("hb", "vt", "qt", "dt", "qb"):
        assert letter in words()


def test_description_names_the_steps_in_order():
    parts = re.findall(r"(\d): the (\w+ \w+)", levels().description)
    assert parts[:2] == [("1", "bottom encoder"), ("2", "top encoder")]
    steps = [int(number) for number in re.findall(r"(\d): ", levels().description)]
    assert steps == [1, 2, 3, 4, 5, 6]


def test_grids_have_a_cell_per_code():
    sizes = [shape.get("fill-opacity") for shape in drawn().iter(f"{SVG}rect")]
    assert sizes.count(".7") == 4 * 4 + 8 * 8
    assert "8 by 16 bottom codes" in levels((2, 4), (8, 16)).description
    assert "2 × 4" in levels((2, 4), (8, 16)).html


def test_nothing_leaves_the_drawing():
    for shape in drawn().iter(f"{SVG}rect"):
        x, y, width, height = (float(shape.get(name)) for name in ("x", "y", "width", "height"))
        assert x >= 0
        assert y >= 0
        assert x + width <= WIDTH
        assert y + height <= HEIGHT
    for text in drawn().iter(f"{SVG}text"):
        half = 0.3 * int(text.get("font-size")) * len("".join(text.itertext()))
        assert float(text.get("x")) - half >= 0
        assert float(text.get("x")) + half <= WIDTH


def test_smallest_letters_can_be_read_on_a_phone():
    assert f"min-width:{LEAST}px" in levels().html
    sizes = [float(text.get("font-size")) for text in drawn().iter(f"{SVG}text")]
    assert min(sizes) * LEAST / WIDTH >= 10
    assert "overflow-x:auto" in levels().html


def test_words_take_the_color_of_the_page():
    for text in drawn().iter(f"{SVG}text"):
        on_disk = "".join(text.itertext()).isdigit()
        assert text.get("fill") == ("#FFFFFF" if on_disk else "currentColor")
