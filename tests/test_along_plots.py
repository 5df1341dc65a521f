"""Figures of what is met along a path: the numbers are on them."""

from __future__ import annotations

import pytest
import torch

from vqtutor import plots
from vqtutor.plots.style import NEUTRAL


def test_kinds_of_one_model_share_a_color_and_differ_in_dashes():
    curves = {
        "pixels": [1.0, 1.0],
        "VQ-VAE-2, indices": torch.tensor([1.0, 4.0, 1.0]),
        "VQ-VAE-2, vectors": torch.tensor([1.0, 2.0, 1.0]),
    }
    ax = plots.plot_along(curves, label="distance", levels={"threshold": 3.0})
    pixels, indices, vectors, level = ax.lines
    assert pixels.get_color() == NEUTRAL
    assert indices.get_color() == vectors.get_color() == plots.COLORS["VQ-VAE-2"]
    assert (indices.get_linestyle(), vectors.get_linestyle()) == ("-", "--")
    assert list(indices.get_xdata()) == [0, 50, 100]
    assert list(indices.get_ydata()) == [1, 4, 1]
    assert list(level.get_ydata()) == [3, 3]
    assert [text.get_text() for text in ax.get_legend().texts] == [*curves, "threshold"]
    assert ax.get_ylabel() == "distance"


def test_readings_show_both_ends_and_the_likeliest_other():
    probabilities = torch.tensor([[0.1, 0.8, 0.1, 0.0], [0.0, 0.2, 0.5, 0.3]])
    (ax,) = plots.plot_readings({"AE": probabilities}, ends=(1, 3), class_names="abcd")
    first, last = ax.lines
    assert first.get_ydata() == pytest.approx([80, 20])
    assert last.get_ydata() == pytest.approx([0, 30])
    heights = ax.collections[0].get_paths()[0].vertices[:, 1]
    assert heights.max() == pytest.approx(50)
    assert [text.get_text() for text in ax.get_legend().texts] == ["any other", "b", "d"]
    assert ax.get_title() == "AE"


def test_no_readings_leave_empty_axes():
    (ax,) = plots.plot_readings({}, ends=(0, 1), class_names="ab")
    assert len(ax.lines) == 0


def test_paths_lie_over_the_plane():
    latent, labels = torch.tensor([[0.0, 0.0], [2.0, 0.0], [0.0, 2.0]]), torch.tensor([0, 1, 1])
    paths = torch.tensor([[[0.0, 0.0], [1.0, 1.0]], [[2.0, 0.0], [0.0, 2.0]]])
    ax = plots.plot_plane_paths(latent, labels, ("0", "1"), paths)
    lines = [line for line in ax.lines if len(line.get_xdata()) == 2]
    assert [list(line.get_xdata()) for line in lines] == [[0, 1], [2, 0]]
    starts = [line for line in ax.lines if len(line.get_xdata()) == 1]
    assert [(line.get_xdata()[0], line.get_ydata()[0]) for line in starts] == [(0, 0), (2, 0)]
    assert ax.get_xlabel() == "first number of the latent"
