"""A VAE's shape, and why its noise comes from outside: the way that the gradient takes."""

from __future__ import annotations

from vqtutor.plots.diagrams.drawing import PLAIN, Diagram, arrow, frame, svg, text, way
from vqtutor.plots.style import COLORS

GRADIENT = "#D55E00"


def posterior() -> Diagram:
    """Encoder, mean and standard deviation, a latent made of them and of noise, decoder."""
    body = frame(COLORS["VAE"])
    parts = [
        text(44, 103, "image x", size=15),
        arrow(80, 98, 104),
        f'<path d="M108 20 L210 56 V140 L108 176 Z" {body}/>',
        text(158, 103, "encoder", size=15),
        text(280, 30, "posterior q(z | x)", size=13, opacity=0.75),
        arrow(214, 70, 238),
        _box(242, 50, 76, "mean μ", COLORS["VAE"]),
        arrow(214, 126, 238),
        _box(242, 106, 76, "std σ", COLORS["VAE"]),
        _box(226, 166, 108, "noise ε ~ N(0, 1)", PLAIN, size=12),
        way([(322, 126), (344, 126)]),
        way([(338, 186), (358, 186), (358, 141)]),
        _node(358, 126, "×"),
        way([(372, 126), (408, 126), (408, 85)]),
        way([(322, 70), (394, 70)]),
        _node(408, 70, "+"),
        way([(422, 70), (446, 70)]),
        text(460, 26, "latent z", size=15),
        f'<rect x="450" y="40" width="20" height="60" rx="3" {body}/>',
        way([(474, 70), (496, 70)]),
        f'<path d="M500 38 L602 2 V138 L500 102 Z" {body}/>',
        text(552, 75, "decoder", size=15),
        way([(606, 70), (628, 70)]),
        text(676, 66, "decoded", size=15),
        text(676, 86, "image x̂", size=15),
    ]
    description = (
        "An image goes through the encoder, which answers with a mean and a standard deviation, "
        "the posterior. The latent is the mean plus the standard deviation times noise drawn from "
        "N(0, 1). The decoder makes an image of it."
    )
    return svg(parts, 724, 212, description)


def gradient_paths() -> Diagram:
    """A latent drawn inside the network, where the gradient stops, and made of outside noise."""
    parts = [
        *_row(0, "draw z ~ N(μ, σ²)", reaches=False),
        *_row(112, "z = μ + σ · ε", reaches=True),
        _box(196, 202, 128, "noise ε ~ N(0, 1)", PLAIN, size=13),
        way([(260, 202), (260, 180)]),
        text(500, 227, "solid: forward", size=13, opacity=0.75),
        text(622, 227, "dashed: gradient", size=13, opacity=0.75),
    ]
    description = (
        "Above, the latent is drawn from a normal distribution inside the network: the gradient "
        "comes back from the loss as far as the draw and stops there. Below, the latent is the "
        "mean plus the standard deviation times noise from outside: the gradient passes through "
        "the sum and the product to mean and standard deviation."
    )
    return svg(parts, 700, 250, description)


def _row(top: float, node: str, *, reaches: bool) -> list[str]:
    """One way from μ and σ to the loss, and how far the gradient comes back."""
    high, low = top + 34, top + 52
    parts = [
        _box(20, top + 24, 96, "μ, σ", COLORS["VAE"]),
        way([(120, high), (176, high)]),
        _box(180, top + 24, 160, node, PLAIN),
        way([(344, high), (400, high)]),
        _box(404, top + 24, 60, "z", COLORS["VAE"]),
        way([(468, high), (524, high)]),
        _box(528, top + 24, 150, "decoder, loss", PLAIN),
        way([(524, low), (468, low)], GRADIENT),
        way([(400, low), (344, low)], GRADIENT),
    ]
    if reaches:
        return [*parts, way([(176, low), (120, low)], GRADIENT)]
    cross = f"M141 {low - 7} l14 14 M155 {low - 7} l-14 14"
    return [*parts, f'<path d="{cross}" stroke="{GRADIENT}" stroke-width="3" fill="none"/>']


def _box(x: float, y: float, width: float, words: str, color: str, *, size: int = 15) -> str:
    """A frame 40 high with words in its middle."""
    outline = frame(color, ".2", 1.5)
    rectangle = f'<rect x="{x}" y="{y}" width="{width}" height="40" rx="6" {outline}/>'
    return rectangle + text(x + width / 2, y + 25, words, size=size)


def _node(x: float, y: float, sign: str) -> str:
    """A small circle with the sign of an operation."""
    circle = f'<circle cx="{x}" cy="{y}" r="12" fill="none" stroke="currentColor"/>'
    return circle + text(x, y + 6, sign, size=18)
