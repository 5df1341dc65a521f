"""Figures of two levels: what is drawn is what was handed over."""

from __future__ import annotations

import numpy as np
import pytest
from matplotlib.patches import Rectangle

from vqtutor import plots
from vqtutor.train import History

EPOCHS = [
    {"total": 3.0, "mse": 1.0, "commitment": 2.0},
    {"total": 0.9, "mse": 0.4, "commitment": 2},
]


def test_terms_of_training_and_validation():
    history = History(train=EPOCHS, validation=EPOCHS[::-1], best_epoch=0)
    ax = plots.plot_terms(history)
    drawn = [list(line.get_ydata()) for line in ax.lines]
    assert drawn == [[1.0, 0.4], [0.4, 1.0], [0.4], [2.0, 2], [2, 2.0], [2]]
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["mse", "commitment"]
    assert list(ax.lines[2].get_xdata()) == [1]  # the best epoch


def test_terms_without_validation_are_those_of_the_training():
    ax = plots.plot_terms(History(train=EPOCHS), ("total",))
    assert [list(line.get_ydata()) for line in ax.lines] == [[3.0, 0.9]]
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["total"]


def test_unknown_term_is_named():
    with pytest.raises(ValueError, match=r"among total, mse, commitment; got kl\."):
        plots.plot_terms(History(train=EPOCHS), ("mse", "kl"))


def test_every_code_is_written_into_its_cell():
    grids = {"top": np.array([[3, 1], [0, 3]]), "bottom": np.arange(16).reshape(4, 4)}
    axes = plots.plot_codes(np.zeros((1, 8, 8)), grids)
    assert [ax.get_title() for ax in axes] == ["image", "top: 2 × 2 codes", "bottom: 4 × 4 codes"]
    for ax, grid in zip(axes[1:], grids.values(), strict=True):
        written = {text.get_position(): text.get_text() for text in ax.texts}
        assert written == {(c, r): str(code) for (r, c), code in np.ndenumerate(grid)}
    colors = axes[1].images[0].get_array()
    np.testing.assert_array_equal(colors[0, 0], colors[1, 1])  # equal codes
    assert not np.array_equal(colors[0, 0], colors[0, 1])


def test_color_images_are_shown_too():
    axes = plots.plot_codes(np.zeros((3, 8, 8)), {"top": np.zeros((2, 2), int)})
    assert axes[0].images[0].get_array().shape == (8, 8, 3)


def test_fields_reach_from_zero_to_their_largest_and_cells_are_outlined():
    fields = {"a": np.eye(8) * 5, "b": np.zeros((8, 8))}
    first, second = plots.plot_fields(fields, {"a": (4, 2, 3, 1)})
    assert first.images[0].get_clim() == (0, 5)
    assert second.images[0].get_clim() == (0, 1)
    (outline,) = [patch for patch in first.patches if isinstance(patch, Rectangle)]
    assert (outline.get_xy(), outline.get_height(), outline.get_width()) == ((1.5, 3.5), 3, 1)
    assert len(second.patches) == 0
