"""The diagram of the way from a sentence to a verdict."""

from __future__ import annotations

from typing import get_args
from xml.etree import ElementTree

from vqtutor.experiments.ledger import Verdict
from vqtutor.plots import diagrams, verdicts
from vqtutor.plots.diagrams.ledger import CLAIM, INTERVALS, THRESHOLDS, VERDICTS


def test_is_well_formed_and_described():
    diagram = diagrams.ledger()
    drawing = ElementTree.fromstring(diagram.html)[0]
    assert drawing.attrib["aria-label"] == diagram.description == str(diagram)
    words = {element.text for element in drawing.iter() if element.text}
    assert {"fixed before", "measured after", *CLAIM} <= words


def test_all_verdicts_are_named_and_colored_as_in_the_plot():
    assert set(VERDICTS) == set(get_args(Verdict))
    for name in ("confirmed", "refuted"):
        assert VERDICTS[name] == verdicts.VERDICTS[name]
    assert all(name in diagrams.ledger().description for name in VERDICTS)


def test_every_interval_confirms():
    """As the drawing says: all of them end left of the first threshold."""
    assert all(low < high <= THRESHOLDS[0] for low, high in INTERVALS)
