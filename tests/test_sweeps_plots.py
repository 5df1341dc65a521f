"""Figures of single coordinates: every coordinate is drawn where it was measured."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from vqtutor import plots
from vqtutor.experiments.sweeps import Sweep
from vqtutor.plots.style import figure_of
from vqtutor.plots.sweeps import SMALLEST


def make_sweep(degrees: tuple[float, ...], shares: tuple[float, ...]) -> Sweep:
    zeros = tuple(0.0 for _ in degrees)
    return Sweep(
        effect=zeros,
        locality=0.1,
        brightness=zeros,
        slant=zeros,
        slant_range=degrees,
        shown=(0,),
        images=np.zeros((1, 9, 1, 8, 8), np.uint8),
        steady={"slant": shares},
    )


def test_steadiness_has_a_mark_per_coordinate_at_its_range_and_share():
    sweeps = {
        "AE, -1 to 1": make_sweep((0.1, 0.2, 0.0), (1.0, 0.9, 0.5)),
        "VAE, -1 to 1": make_sweep((20.0, 3.0, 1.0), (0.95, 0.2, 0.0)),
    }
    ax = plots.plot_steadiness(sweeps)
    first, second = ax.lines
    assert list(first.get_xdata()) == [0.1, 0.2, SMALLEST]  # a logarithm of 0 has no place
    assert list(first.get_ydata()) == [100, 90, 50]
    assert list(second.get_ydata()) == pytest.approx([95, 20, 0])
    assert (first.get_color(), second.get_color()) == (plots.COLORS["AE"], plots.COLORS["VAE"])
    assert first.get_marker() != second.get_marker()
    assert ax.get_xscale() == "log"
    assert [text.get_text() for text in ax.get_legend().texts] == list(sweeps)


def test_steadiness_of_nothing_is_empty():
    assert plots.plot_steadiness({}).get_legend() is None


def test_correlations_are_drawn_by_size_and_counted_from_one():
    matrix = torch.tensor([[1.0, -0.5], [0.0, 0.25]])
    axes = plots.plot_correlations({"itself": matrix, "another": matrix.T})
    assert [ax.get_title() for ax in axes] == ["itself", "another"]
    (image,) = axes[0].images
    assert image.get_array().tolist() == [[1, 0.5], [0, 0.25]]
    assert image.get_clim() == (0, 1)
    assert list(image.get_extent()) == [0.5, 2.5, 2.5, 0.5]
    figure = figure_of(axes[0])
    assert len(figure.axes) == 3  # and the bar that says what the gray means


def test_correlations_need_an_axes_per_matrix():
    with pytest.raises(ValueError, match="zip"):
        plots.plot_correlations({"one": torch.eye(2)}, [])
