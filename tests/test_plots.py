"""Figures of tiny results: the numbers are on them, and no figure stays open unnoticed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import matplotlib.pyplot as plt
import numpy as np
import pytest
import torch
from matplotlib import colors
from matplotlib.figure import Figure

from tests.experiments.standins import Bands, Judge, Perfect, make_data, make_vae, make_vqvae
from vqtutor import plots
from vqtutor.experiments.classification import Classification, Score
from vqtutor.experiments.coordinates import CoordinatesConfig, run_coordinates
from vqtutor.experiments.generation import GenerationConfig, run_generation
from vqtutor.experiments.reconstruction import run_reconstruction
from vqtutor.experiments.transformation import TransformationConfig, run_transformation
from vqtutor.plots.style import NEUTRAL


@pytest.fixture(autouse=True)
def _close_figures() -> Iterator[None]:
    settings = dict(plt.rcParams)
    yield
    plt.close("all")
    assert dict(plt.rcParams) == settings, "a plot changed settings of everybody's figures"


def make_results(*, labels: bool = True) -> dict[str, object]:
    torch.manual_seed(0)
    data = make_data(labels=labels)
    judge = Judge() if labels else None
    models = {"AE": Bands(), "VAE": make_vae(), "VQ-VAE-2": make_vqvae(data)}
    walk = TransformationConfig(num_pairs=3, num_steps=5)
    draws = GenerationConfig(num_images=20, num_shown=12, components=2)
    return {
        "reconstruction": run_reconstruction(models, data, judge),
        "coordinates": run_coordinates(models, data, config=CoordinatesConfig(num_images=2)),
        "transformation": run_transformation(models, data, judge, config=walk),
        "generation": run_generation(models, data, judge, config=draws),
    }


def make_classification() -> Classification:
    score = Score(0.9, 0.85, 0.93, True, 1.0)
    scores = {
        "pixels": {"logistic regression": score, "nearest neighbors": score},
        "VAE, sampled": {
            "logistic regression": score,
            "nearest neighbors": replace(score, converged=False),
        },
    }
    return Classification(scores, {"pixels": 784, "VAE, sampled": 16}, 100, 50, {})


def draw_all(results: dict[str, object]) -> dict[str, Figure]:
    drawn: dict[str, Figure] = {}
    for experiment, result in results.items():
        figures = getattr(plots, f"draw_{experiment}")(result)
        assert all(name.startswith(experiment) for name in figures)
        drawn |= figures
    return drawn


def test_every_figure_is_saved_and_then_closed(tmp_path):
    for name, figure in draw_all(make_results()).items():
        plots.save(figure, tmp_path / f"{name}.png", dpi=30)
        assert (tmp_path / f"{name}.png").read_bytes().startswith(b"\x89PNG")
    assert plt.get_fignums() == []


def test_without_labels_fewer_panels_are_drawn():
    figures = draw_all(make_results(labels=False))
    assert "transformation-probabilities" not in figures
    panels = {name: len(figure.axes) for name, figure in figures.items() if "scores" in name}
    assert panels == {
        "reconstruction-scores": 3,
        "coordinates-scores": 5,
        "transformation-scores": 3,
        "generation-scores": 1,
    }


def test_bars_have_the_values_colors_and_places_of_their_names():
    ax = plt.figure().add_subplot()
    values = {"AE": 0.25, "VAE, sampled": None, "VQ-VAE-2": 0.5, "pixels": 1.0}
    plots.plot_bars(values, ax, "share", lines={"real": 0.75, "none": None}, percent=True)
    widths = [(bar.get_y() + bar.get_height() / 2, bar.get_width()) for bar in ax.patches]
    assert widths == [(0, 25), (2, 50), (3, 100)]
    drawn = [bar.get_facecolor() for bar in ax.patches]
    named = ("#E69F00", "#009E73", NEUTRAL)
    assert drawn == [colors.to_rgba(color) for color in named]
    assert [label.get_text() for label in ax.get_yticklabels()] == list(values)
    assert ax.get_xlabel() == "share (%)"
    assert list(ax.lines[0].get_xdata()) == [75, 75]
    assert {text.get_text() for text in ax.texts} == {"25", "50", "100", "real"}
    assert ax.get_ylim()[0] > ax.get_ylim()[1]  # the first name on top


def test_each_model_has_one_color_everywhere():
    assert len(set(plots.COLORS.values()) | {NEUTRAL}) == 4
    assert plots.color_of("VAE, sampled") == plots.COLORS["VAE"]
    assert plots.color_of("VQ-VAE-2, bottom indices") == plots.COLORS["VQ-VAE-2"]
    assert plots.color_of("VQ-VAE-2 original, PixelCNN") == plots.COLORS["VQ-VAE-2"]
    assert plots.color_of("principal components") == NEUTRAL


def test_reconstruction_shows_originals_above_the_models():
    data = make_data()
    result = run_reconstruction({"AE": Perfect()}, data)
    ax = plots.plot_reconstruction(result)
    assert [label.get_text() for label in ax.get_yticklabels()] == ["original", "AE"]
    assert [label.get_text() for label in ax.get_xticklabels()] == ["zero", "one", "two"]
    (picture,) = ax.get_images()
    drawn = np.asarray(picture.get_array())
    np.testing.assert_array_equal(drawn[:16, :16], result.originals[0, 0])
    np.testing.assert_array_equal(drawn[:16], drawn[-16:])  # a perfect model
    ax = plots.plot_reconstruction(replace(result, originals=result.originals[:0]))
    assert [label.get_text() for label in ax.get_yticklabels()] == ["AE"]


def test_classification_marks_accuracy_and_interval():
    ax = plots.plot_classification(make_classification())
    middles = [float(container[0].get_xdata()[0]) for container in ax.containers]
    assert middles == pytest.approx([90] * 4)
    rows = [float(container[0].get_ydata()[0]) for container in ax.containers]
    assert [round(row) for row in rows] == [0, 0, 1, 1]
    (ends,) = ax.containers[0][2]
    np.testing.assert_allclose(ends.get_segments()[0][:, 0], [85, 93])
    filled = [container[0].get_fillstyle() for container in ax.containers]
    assert filled == ["full", "full", "full", "none"]  # the last one did not converge
    assert ax.get_xlabel() == "accuracy (% of 50 test images)"


def test_classification_without_labels_is_an_empty_axes():
    result = Classification({}, {}, 0, 0, {"all": "no labels."})
    assert not plots.plot_classification(result).containers


def test_plots_draw_on_given_axes():
    result = make_results()
    ax = plt.figure().add_subplot()
    assert plots.plot_transformation(result["transformation"], ax) is ax
    assert plots.plot_coordinates(result["coordinates"], "AE, quantiles", ax) is ax
    assert ax.get_title() == "AE, quantiles"
    assert plots.plot_generation(result["generation"], "real", ax) is ax
    assert len(plt.get_fignums()) == 1


def test_path_probabilities_cross_from_first_to_last():
    result = run_transformation(
        {"AE": Perfect()}, make_data(), Judge(), config=TransformationConfig(num_pairs=4)
    )
    (ax,) = plots.plot_path_probabilities(result)
    first, last = ax.lines
    assert first.get_ydata()[0] > 99
    assert last.get_ydata()[-1] > 99
    assert list(first.get_xdata()[[0, -1]]) == [0, 100]


def test_axes_inside_a_part_of_a_figure_are_refused():
    part = plt.figure().subfigures()
    with pytest.raises(ValueError, match="no direct part of a figure"):
        plots.figure_of(part.add_subplot())
