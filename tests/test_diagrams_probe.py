"""The diagram of a probe says what learns, and from what."""

from __future__ import annotations

from xml.etree import ElementTree

from vqtutor.plots import diagrams


def test_probe_is_well_formed_and_described():
    diagram = diagrams.probe()
    drawing = ElementTree.fromstring(diagram.html)[0]
    assert drawing.attrib["aria-label"] == diagram.description == str(diagram)
    words = {element.text for element in drawing.iter() if element.text}
    assert {"encoder f", "does not learn", "probe", "learns", "latent z"} <= words
    assert "labels" in diagram.description


def test_only_the_frozen_parts_are_dashed():
    drawing = ElementTree.fromstring(diagrams.probe().html)[0]
    dashed = [element for element in drawing.iter() if "stroke-dasharray" in element.attrib]
    assert len(dashed) == 1
