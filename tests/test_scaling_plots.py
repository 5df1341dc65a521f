"""Figures of growth: what is drawn, and the factor per doubling in words."""

import numpy as np
import pytest

from vqtutor import plots


def test_the_factor_per_doubling_is_that_of_the_last_two_sizes():
    sizes = np.array([2, 8, 32])  # steps of two doublings
    ax = plots.plot_growth(
        sizes, {"area": sizes**2, "noise": 1 / np.sqrt(sizes)}, xlabel="side", ylabel="cost"
    )
    labels = [line.get_label() for line in ax.lines]
    assert labels == ["area: × 4 per doubling", "noise: × 0.707 per doubling"]
    np.testing.assert_array_equal(ax.lines[0].get_ydata(), sizes**2)
    assert (ax.get_xscale(), ax.get_yscale()) == ("log", "log")
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("side", "cost")


def test_curves_are_told_apart_without_colors():
    sizes, names = [1, 2], "abcd"
    ax = plots.plot_growth(sizes, dict.fromkeys(names, sizes), xlabel="", ylabel="")
    assert len({(line.get_marker(), line.get_linestyle()) for line in ax.lines}) == len(names)


@pytest.mark.parametrize(("top", "written"), [(300, "200"), (1e9, "$\\mathdefault{10^{6}}$")])
def test_numbers_are_written_out_where_they_are_few(top, written):
    ax = plots.plot_growth([1, 2], {"cost": [1, top]}, xlabel="", ylabel="")
    plots.figure_of(ax).canvas.draw()
    assert written in [label.get_text() for label in ax.get_yticklabels()]


def test_what_cannot_be_drawn_is_named():
    with pytest.raises(ValueError, match=r"at most 4 curves .* got 5"):
        plots.plot_growth([1, 2], {name: [1, 2] for name in "abcde"}, xlabel="", ylabel="")
    with pytest.raises(ValueError, match="'nothing' must be above 0"):
        plots.plot_growth([1, 2], {"nothing": [0, 1]}, xlabel="", ylabel="")
