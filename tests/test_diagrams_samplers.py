"""The diagram of samplers names every way to draw latents, model by model."""

from __future__ import annotations

from xml.etree import ElementTree

from vqtutor.plots import diagrams
from vqtutor.plots.diagrams.samplers import DRAWS, WIDTHS
from vqtutor.plots.style import COLORS


def test_samplers_are_named_and_described():
    diagram = diagrams.samplers()
    drawing = ElementTree.fromstring(diagram.html)[0]
    assert drawing.attrib["aria-label"] == diagram.description == str(diagram)
    words = [element.text for element in drawing.iter() if element.text]
    for name, draws in DRAWS.items():
        assert words.count(name) == 1
        assert f"{name}: {', '.join(draws)}" in diagram.description
    for draw in WIDTHS:
        assert words.count(draw) == sum(draw in draws for draws in DRAWS.values())


def test_only_samplers_are_dashed_in_the_color_of_their_model():
    drawing = ElementTree.fromstring(diagrams.samplers().html)[0]
    dashed = [e.attrib["stroke"] for e in drawing.iter() if "stroke-dasharray" in e.attrib]
    assert dashed == [COLORS[name] for name, draws in DRAWS.items() for _ in draws]


def test_nothing_sticks_out_and_no_samplers_overlap():
    drawing = ElementTree.fromstring(diagrams.samplers().html)[0]
    _, _, width, height = (float(part) for part in drawing.attrib["viewBox"].split())
    boxes = []
    for element in drawing.iter():
        if element.tag.endswith("rect"):
            x, y, w, h = (float(element.attrib[key]) for key in ("x", "y", "width", "height"))
            assert x >= 0
            assert x + w <= width
            assert y + h <= height
            boxes.append((x, y, x + w, y + h))
    for i, (left, top, right, bottom) in enumerate(boxes):
        for other_left, other_top, other_right, other_bottom in boxes[:i]:
            apart = left >= other_right or right <= other_left
            assert apart or top >= other_bottom or bottom <= other_top
