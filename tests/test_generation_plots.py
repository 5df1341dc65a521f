"""What was measured of images from nothing is on the figures, and what was not leaves a gap."""

from __future__ import annotations

from dataclasses import replace

import matplotlib.pyplot as plt
import pytest
import torch

from tests.experiments.standins import Bands, Judge, make_data
from vqtutor import plots
from vqtutor.experiments.classification import Classification, Score
from vqtutor.experiments.generation import Generation, GenerationConfig, run_generation
from vqtutor.experiments.summary import summarize


def make_result() -> Generation:
    torch.manual_seed(0)
    config = GenerationConfig(num_images=20, num_shown=12, components=2, epochs=1)
    return run_generation({"AE": Bands()}, make_data(), Judge(), config=config)


def lengths(ax: plt.Axes) -> list[float]:
    return [bar.get_width() for bar in ax.patches]


def test_variety_and_texture_show_the_measured_numbers():
    result = make_result()
    scores = [*result.scores.values(), result.real]
    precision, recall, copies, taught = plots.plot_generation_variety(result)
    assert lengths(precision) == pytest.approx([100 * s.precision for s in scores])
    assert lengths(recall) == pytest.approx([100 * s.recall for s in scores])
    assert lengths(copies) == pytest.approx([100 * s.novelty.copies for s in scores])
    assert lengths(taught) == pytest.approx([100 * result.real.taught_accuracy])
    smooth, fine, surest = plots.plot_generation_texture(result)
    rows = [*result.scores.values(), *result.reconstructions.values(), result.real]
    assert [label.get_text() for label in smooth.get_yticklabels()][-2:] == ["AE, rebuilt", "real"]
    known = [s.texture.neighbor_correlation.value for s in rows]
    assert lengths(smooth) == pytest.approx(known, nan_ok=True)
    assert lengths(fine) == pytest.approx([s.texture.fine_energy.value for s in rows])
    assert lengths(surest) == pytest.approx([s.sureness.median for s in rows])


def test_results_from_before_have_fewer_figures():
    result = make_result()
    assert list(plots.draw_generation(result)) == [
        "generation",
        "generation-scores",
        "generation-variety",
        "generation-texture",
    ]
    before = replace(result, real=replace(result.real, texture=None))
    assert list(plots.draw_generation(before)) == ["generation", "generation-scores"]


def test_the_judges_worth_is_in_the_tables_title():
    result = make_result()
    assert "(the judge: 100.0 % right, temperature 1.00)" in summarize({"generation": result})
    assert "the judge" not in summarize({"generation": replace(result, judge=None)})


def test_unscaled_logistic_regression_is_marked_where_it_was_fitted():
    score, poor = Score(0.9, 0.85, 0.93, True, 1.0), Score(0.5, 0.4, 0.6, False, 1.0)
    scores = {name: {"logistic regression": score} for name in ("pixels", "AE")}
    result = Classification(
        scores, dict.fromkeys(scores, 16), 9, 50, {}, {"AE": 512.0}, unscaled={"AE": poor}
    )
    ax = plots.plot_classification(result)
    middles = [float(container[0].get_xdata()[0]) for container in ax.containers]
    assert middles == pytest.approx([90, 90, 50])
    assert ax.containers[-1][0].get_fillstyle() == "none"
    legend = [text.get_text() for text in ax.get_legend().get_texts()]
    assert legend == ["logistic regression", "logistic regression, unscaled"]
    table = summarize({"classification": result}).splitlines()
    assert table[3].split() == ["pixels", "16", "-", "90.0", "%", "-"]
    assert table[4].split() == ["AE", "16", "512", "90.0", "%", "50.0", "%"]
