"""Diagrams of what lies in between: dots on chord and arc, codes of neither end set off."""

import pytest

from vqtutor.plots import diagrams
from vqtutor.plots.diagrams.walks import FOREIGN

FIRST, LAST = [[0, 4], [2, 0]], [[4, 0], [2, 5]]


def test_chord_and_arc_have_the_same_number_of_steps():
    diagram = diagrams.chord_and_arc()
    assert diagram.html.count('r="5" fill="currentColor"') == 5 + 1  # one in the legend
    assert diagram.html.count('r="5" fill="none"') == 3 + 1
    assert "nearer to the center" in str(diagram)


def test_codes_of_neither_end_are_set_off():
    walks = {"by index": [FIRST, [[2, 2], [2, 2]], LAST], "one by one": [FIRST, FIRST, LAST]}
    diagram = diagrams.between_codes(walks)
    assert str(diagram).endswith("in neither of the two: by index, step 2: 3.")
    assert diagram.html.count(f'stroke="{FOREIGN}"') == 3 + 1  # one in the legend
    assert all(f">{word}<" in diagram.html for word in (*walks, "first", "last", "in neither"))


def test_nothing_strange_is_said_so():
    assert str(diagrams.between_codes({"still": [FIRST, FIRST]})).endswith("none.")


def test_walks_must_have_one_shape():
    with pytest.raises(
        ValueError, match=r"one shape \(T, H, W\), got \[\(2, 2, 2\), \(3, 2, 2\)\]"
    ):
        diagrams.between_codes({"a": [FIRST, LAST], "b": [FIRST, FIRST, LAST]})
    with pytest.raises(ValueError, match="got none"):
        diagrams.between_codes({})
