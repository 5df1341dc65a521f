"""Figures of how images are measured: what is on them."""

from __future__ import annotations

import matplotlib.pyplot as plt
import pytest
import torch

from vqtutor import plots
from vqtutor.experiments.estimates import Estimate
from vqtutor.plots.style import NEUTRAL


def test_power_has_a_line_per_set_in_the_color_of_its_model():
    frequencies = torch.tensor([0.1, 0.3, 0.5])
    power = {
        "original": torch.tensor([2.0, 1.0, 0.5]),
        "VAE": torch.tensor([1.0, 0.5, 0.2]),
        "VAE, sampled": torch.tensor([1.0, 0.4, 0.1]),
    }
    ax = plots.plot_power(frequencies, power)
    original, mean, draw, quarter = ax.lines
    assert mean.get_ydata() == pytest.approx([1.0, 0.5, 0.2])
    assert original.get_color() == NEUTRAL
    assert mean.get_color() == draw.get_color() == plots.COLORS["VAE"]
    assert (mean.get_linestyle(), draw.get_linestyle()) == ("-", "--")
    assert list(quarter.get_xdata()) == [0.25, 0.25]
    assert ax.get_yscale() == "log"
    assert [text.get_text() for text in ax.get_legend().texts] == list(power)


def test_resamples_are_counted_and_the_interval_is_shaded():
    resampled = torch.linspace(0.8, 1.2, 41)
    ax = plots.plot_resamples(resampled, Estimate(1.0, 0.9, 1.1), "ratio", bins=4)
    *bars, shade = ax.patches
    assert [bar.get_height() for bar in bars] == [10, 10, 10, 11]
    assert shade.get_x() == pytest.approx(0.9)
    assert shade.get_width() == pytest.approx(0.2)
    assert list(ax.lines[0].get_xdata()) == [1.0, 1.0]
    assert ax.get_xlabel() == "ratio"
    assert ax.get_ylabel() == "of 41 resamples"


def test_axes_that_are_given_are_drawn_on():
    ax = plt.subplots()[1]
    assert plots.plot_power([0.1, 0.2], {"other": [1.0, 1.0]}, ax) is ax
    assert ax.lines[0].get_color() == NEUTRAL
