"""What a codebook does to a latent, and which term of the loss moves which vector."""

from __future__ import annotations

from collections.abc import Sequence

from vqtutor.plots.diagrams.drawing import PLAIN, Diagram, frame, svg, text, way
from vqtutor.plots.style import COLORS

GRADIENT = "#D55E00"
CODES = ("#0072B2", "#E69F00", "#56B4E9", "#CC79A7")  # a code is a name, not a shade
CHOSEN = (0, 0, 1, 0, 2, 3, 1, 0, 0, 1, 3, 0, 0, 2, 2, 0)  # codes of the 4x4 cells, row by row
MIDDLE, SIDE = 86, 56  # line of the forward pass; side of a grid
LEAST = 760  # pixels: on a narrower screen the drawing is scrolled


def codebook() -> Diagram:
    """From an image to a grid of integers and back, and the way of the gradient."""
    top = MIDDLE - SIDE / 2
    parts = [
        *_picture(8, "image x"),
        way([(66, MIDDLE), (84, MIDDLE)]),
        *_funnel(88, 112, 76, "encoder"),
        way([(172, MIDDLE), (190, MIDDLE)]),
        *_vectors(194, top, [PLAIN] * 16),
        text(224, top - 18, "features v", size=14),
        way([(266, MIDDLE), (284, MIDDLE)]),
        *_box(288, 80, "nearest", "code"),
        way([(372, MIDDLE), (390, MIDDLE)]),
        *_names(394, top),
        text(422, top - 18, "codes c", size=14),
        way([(454, MIDDLE), (472, MIDDLE)]),
        *_box(476, 80, "look", "up"),
        way([(560, MIDDLE), (578, MIDDLE)]),
        *_vectors(582, top, [CODES[code] for code in CHOSEN]),
        text(612, top - 18, "quantized q", size=14),
        way([(654, MIDDLE), (672, MIDDLE)]),
        *_funnel(676, 76, 112, "decoder"),
        way([(760, MIDDLE), (778, MIDDLE)]),
        *_picture(782, "x̂"),
        *_book(),
        way([(610, 120), (610, 256), (222, 256), (222, 120)], GRADIENT),
        text(416, 249, "gradient: handed on as it is", size=13, opacity=0.75),
    ]
    description = (
        "The encoder turns an image into a grid of vectors, the features. For each of them the "
        "nearest vector of the codebook is found; its number, an integer, is the code. The codes "
        "are looked up in the same codebook, and the decoder makes an image of the vectors found "
        "there. On the way back the gradient jumps from these vectors to the features."
    )
    return svg(parts, 846, 266, description, LEAST)


def pulls() -> Diagram:
    """A feature and its code: what reconstruction, commitment and codebook loss do to them."""
    parts = [
        text(120, 26, "encoder moves v", size=14, opacity=0.75),
        text(580, 26, "codebook holds e", size=14, opacity=0.75),
        f'<circle cx="120" cy="96" r="22" fill="{PLAIN}" fill-opacity=".2" stroke="{PLAIN}" '
        'stroke-width="2"/>',
        text(120, 102, "v", size=18),
        f'<path d="M580 70 L606 96 L580 122 L554 96 Z" fill="{CODES[0]}" fill-opacity=".2" '
        f'stroke="{CODES[0]}" stroke-width="2"/>',
        text(580, 102, "e", size=18),
        way([(150, 82), (330, 82)], GRADIENT, solid=True),
        text(250, 70, "commitment  β |v − sg(e)|²", size=14),
        way([(546, 110), (366, 110)], CODES[0], solid=True),
        text(450, 134, "codebook loss  |sg(v) − e|²", size=14),
        way([(120, 172), (120, 126)], GRADIENT),
        text(236, 168, "reconstruction, handed on", size=14),
    ]
    description = (
        "Two vectors: the feature v, which the encoder moves, and its code e in the codebook. The "
        "commitment pulls v towards e. The codebook loss pulls e towards v. The gradient of the "
        "reconstruction arrives at v and never at e."
    )
    return svg(parts, 700, 184, description)


def _vectors(x: float, y: float, colors: Sequence[str]) -> list[str]:
    """A grid of 4x4 vectors: a sheet of cells, and the edges of two more behind it."""
    edges = [
        f"M{x + depth:g} {y - depth:g} h{SIDE} v{SIDE} M{x + depth:g} {y - depth:g} v5 "
        f"M{x + depth + SIDE:g} {y - depth + SIDE:g} h-5"
        for depth in (5, 10)
    ]
    lines = f'<path d="{" ".join(edges)}" fill="none" stroke="currentColor" stroke-opacity=".5"/>'
    return [lines, *(_cell(x, y, place, color, opacity=0.45) for place, color in enumerate(colors))]


def _names(x: float, y: float) -> list[str]:
    """A grid of 4x4 integers."""
    parts = []
    for place, code in enumerate(CHOSEN):
        row, column = divmod(place, 4)
        parts.append(_cell(x, y, place, CODES[code], opacity=0.45))
        parts.append(text(x + 14 * column + 7, y + 14 * row + 11, str(code), size=11))
    return parts


def _cell(x: float, y: float, place: int, color: str, *, opacity: float) -> str:
    row, column = divmod(place, 4)
    return (
        f'<rect x="{x + 14 * column:g}" y="{y + 14 * row:g}" width="14" height="14" '
        f'fill="{color}" fill-opacity="{opacity}" stroke="currentColor" stroke-opacity=".5" '
        'stroke-width=".7"/>'
    )


def _book() -> list[str]:
    """The codebook, below, joined to both boxes that use it."""
    parts = [text(424, 226, "codebook: K vectors e", size=14)]
    for row, color in enumerate(CODES):
        y = 150 + 15 * row
        frame = f'fill="{color}" fill-opacity=".45" stroke="currentColor" stroke-opacity=".5"'
        parts.append(text(392, y + 11, str(row), size=12))
        parts.append(f'<rect x="402" y="{y}" width="56" height="12" {frame}/>')
    return [
        *parts,
        way([(382, 180), (328, 180), (328, 120)]),
        way([(464, 180), (516, 180), (516, 120)]),
    ]


def _box(x: float, width: float, *lines: str) -> list[str]:
    frame = f'fill="{COLORS["VQ-VAE-2"]}" fill-opacity=".2" stroke="{COLORS["VQ-VAE-2"]}"'
    box = f'<rect x="{x}" y="{MIDDLE - 28}" width="{width}" height="56" rx="5" {frame}/>'
    first = MIDDLE + 5 - 9 * (len(lines) - 1)
    return [
        box,
        *(text(x + width / 2, first + 18 * row, line, size=14) for row, line in enumerate(lines)),
    ]


def _funnel(x: float, left: float, right: float, words: str) -> list[str]:
    """80 wide: an encoder narrows to the right, a decoder widens."""
    frame = f'fill="{COLORS["VQ-VAE-2"]}" fill-opacity=".2" stroke="{COLORS["VQ-VAE-2"]}"'
    shape = (
        f"M{x} {MIDDLE - left / 2} L{x + 80} {MIDDLE - right / 2} "
        f"V{MIDDLE + right / 2} L{x} {MIDDLE + left / 2} Z"
    )
    return [f'<path d="{shape}" {frame}/>', text(x + 40, MIDDLE + 5, words, size=14)]


def _picture(x: float, words: str) -> list[str]:
    """An image of a 7, with its name below."""
    outline = frame(PLAIN, ".2", 1.6)
    stroke = f"M{x + 15} {MIDDLE - 13} h24 l-14 28"
    return [
        f'<rect x="{x}" y="{MIDDLE - 27}" width="54" height="54" rx="3" {outline}/>',
        f'<path d="{stroke}" fill="none" stroke="currentColor" stroke-width="5"/>',
        text(x + 27, MIDDLE + 46, words, size=14),
    ]
