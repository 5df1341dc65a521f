"""The diagram of several processes: a row for each, one exchange, the same weights at the end."""

import pytest

from vqtutor.plots import diagrams


@pytest.mark.parametrize("count", [2, 3, 4])
def test_every_process_has_its_row(count):
    diagram = diagrams.devices(count)
    for row in range(count):
        assert f">process {row}<" in diagram.html
    assert f">process {count}<" not in diagram.html
    assert diagram.html.count(">one step<") == count
    assert diagram.html.count(">=<") == count - 1
    assert diagram.html.count(">mean of the<") == 1


def test_description_says_what_is_averaged_and_what_is_added():
    description = str(diagrams.devices())
    assert description.startswith("3 processes")
    assert "mean of all gradients and the sum of all counts and sums" in description


@pytest.mark.parametrize("count", [1, 5])
def test_impossible_counts_are_named(count):
    with pytest.raises(ValueError, match=rf"2\.\.4, got {count}"):
        diagrams.devices(count)
