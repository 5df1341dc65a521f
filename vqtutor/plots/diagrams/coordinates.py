"""One number of a latent is changed: what is asked of the images, and how far it can reach."""

from __future__ import annotations

from vqtutor.plots.diagrams.drawing import PLAIN, Diagram, arrow, frame, svg, text
from vqtutor.plots.style import COLORS

CHANGED = "#D55E00"  # the number that is changed, and the pixels that it moves
QUESTIONS = {
    "how much?": "effect: root mean square change",
    "where?": "A90 and L: share of the pixels",
    "what?": "ρ and range of slant, brightness, width",
}
CELL = 18


def one_number() -> Diagram:
    """A latent with one number set to several values, decoded; three questions to the images."""
    parts = [text(52, 22, "latent z", size=15)]
    for row in range(6):
        parts += _cell(43, 34 + 22 * row, CELL, CHANGED if row == 2 else PLAIN, strong=row == 2)
    parts += [
        text(52, 188, "set one number", size=13, opacity=0.75),
        text(52, 205, "to nine values", size=13, opacity=0.75),
        arrow(72, 98, 108),
        f'<path d="M114 62 L204 32 V164 L114 134 Z" {frame(PLAIN, ".15", 1.6)}/>',
        text(160, 103, "decoder g", size=14),
        arrow(210, 98, 236),
    ]
    for place in range(9):
        parts += _cell(242 + 13 * place, 34 + 8 * place, 44, PLAIN, strong=False, solid=True)
    parts += [
        text(316, 175, "nine images, each", size=13, opacity=0.75),
        text(316, 192, "minus g(z)", size=13, opacity=0.75),
        arrow(400, 98, 426),
    ]
    for row, (question, answer) in enumerate(QUESTIONS.items()):
        top = 22 + 60 * row
        parts += [
            f'<rect x="432" y="{top}" width="264" height="50" rx="6" {frame(PLAIN, "0", 1.6)}/>',
            text(564, top + 21, question, size=15),
            text(564, top + 40, answer, size=13, opacity=0.75),
        ]
    asked = "; ".join(f"{question} {answer}" for question, answer in QUESTIONS.items())
    description = (
        "One number of a latent is set to nine values. The decoder makes nine images, which are "
        f"compared with the image of the unchanged latent. Three questions: {asked}."
    )
    return svg(parts, 704, 214, description)


def vector_and_grid() -> Diagram:
    """One number of a vector is joined to every pixel, one code of a grid to those around it."""
    parts = [text(150, 20, "a vector: AE, VAE", size=15)]
    for row in range(6):
        parts += _cell(40, 36 + 22 * row, CELL, CHANGED if row == 2 else PLAIN, strong=row == 2)
    for row in range(8):
        parts.append(_line(60, 89, 154, 42 + 16 * row))
    parts += [
        f'<rect x="156" y="34" width="128" height="128" {frame(CHANGED, ".35", 1.6)}/>',
        text(220, 186, "every pixel", size=13, opacity=0.75),
        text(49, 186, "one number", size=13, opacity=0.75),
        text(500, 20, "a grid: the codes of a VQ-VAE-2", size=15),
    ]
    for row in range(4):
        for column in range(4):
            here = (row, column) == (1, 1)
            parts += _cell(
                378 + 22 * column,
                56 + 22 * row,
                CELL,
                CHANGED if here else COLORS["VQ-VAE-2"],
                strong=here,
            )
    parts += [
        *(_line(420, 87, 524, y) for y in (50, 82, 114)),
        f'<rect x="508" y="34" width="128" height="128" {frame(PLAIN, "0", 1.6)}/>',
        f'<rect x="508" y="34" width="96" height="96" fill="{CHANGED}" fill-opacity=".12"/>',
        f'<rect x="524" y="50" width="64" height="64" fill="{CHANGED}" fill-opacity=".25"/>',
        f'<rect x="540" y="66" width="32" height="32" fill="{CHANGED}" fill-opacity=".6"/>',
        text(572, 186, "the pixels around its place", size=13, opacity=0.75),
        text(420, 186, "one code", size=13, opacity=0.75),
    ]
    description = (
        "Left: one number of a vector, with lines to every pixel of the image. Right: one code of "
        "a grid, with lines to the pixels around its own place, most strongly to the nearest."
    )
    return svg(parts, 704, 200, description)


def _cell(
    left: float, top: float, side: float, color: str, *, strong: bool, solid: bool = False
) -> list[str]:
    """A square; `solid` hides what lies behind it, in light and dark."""
    square = f'<rect x="{left}" y="{top}" width="{side}" height="{side}" rx="3" '
    back = [square + 'fill="#9A9A9A"/>'] if solid else []
    return [*back, square + f"{frame(color, '.8' if strong else '.15', 1.6)}/>"]


def _line(x: float, y: float, to_x: float, to_y: float) -> str:
    return (
        f'<path d="M{x} {y} L{to_x} {to_y}" stroke="{CHANGED}" stroke-opacity=".6" '
        'stroke-width="1.2" fill="none"/>'
    )
