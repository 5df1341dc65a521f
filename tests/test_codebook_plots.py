"""Figures of a codebook: cells are those of the nearest code, bars those of the histogram."""

from __future__ import annotations

import numpy as np
import torch
from matplotlib.colors import to_rgb

from vqtutor import plots
from vqtutor.plots.codebook import CELL_COLORS, LATTICE

BOOK = torch.tensor([[0.0, 0.0], [4.0, 0.0], [0.0, 4.0]])


def test_every_point_of_the_plane_has_the_color_of_its_nearest_code():
    ax = plots.plot_cells(torch.tensor([[3.0, 0.5]]), BOOK, limits=(-1.0, 5.0))
    across = np.linspace(-1, 5, LATTICE)
    x, y = np.meshgrid(across, across)
    distances = [(x - a) ** 2 + (y - b) ** 2 for a, b in BOOK.tolist()]
    nearest = np.argmin(distances, axis=0)
    shades = np.array([0.25 * np.array(to_rgb(color)) + 0.75 for color in CELL_COLORS])
    assert (np.asarray(ax.images[0].get_array()) == shades[nearest]).all(axis=2).mean() > 0.99
    assert ax.images[0].origin == "lower"
    np.testing.assert_allclose(ax.collections[0].get_facecolors()[0, :3], to_rgb(CELL_COLORS[1]))


def test_codes_are_numbered_and_their_ways_drawn():
    ax = plots.plot_cells(BOOK, BOOK, earlier=[BOOK + 2, BOOK + 1])
    assert [(t.get_text(), t.xy) for t in ax.texts] == [("0", (0, 0)), ("1", (4, 0)), ("2", (0, 4))]
    trails = [line for line in ax.lines if len(line.get_xdata()) == 3]
    assert [list(trail.get_xdata()) for trail in trails] == [[2, 1, 0], [6, 5, 4], [2, 1, 0]]
    assert [list(trail.get_ydata()) for trail in trails] == [[2, 1, 0], [2, 1, 0], [6, 5, 4]]


def test_limits_take_in_every_code_on_its_way():
    ax = plots.plot_cells(torch.zeros(1, 2), torch.zeros(1, 2), earlier=[torch.full((1, 2), 9.0)])
    assert ax.get_xlim() == ax.get_ylim()
    assert ax.get_xlim()[0] < 0
    assert ax.get_xlim()[1] > 9


def test_counts_are_shares_in_falling_order():
    even, uneven = plots.plot_code_counts({"even": torch.ones(4), "uneven": [1, 0, 3, 0]})
    assert list(uneven.patches[0].get_data().values) == [75, 25, 0, 0]
    assert list(even.patches[0].get_data().values) == [25] * 4
    assert even.lines[0].get_ydata()[0] == 25  # the share of each if all were alike
    assert uneven.get_title() == "uneven\n2 of 4 used"
    assert even.get_xlabel() == "perplexity 4.0"
