"""Figures of codebooks, levels and priors: the numbers are on them."""

from __future__ import annotations

from dataclasses import replace

import matplotlib.pyplot as plt
import numpy as np
import pytest

from tests.experiments.test_ledger_codebooks import books
from tests.experiments.test_ledger_pipeline import HIERARCHY, PRIORS
from vqtutor import plots


def make_hierarchy():
    """Gray images: 10 and 20 are reconstructions, 30 and 40 mixtures."""
    images = [np.full((3, 1, 8, 8), value, np.uint8) for value in (10, 20, 30, 40)]
    exchanged = {"top": images[2], "bottom": images[3]}
    return replace(HIERARCHY, reconstructions=images[0], others=images[1], exchanged=exchanged)


def bars(ax):
    return [bar.get_width() for bar in ax.patches]


def names(ax):
    return [label.get_text() for label in ax.get_yticklabels()]


def test_every_figure_is_saved(tmp_path):
    made = {"codebooks": books(), "hierarchy": make_hierarchy(), "priors": PRIORS}
    for experiment, result in made.items():
        for name, figure in getattr(plots, f"draw_{experiment}")(result).items():
            assert name.startswith(experiment)
            plots.save(figure, tmp_path / f"{name}.png", dpi=30)
            assert (tmp_path / f"{name}.png").read_bytes().startswith(b"\x89PNG")
    assert plt.get_fignums() == []


def test_curves_are_those_of_the_variants():
    result = books()
    ax = plots.plot_codebook_curves(result)
    assert [line.get_label() for line in ax.lines] == list(result.variants)
    for line, one in zip(ax.lines, result.variants.values(), strict=True):
        assert tuple(line.get_ydata()) == one.curve
        assert list(line.get_xdata()) == [1, 2]


def test_use_of_every_model():
    panels = plots.plot_codebook_use(books())
    assert names(panels[0]) == [
        "trained longer", "gradient", "moving average", "commitment 0.1", "commitment 0.2",
    ]  # fmt: skip
    assert bars(panels[0]) == [20] * 5
    assert bars(panels[1]) == [10] * 5
    assert bars(panels[2])[-1] == pytest.approx(0.0032)
    assert list(panels[1].lines[0].get_xdata()) == [16, 16]


def test_exchanged_codes_stand_below_both_images():
    ax = plots.plot_exchange(make_hierarchy())
    assert names(ax) == ["image A", "image B", "A, top codes of B", "A, bottom codes of B"]
    drawn = np.asarray(ax.get_images()[0].get_array())
    assert [int(drawn[row, 0]) for row in (0, 10, 20, 30)] == [10, 20, 30, 40]


def test_levels_and_variants():
    panels = plots.plot_hierarchy_scores(HIERARCHY)
    assert bars(panels[0]) == pytest.approx([60, 30])
    assert names(panels[1]) == ["plain", "add", "no top"]
    assert bars(panels[2]) == pytest.approx([60, 20])
    unjudged = replace(
        HIERARCHY,
        flip_ratio=None,
        swaps={name: replace(swap, flips=None) for name, swap in HIERARCHY.swaps.items()},
    )
    assert len(plots.plot_hierarchy_scores(unjudged)) == 2


def test_bits_by_what_is_given():
    top, bottom = plots.plot_prior_bits(PRIORS)
    assert bars(top) == [2.0, 2.1, 4.0, 5.0]
    assert names(bottom)[:3] == ["all", "no label", "another"]
    assert bottom.get_xlabel() == "bits per bottom code"


def test_a_blind_spot_is_dark_and_what_comes_later_is_white():
    view = np.array([[1, 1, 0], [1, 0, 0], [0, 0, 0]], np.uint8)
    one = replace(PRIORS.dependence["masked"], view=view, position=(1, 1), blind=1, earlier=36)
    (ax,) = plots.plot_views(replace(PRIORS, dependence={"masked": one}))
    drawn = np.asarray(ax.get_images()[0].get_array())
    seen, unseen, later = 0.75, 0.25, 1.0
    expected = [[seen, seen, unseen], [seen, later, later], [later, later, later]]
    np.testing.assert_array_equal(drawn, expected)
    assert "1 of 36" in ax.get_title()
