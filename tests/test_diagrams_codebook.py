"""The drawings of a codebook: every station is named, and only the gradient is dashed."""

from __future__ import annotations

from xml.etree import ElementTree

from vqtutor.plots import diagrams
from vqtutor.plots.diagrams.codebook import CHOSEN, CODES, GRADIENT


def drawing(diagram):
    return ElementTree.fromstring(diagram.html)


def words(diagram):
    return [node.text for node in drawing(diagram).iter() if node.tag.endswith("text")]


def test_the_way_from_image_to_image_is_named():
    found = words(diagrams.codebook())
    stations = ["image x", "encoder", "features v", "nearest", "codes c", "look", "quantized q"]
    assert [word for word in found if word in stations] == stations
    assert found.index("quantized q") < found.index("decoder") < found.index("x̂")


def test_codes_are_numbers_of_codebook_vectors():
    found = [int(word) for word in words(diagrams.codebook()) if word.isdecimal()]
    assert found == [*CHOSEN, *range(len(CODES))]


def test_only_the_gradient_is_dashed():
    for diagram, dashed in ((diagrams.codebook(), 1), (diagrams.pulls(), 1)):
        paths = [node for node in drawing(diagram).iter() if "stroke-dasharray" in node.attrib]
        assert [path.attrib["stroke"] for path in paths] == [GRADIENT] * dashed


def test_descriptions_say_who_is_moved():
    assert "jumps from these vectors to the features" in str(diagrams.codebook())
    text = str(diagrams.pulls())
    assert "commitment pulls v towards e" in text
    assert "codebook loss pulls e towards v" in text
    assert "never at e" in text
