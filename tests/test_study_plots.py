"""Figures of the warm-up and of the autoencoder study: what is drawn is what was measured."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from vqtutor import plots
from vqtutor.experiments.bottleneck import Bottleneck
from vqtutor.experiments.bottleneck_table import read_csv, write_csv
from vqtutor.experiments.conversion import Conversion
from vqtutor.experiments.disturbance import Disturbance, NoiseResult, Robustness
from vqtutor.experiments.estimates import Estimate
from vqtutor.experiments.ledger.core import Ledger, Row
from vqtutor.experiments.sizes import SizeResult
from vqtutor.experiments.sweeps import Sweep
from vqtutor.experiments.warmup import Classifier, Warmup
from vqtutor.plots import diagrams


def pictures(*count: int) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (*count, 1, 8, 8), dtype=np.uint8)


def make_warmup() -> Warmup:
    one = Classifier(
        num_weights=28_938,
        errors=12,
        accuracy=0.988,
        interval=(0.98, 0.993),
        printed={"0.98": 0.25, "1.00": 0.75},
        train_accuracy=(0.8, 0.95),
        validation_accuracy=(0.9, 0.97),
        seconds=1.0,
        mistakes=pictures(2),
        mistaken_for=(1, 0),
        mistaken_labels=(0, 1),
    )
    perfect = replace(one, errors=0, mistakes=pictures(0), mistaken_for=(), mistaken_labels=())
    return Warmup(1000, ("zero", "one"), {"5x5": one, "judge": perfect})


def make_bottleneck() -> Bottleneck:
    sizes = [
        SizeResult(
            dim,
            "convolutional",
            (0.3, 0.2),
            (0.25, 0.1 / dim),
            1,
            0.2 / dim,
            0.3 / dim,
            1.0,
            test_curve=(0.4, 0.22),
            ssim=0.5 + dim / 100,
            accuracy=0.8 + dim / 100,
            accuracy_interval=(0.8, 0.9),
        )
        for dim in (2, 4)
    ]
    sizes.append(replace(sizes[1], body="linked"))
    sweep = Sweep((0.1,), 0.2, (0.5,), (0.1,), (3.0,), (0,), pictures(1, 9))
    noise = NoiseResult(4, (0.0, 1.0), (0.1, 0.2), (0.9, 0.5), pictures(2, 3), pictures(3))
    return Bottleneck(
        tuple(sizes),
        originals=pictures(3),
        reconstructions=pictures(2, 3),
        noise=noise,
        sweeps={"-1 to 1": sweep, "quantiles": sweep},
        path=pictures(5),
        path_dim=4,
        original_accuracy=0.99,
        conversion=Conversion(
            ("2", "7"), 3, Estimate(1, 1, 1), Estimate(0, 0, 0), (0.9, 0.5, 0.1), (0, 0.2, 0.9)
        ),
    )


def make_disturbance() -> Disturbance:
    one = Robustness((0.0, 1.0), (0.1, 0.2), (0.9, 0.5))
    return Disturbance(
        {"AE": one, "VAE": replace(one, accuracy=None)}, {"AE": (0.5, 0.3), "VAE": (0.7,)}
    )


def test_every_figure_of_both_experiments_is_drawn():
    figures = plots.draw_warmup(make_warmup()) | plots.draw_bottleneck(make_bottleneck())
    figures |= plots.draw_disturbance(make_disturbance())
    assert all(name.startswith(("warmup-", "bottleneck-", "disturbance-")) for name in figures)
    assert len({id(figure) for figure in figures.values()}) == len(figures) == 17
    for figure in figures.values():
        figure.canvas.draw()


def test_classifiers_stand_where_they_were_measured():
    ax = plots.plot_classifiers(make_warmup(), claimed={"5x5": 99})
    points = [line for line in ax.lines if line.get_marker() in "oD"]
    assert [(line.get_xdata()[0], line.get_ydata()[0]) for line in points] == [
        (pytest.approx(98.8), 0),
        (99, 0),
        (pytest.approx(98.8), 1),
    ]
    assert "1,000 test images" in ax.get_xlabel()


def test_last_batch_is_in_percent():
    line = plots.plot_last_batch(make_warmup()).lines[0]
    assert (list(line.get_xdata()), list(line.get_ydata())) == ([98, 100], [25, 75])


def test_mistakes_name_the_right_answer_first():
    labels = [text.get_text() for text in plots.plot_mistakes(make_warmup()).get_xticklabels()]
    assert labels == ["zero → one", "one → zero"]


def test_no_mistakes_is_an_error():
    with pytest.raises(ValueError, match="no mistakes of 'judge'"):
        plots.plot_mistakes(make_warmup(), name="judge")


def test_sizes_keep_the_linked_network_apart():
    pca, convolutional, linked = plots.plot_sizes(make_bottleneck()).lines
    assert list(convolutional.get_xdata()) == [2, 4]
    assert list(convolutional.get_ydata()) == pytest.approx([0.1, 0.05])
    assert list(pca.get_ydata()) == pytest.approx([0.15, 0.075])
    assert (linked.get_xdata()[0], linked.get_ydata()[0]) == (4, pytest.approx(0.05))


def test_curves_mark_the_chosen_epoch():
    lines = plots.plot_loss_curves(make_bottleneck()).lines
    marks = [
        (line.get_xdata()[0], line.get_ydata()[0]) for line in lines if line.get_marker() == "o"
    ]
    assert marks == [(2, pytest.approx(0.05)), (2, pytest.approx(0.025))]


def test_curves_of_test_images_are_drawn_where_they_were_watched():
    result = make_bottleneck()
    dotted = [line for line in plots.plot_loss_curves(result).lines if line.get_linestyle() == ":"]
    assert [list(line.get_ydata()) for line in dotted] == [[0.4, 0.22]] * 2
    unwatched = replace(result, sizes=tuple(replace(one, test_curve=()) for one in result.sizes))
    lines = plots.plot_loss_curves(unwatched).lines
    assert not [line for line in lines if line.get_linestyle() == ":"]


def test_figures_from_the_table_are_those_from_the_results(tmp_path):
    """Every value of every line, to the last bit."""
    write_csv(make_bottleneck(), tmp_path / "unrounded.csv")
    result = replace(make_bottleneck(), sizes=read_csv(tmp_path / "unrounded.csv"))
    write_csv(result, tmp_path / "bottleneck.csv")
    again = replace(result, sizes=read_csv(tmp_path / "bottleneck.csv"))
    for plot in (plots.plot_loss_curves, plots.plot_sizes, plots.plot_quality):
        for first, second in zip(plot(result).lines, plot(again).lines, strict=True):
            assert np.array(first.get_xydata()).tobytes() == np.array(second.get_xydata()).tobytes()


def test_quality_per_size():
    ax = plots.plot_quality(make_bottleneck())
    similar = ax.lines[0]
    assert list(similar.get_xdata()) == [2, 4]
    assert list(similar.get_ydata()) == pytest.approx([0.52, 0.54])
    points = [bar.lines[0] for bar in ax.containers]
    assert [point.get_ydata()[0] for point in points] == pytest.approx([0.82, 0.84])


def test_conversion_leaves_the_rest_to_any_other_class():
    lines = plots.plot_conversion(make_bottleneck().conversion).lines
    assert [line.get_label() for line in lines] == ["a 2", "a 7", "any other"]
    assert list(lines[2].get_ydata()) == pytest.approx([10, 30, 0])


def test_robustness_shows_the_judged_models():
    lines = plots.plot_robustness(make_disturbance()).lines
    assert [(line.get_label(), list(line.get_ydata())) for line in lines] == [("AE", [90, 50])]
    bars = plots.plot_inside(make_disturbance()).patches
    assert [bar.get_width() for bar in bars] == pytest.approx([40, 70])


def test_originals_are_left_out_where_none_are_stored():
    result = make_bottleneck()
    rows = [text.get_text() for text in plots.plot_size_pictures(result).get_yticklabels()]
    assert rows == ["original", "D = 2", "D = 4"]
    without = replace(result, originals=pictures(0))
    rows = [text.get_text() for text in plots.plot_size_pictures(without).get_yticklabels()]
    assert rows == ["D = 2", "D = 4"]


def test_noise_without_a_judge_shows_the_error():
    noise = make_bottleneck().noise
    assert list(plots.plot_noise(noise).lines[0].get_ydata()) == [90, 50]
    blind = plots.plot_noise(replace(noise, accuracy=None))
    assert list(blind.lines[0].get_ydata()) == [0.1, 0.2]
    assert blind.get_ylabel() == "squared error per pixel value"


def test_plane_names_every_class_that_is_there():
    latent, labels = np.array([[0.0, 1.0], [2.0, 3.0]]), np.array([0, 2])
    ax = plots.plot_plane(latent, labels, ("a", "b", "c"))
    assert [(text.get_text(), text.get_position()) for text in ax.texts] == [
        ("a", (0, 1)),
        ("c", (2, 3)),
    ]


def test_numbers_are_written_into_their_cells():
    left, right = plots.plot_numbers({"image": [[1, 2.5]], "kernel": [[0], [-1]]})
    assert [(text.get_position(), text.get_text()) for text in left.texts] == [
        ((0, 0), "1"),
        ((1, 0), "2.5"),
    ]
    assert [text.get_text() for text in right.texts] == ["0", "-1"]


def test_diagram_describes_itself():
    diagram = diagrams.story("VAE")
    assert str(diagram).endswith("You are here: VAE.")
    assert f'aria-label="{diagram}"' in diagram._repr_html_()
    assert "here" not in str(diagrams.story())


def test_unknown_stop_lists_the_stops():
    with pytest.raises(ValueError, match="convolutions"):
        diagrams.story("GAN")


def test_verdicts_are_counted_by_section():
    row = Row(1, "A", "s", "m", "c", "r", "confirmed", {}, None, None, "", "", 3, False)
    rows = (row, replace(row, number=2), replace(row, number=3, verdict="refuted"))
    ax = plots.plot_verdicts(Ledger((*rows, replace(row, number=7, section="B"))))
    assert [text.get_text() for text in ax.texts] == ["2", "1", "1"]
    assert [(bar.get_x(), bar.get_width()) for bar in ax.patches[:3]] == [(0, 2), (2, 1), (0, 1)]
    labels = [text.get_text() for text in ax.get_yticklabels()]
    assert labels == ["A  classifiers", "B  autoencoder"]
    assert ax.get_legend_handles_labels()[1][:2] == ["confirmed: 3", "refuted: 1"]
