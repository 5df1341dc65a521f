"""Figures of probes: what is drawn is what was measured."""

from __future__ import annotations

import numpy as np
import pytest
from matplotlib.collections import PathCollection, QuadMesh
from matplotlib.colors import to_rgba

from vqtutor import plots


def test_regions_show_the_answer_everywhere_and_every_point():
    points = np.array([[-1.0, 0.0], [-2.0, 1.0], [3.0, 2.0]])
    panels = {
        "left or right": (points, lambda places: (places[:, 0] > 0).astype(int)),
        "always one": (points, lambda places: np.ones(len(places), int)),
    }
    first, second = plots.plot_regions(panels, [0, 0, 1], ["a", "b"])
    assert (first.get_title(), second.get_title()) == tuple(panels)
    mesh = next(one for one in first.collections if isinstance(one, QuadMesh))
    answers = np.asarray(mesh.get_array())
    assert (np.diff(answers, axis=1) >= 0).all()  # a border from top to bottom
    assert answers[:, 0].max() == 0
    assert answers[:, -1].min() == 1
    drawn = [one.get_offsets() for one in first.collections if isinstance(one, PathCollection)]
    assert [len(offsets) for offsets in drawn] == [2, 1]
    np.testing.assert_array_equal(drawn[1], points[2:])
    low, high = first.get_xlim()
    assert low < -2
    assert high > 3


def test_regions_of_too_many_classes_are_refused():
    with pytest.raises(ValueError, match="at most 4 classes can be drawn, got 5"):
        plots.plot_regions({}, [], list("abcde"))


def test_confusions_write_counts_and_color_mistakes_only():
    tables = {"good": [[7, 0], [1, 5]], "bad": [[2, 4], [0, 3]]}
    good, bad = plots.plot_confusions(tables, ["x", "y"])
    assert sorted(text.get_text() for text in good.texts) == ["1", "5", "7"]
    assert (good.get_xlabel(), good.get_ylabel()) == ("answer", "right class")
    np.testing.assert_array_equal(good.images[0].get_array(), [[0, 0], [1, 0]])
    assert good.images[0].get_clim() == bad.images[0].get_clim()  # one scale
    assert len(good.patches) == 2  # right answers are gray
    for cell in good.patches:
        assert cell.get_x() == cell.get_y()


def test_spread_marks_every_value_and_the_mean():
    values = {"VAE, sampled": (0.5, 0.7, 0.7), "pixels": (0.9,)}
    ax = plots.plot_spread(values)
    marks = [line for line in ax.lines if line.get_marker() == "o"]
    assert [round(float(mark.get_xdata()[0])) for mark in marks] == [50, 70, 70, 90]
    rows = [float(mark.get_ydata()[0]) for mark in marks]
    assert rows[1] != rows[2]  # equal values can be counted
    assert rows[3] == 1
    means = [line for line in ax.lines if line.get_marker() != "o"]
    assert [round(float(line.get_xdata()[0]), 3) for line in means] == [round(190 / 3, 3)]
    assert [label.get_text() for label in ax.get_yticklabels()] == list(values)
    assert to_rgba(marks[0].get_color()) == to_rgba(plots.COLORS["VAE"])


def test_label_curves_show_mean_and_range_of_the_draws():
    table = np.array([[0.2, 0.4], [0.8, 0.9]])
    ax = plots.plot_label_curves((10, 1000), {"AE": table, "pixels": table, "PCA": table})
    first, *baselines = ax.lines
    np.testing.assert_allclose(first.get_ydata(), [30, 85])
    band = ax.collections[0].get_paths()[0].vertices
    assert (band[:, 1].min(), band[:, 1].max()) == pytest.approx((20, 90))
    assert [label.get_text() for label in ax.get_xticklabels()] == ["10", "1,000"]
    assert baselines[0].get_linestyle() != baselines[1].get_linestyle()
    assert baselines[0].get_color() == baselines[1].get_color()
