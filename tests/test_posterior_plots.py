"""Figures of posteriors: curves, clouds, and error against rate."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from matplotlib.collections import EllipseCollection

from tests.experiments.standins import Bands, make_data, make_vae
from vqtutor import plots
from vqtutor.experiments.beta import BetaSweep, run_beta


@pytest.fixture(scope="module")
def sweep() -> BetaSweep:
    torch.manual_seed(0)
    return run_beta({0.0: make_vae(), 1.0: make_vae(), 2.0: make_vae()}, Bands(), make_data())


def test_curves_and_levels_carry_their_names():
    curves = {"up": torch.tensor([0.0, 1.0]), "down": [1.0, 0.0]}
    ax = plots.plot_curves([1, 2], curves, levels={"half": 0.5}, xlabel="x", ylabel="y", log="x")
    up, down, half = ax.lines
    assert (list(up.get_ydata()), list(down.get_ydata())) == ([0.0, 1.0], [1.0, 0.0])
    assert list(half.get_ydata()) == [0.5, 0.5]
    assert [text.get_text() for text in ax.get_legend().texts] == ["up", "down", "half"]
    assert up.get_linestyle() != down.get_linestyle()
    assert (ax.get_xscale(), ax.get_yscale()) == ("log", "linear")
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("x", "y")


def test_logarithmic_ticks_are_plain_numbers():
    ax = plots.plot_curves([1, 2], {"up": [1.0, 1000.0]}, xlabel="x", ylabel="y", log="y")
    assert ax.get_yscale() == "log"
    assert ax.yaxis.get_major_formatter()(100.0) == "100"


def test_too_many_curves_are_refused():
    with pytest.raises(ValueError, match="at most 5 curves"):
        plots.plot_curves([0], {str(n): [0] for n in range(6)}, xlabel="x", ylabel="y")


def test_a_cloud_reaches_one_standard_deviation():
    mean = torch.tensor([[0.0, 1.0], [-4.0, 2.0]])
    log_variance = torch.tensor([[0.5, 3.0], [1.0, 1.0]]).square().log()
    points = (mean, torch.full_like(mean, -torch.inf))
    clouds = {"VAE": (mean, log_variance), "AE": points}
    axes = plots.plot_clouds(clouds, torch.tensor([0, 1]), ("zero", "one"))
    assert [ax.get_title() for ax in axes] == ["VAE", "AE"]
    (ellipses, dots), (none, _) = (ax.collections[:2] for ax in axes)
    assert isinstance(ellipses, EllipseCollection)
    np.testing.assert_allclose(ellipses.get_widths(), [1.0, 2.0], rtol=1e-6)
    np.testing.assert_allclose(ellipses.get_heights(), [6.0, 2.0], rtol=1e-6)
    assert none.get_widths().max() == 0
    np.testing.assert_allclose(dots.get_offsets(), mean)
    assert [circle.radius for circle in axes[0].patches] == [1, 2]
    assert axes[0].get_xlim()[0] < -4
    assert [text.get_text() for text in axes[1].get_legend().texts] == ["zero", "one"]


def test_error_stands_over_rate_without_beta_zero(sweep):
    ax = plots.plot_rate_error(sweep)
    mean, draw, autoencoder = ax.lines
    shown = sweep.points[1:]
    assert list(mean.get_xdata()) == list(draw.get_xdata()) == [one.rate for one in shown]
    assert list(mean.get_ydata()) == [one.mean.mse.value for one in shown]
    assert list(draw.get_ydata()) == [one.sampled.mse.value for one in shown]
    assert autoencoder.get_ydata()[0] == sweep.autoencoder.mse.value
    assert [text.get_text() for text in ax.texts] == ["beta 1", "beta 2"]
    assert ax.get_ylim()[0] == 0
