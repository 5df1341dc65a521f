"""Figures of the beta sweep, the aggregate posterior and the budgets: what is on them."""

from __future__ import annotations

from dataclasses import replace

import matplotlib.pyplot as plt
import numpy as np
import pytest
import torch

from tests.experiments.standins import Bands, Judge, make_data, make_vae, make_vqvae
from vqtutor import plots
from vqtutor.experiments.beta import BetaSweep, run_beta
from vqtutor.experiments.budgets import Budgets, run_budgets
from vqtutor.experiments.posterior import AggregatePosteriors, PosteriorConfig, run_posterior
from vqtutor.experiments.summary import summarize


@pytest.fixture(scope="module")
def sweep() -> BetaSweep:
    torch.manual_seed(0)
    return run_beta({0.0: make_vae(), 2.0: make_vae()}, Bands(), make_data())


@pytest.fixture(scope="module")
def posteriors() -> AggregatePosteriors:
    torch.manual_seed(0)
    config = PosteriorConfig(num_images=40, num_shown=12, hidden=(4,))
    models = {"VAE": make_vae(), "VAE beta=2": make_vae()}
    return run_posterior(models, make_data(), Judge(), config=config)


@pytest.fixture(scope="module")
def budgets() -> Budgets:
    torch.manual_seed(0)
    data = make_data()
    models = {"AE": Bands(), "VAE": make_vae(), "VAE beta=2": make_vae()}
    return run_budgets(models | {"VQ-VAE-2": make_vqvae(data)}, data)


def test_every_figure_is_saved(tmp_path, sweep, posteriors, budgets):
    drawn = plots.draw_beta(sweep) | plots.draw_posterior(posteriors) | plots.draw_budgets(budgets)
    assert drawn.keys() == {
        "beta",
        "beta-pictures",
        "posterior-moments",
        "posterior-draws",
        "posterior-scores",
        "budgets",
    }
    for name, figure in drawn.items():
        plots.save(figure, tmp_path / f"{name}.png", dpi=30)
        assert (tmp_path / f"{name}.png").read_bytes().startswith(b"\x89PNG")
    assert plt.get_fignums() == []


def test_sweep_shows_means_draws_and_the_autoencoder(sweep):
    ax = plots.plot_beta(sweep, None, lambda one: one.mse, "error")
    means, draws = (container[0].get_ydata() for container in ax.containers)
    assert list(means) == [point.mean.mse.value for point in sweep.points]
    assert list(draws) == [point.sampled.mse.value for point in sweep.points]
    (ends,) = ax.containers[0][2]
    low, high = ends.get_segments()[1][:, 1]
    expected = sweep.points[1].mean.mse
    assert (low, high) == pytest.approx((expected.low, expected.high))
    assert [label.get_text() for label in ax.get_xticklabels()] == ["0", "2"]
    lines = [line.get_ydata()[0] for line in ax.lines if line.get_linestyle() == "--"]
    assert lines == [sweep.autoencoder.mse.value]
    rates = plots.plot_rates(sweep)
    assert list(rates.lines[0].get_ydata()) == [point.rate for point in sweep.points]
    assert [text.get_text() for text in rates.texts] == [
        str(point.active_units) for point in sweep.points
    ]


def test_pictures_go_without_the_images_of_the_data_set(sweep):
    def rows(result: BetaSweep) -> list[str]:
        ax = plots.plot_beta_pictures(result)
        return [label.get_text() for label in ax.get_yticklabels()]

    assert rows(sweep) == ["original", "AE", "beta 0", "beta 2"]
    assert rows(replace(sweep, originals=sweep.originals[:0])) == ["AE", "beta 0", "beta 2"]


def test_unused_coordinates_are_pale(posteriors):
    aggregate = replace(posteriors.networks["VAE"], active=(True, False, True))
    result = replace(posteriors, networks={"VAE": aggregate})
    ax = plots.plot_moments(result, "VAE")
    means, variances = ax.collections[0], ax.collections[2]
    np.testing.assert_allclose(means.get_offsets()[:, 1], aggregate.means)
    np.testing.assert_allclose(variances.get_offsets()[:, 1], aggregate.variances)
    assert list(means.get_facecolors()[:, 3]) == [1.0, 0.3, 1.0]


def test_without_a_judge_there_is_no_garbage(posteriors):
    assert len(plots.plot_posterior_scores(posteriors)) == 3
    assert len(plots.plot_posterior_scores(replace(posteriors, garbage_floor=None))) == 1


def test_budgets_show_every_code_once_at_its_size_and_error(budgets):
    ax = plots.plot_budgets(budgets)
    points = [
        (line.get_xdata()[0], line.get_ydata()[0])
        for line in ax.lines
        if len(line.get_xdata()) == 1
    ]
    code = budgets.codes["VQ-VAE-2"]
    assert points.count((code.bits, code.mse)) == 1
    drawn = budgets.rates["VAE beta=2"]
    assert points.count((drawn.bits, drawn.mse)) == 1
    swept = budgets.codes["VAE beta=2"]  # in floats: left out unless it is a best rival
    rivals = [match.rival for match in budgets.matches["VQ-VAE-2"].values()]
    assert points.count((swept.bits, swept.mse)) == (swept in rivals)
    (png,) = [line for line in ax.lines if line.get_label() == "PNG file"]
    assert list(png.get_xdata()) == [budgets.png_bits] * 2
    assert ax.get_xlabel() == "size of one image's code (bits)"


def test_tables_have_a_row_for_each_network(sweep, posteriors, budgets):
    text = summarize({"beta": sweep, "posterior": posteriors, "budgets": budgets})
    for begin in ("beta 2 ", "AE ", "VAE beta=2 ", "VQ-VAE-2 / AE, same bits "):
        assert any(line.startswith(begin) for line in text.splitlines())
    assert f"{posteriors.networks['VAE'].auc.value:.3f}" in text
