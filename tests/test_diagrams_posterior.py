"""The diagrams of the VAE: what they show, and where the gradient comes to."""

import re

from vqtutor.plots import diagrams
from vqtutor.plots.diagrams.posterior import GRADIENT


def test_shape_names_every_part():
    html = diagrams.posterior()._repr_html_()
    words = re.findall(r">([^<>]+)</text>", html)
    for part in ("image x", "encoder", "mean μ", "std σ", "×", "+", "latent z", "decoder"):
        assert part in words
    assert str(diagrams.posterior()) in html  # the description, for those who do not see it


def test_gradient_is_stopped_once():
    html = diagrams.gradient_paths()._repr_html_()
    assert html.count("stroke-dasharray") == 2 + 3  # steps back from the loss: blocked, through
    ways = re.findall(rf'<path d="([^"]+)"[^>]*stroke="{GRADIENT}"', html)
    assert sum("l14 14" in way for way in ways) == 1  # the cross


def test_arrow_heads_point_where_the_arrow_goes():
    """Both barbs lie 7 behind the tip and 5 beside the line."""
    html = diagrams.gradient_paths()._repr_html_()
    heads = re.findall(r'<path d="M(\S+) (\S+) L(\S+) (\S+) L(\S+) (\S+)" fill="none"', html)
    assert len(heads) == 12
    for head in heads:
        x0, y0, x, y, x1, y1 = map(float, head)
        assert sorted((abs(x - x0), abs(y - y0))) == [5, 7]
        assert (x0 + x1 - 2 * x) ** 2 + (y0 + y1 - 2 * y) ** 2 == 14**2
