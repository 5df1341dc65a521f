"""Figures of one set against another: what is on them is what was measured."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from matplotlib.collections import EllipseCollection, PathCollection
from matplotlib.colors import to_rgba

from vqtutor import metrics, plots
from vqtutor.experiments.generation import Generation, GenerationScores
from vqtutor.plots.style import COLORS, NEUTRAL

NONE = dict.fromkeys(("accuracy", "interval", "class_accuracy", "garbage_rate"))
SCORES = GenerationScores(
    **NONE,  # type: ignore[arg-type]
    frechet=1.0,
    kernel=0.0,
    kernel_error=0.1,
    sharpness=1.0,
    seconds=0.0,
    images=np.zeros((0, 1, 4, 4), np.uint8),
    num_images=200,
)


def test_draws_lie_over_all_latents_in_the_color_of_the_model():
    latent, drawn = torch.randn(30, 2), torch.randn(7, 2)
    panels = {name: (latent, drawn) for name in ("AE, U(-1, 1)", "VAE, mixture", "AE relu, x")}
    axes = plots.plot_draws(panels, columns=2)
    assert [ax.get_title() for ax in axes] == list(panels)
    for ax, color in zip(axes, (COLORS["AE"], COLORS["VAE"], COLORS["AE"]), strict=True):
        gray, colored = (one for one in ax.collections if isinstance(one, PathCollection))
        np.testing.assert_allclose(gray.get_offsets(), latent)
        np.testing.assert_allclose(colored.get_offsets(), drawn)
        np.testing.assert_allclose(colored.get_facecolor()[0], to_rgba(color))


@pytest.mark.parametrize("neighbors", [1, 3])
def test_balls_count_what_the_metric_counts(neighbors):
    generator = torch.Generator().manual_seed(0)
    real = torch.randn(20, 2, generator=generator)
    generated = 1.5 * torch.randn(16, 2, generator=generator) + 0.5
    found = metrics.precision_recall(generated, real, neighbors=neighbors)
    left, right = plots.plot_balls(real, generated, neighbors=neighbors)
    assert left.get_title() == f"precision: {round(16 * found.precision)} of 16 generated points"
    assert right.get_title() == f"recall: {round(20 * found.recall)} of 20 real points"
    assert left.get_xlim() == right.get_xlim()
    for ax, points, share in ((left, generated, found.precision), (right, real, found.recall)):
        crosses, filled, hollow = (one for one in ax.collections if isinstance(one, PathCollection))
        assert len(filled.get_offsets()) == round(share * len(points))
        assert len(filled.get_offsets()) + len(hollow.get_offsets()) == len(points)
        assert len(hollow.get_facecolor()) == 0
        (balls,) = (one for one in ax.collections if isinstance(one, EllipseCollection))
        assert len(balls.get_offsets()) == len(crosses.get_offsets()) == 36 - len(points)


def test_a_ball_reaches_to_the_neighbor():
    real = torch.tensor([[0.0, 0.0], [3.0, 0.0], [3.0, 1.0]])
    left, _ = plots.plot_balls(real, real + 10, neighbors=1)
    (balls,) = (one for one in left.collections if isinstance(one, EllipseCollection))
    np.testing.assert_allclose(balls.get_widths(), [6.0, 2.0, 2.0])


def test_class_accuracy_has_wilson_intervals_and_leaves_out_who_was_not_asked():
    asked = replace(SCORES, accuracy=0.75, class_accuracy=(1.0, 0.5))
    real = replace(SCORES, accuracy=1.0, class_accuracy=(1.0, 1.0))
    ways = {"AE, mixture": SCORES, "VQ-VAE-2, PixelCNN": asked}
    result = Generation(ways, real, 200, 1.0, ("cat", "dog"), {})
    ax = plots.plot_class_accuracy(result)
    assert [text.get_text() for text in ax.get_xticklabels()] == ["cat", "dog"]
    labels = [one.get_label() for one in ax.containers]
    assert labels == ["VQ-VAE-2, PixelCNN", "real"]
    (line, _, (bars,)) = ax.containers[0]
    np.testing.assert_allclose(np.asarray(line.get_ydata(), float), [100, 50])
    low, high = metrics.wilson_interval(50, 100)  # 200 images, two classes
    np.testing.assert_allclose(
        np.asarray(bars.get_segments()[1])[:, 1].astype(float), [100 * low, 100 * high]
    )
    assert line.get_color() == COLORS["VQ-VAE-2"]
    assert ax.containers[1][0].get_color() == NEUTRAL
