"""Figures of priors at work: what is drawn is what was handed over."""

from __future__ import annotations

import numpy as np
import torch

from vqtutor import plots
from vqtutor.train import History


def texts(ax):
    return [text.get_text() for text in ax.texts]


def test_reach_darkens_what_is_overlooked_before_the_cross():
    layers = torch.tensor([[2, 1, 0], [1, 0, 0]])
    (ax,) = plots.plot_reach({"stack": layers}, (1, 1))
    assert texts(ax) == ["2", "1", "1"]
    picture = ax.images[0].get_array()
    assert (picture < 0.5).tolist() == [[False, False, True], [False, False, False]]
    assert picture[0, 0] < picture[0, 1] < picture[1, 1] == 1
    assert ax.lines[0].get_xydata().tolist() == [[1, 1]]
    assert ax.get_title() == "stack"


def test_reach_has_one_scale_for_all_panels():
    first, second = plots.plot_reach(
        {"a": torch.tensor([[1, 0]]), "b": torch.tensor([[4, 0]])}, (0, 1)
    )
    assert first.images[0].get_array()[0, 0] > second.images[0].get_array()[0, 0]


def test_prior_curves_are_in_bits():
    history = History(
        train=[{"total": 2.0, "bits": 3.0}, {"total": 1.0, "bits": 1.5}],
        validation=[{"total": 2.1, "bits": 3.1}, {"total": 1.4, "bits": 2.0}],
        best_epoch=1,
    )
    axes = plots.plot_prior_curves({"top": history, "bottom": history}, {"blind": 5.0})
    assert [ax.get_title() for ax in axes] == ["top", "bottom"]
    lines = {line.get_label(): line for line in axes[0].lines}
    assert lines["training"].get_ydata().tolist() == [3.0, 1.5]
    assert lines["validation"].get_ydata().tolist() == [3.1, 2.0]
    assert [2, 2.0] in [line.get_xydata().tolist()[0] for line in axes[0].lines]  # the best
    assert texts(axes[0]) == ["blind"]
    assert axes[0].get_ylabel() == "bits per code"


def test_code_probabilities_share_one_scale():
    rows = {"cold": torch.tensor([0.9, 0.1]), "hot": torch.tensor([0.5, 0.5])}
    axes = plots.plot_code_probabilities(rows)
    for ax, shares in zip(axes, rows.values(), strict=True):
        heights = [bar.get_height() for bar in ax.patches]
        np.testing.assert_allclose(heights, shares)
    assert axes[0].get_ylim() == axes[1].get_ylim()
    assert axes[0].get_ylim()[1] > 0.9


def test_filling_leaves_open_places_empty():
    grid = torch.tensor([[3, 23], [3, -1]])
    (ax,) = plots.plot_filling({"3 drawn": grid})
    assert texts(ax) == ["3", "23", "3"]
    colors = ax.images[0].get_array()
    assert (colors[1, 1] == 1).all()
    assert (colors[0, 0] == colors[1, 0]).all()
    assert not (colors[0, 0] == colors[1, 1]).all()
