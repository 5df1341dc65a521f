"""What a PixelCNN may look at: the order of the codes, the masks A and B, the two streams."""

from __future__ import annotations

from collections.abc import Callable

from vqtutor.plots.diagrams.drawing import Diagram, arrow, svg, text
from vqtutor.plots.style import COLORS

KNOWN = COLORS["VQ-VAE-2"]  # codes that were drawn before
ABOVE, LEFT = "#56B4E9", "#CC79A7"  # the two streams
CELL = 30


def reading_order() -> Diagram:
    """A grid whose codes are numbered as they are drawn, next to the masks A and B."""
    parts = [
        *_grid(35, 40, 4, 4, lambda r, c: KNOWN if 4 * r + c < 9 else "", _order),
        *_grid(285, 55, 3, 3, lambda r, c: KNOWN if 3 * r + c < 4 else "", _mask_a),
        *_grid(505, 55, 3, 3, lambda r, c: KNOWN if 3 * r + c < 5 else "", _mask_b),
        text(95, 26, "reading order", size=15),
        text(330, 26, "mask A, first layer", size=15),
        text(550, 26, "mask B, later layers", size=15),
        text(95, 180, "codes 1 to 9 decide", size=13, opacity=0.75),
        text(95, 197, "how likely the 10th is", size=13, opacity=0.75),
        text(330, 180, "without the code itself", size=13, opacity=0.75),
        text(550, 180, "with its own features", size=13, opacity=0.75),
    ]
    description = (
        "A grid of four by four codes, numbered row by row from 1 to 16. The codes 1 to 9 are "
        "marked as known, the 10th is the next one. Beside it two masks of three by three weights: "
        "in both the upper row and the left neighbor are 1, what follows is 0; the middle is 0 in "
        "mask A and 1 in mask B."
    )
    return svg(parts, 655, 210, description)


def two_streams() -> Diagram:
    """The vertical stream sees all rows above, the horizontal one its own row to the left."""

    def above(row: int, _: int) -> str:
        return ABOVE if row < 2 else ""

    def left(row: int, column: int) -> str:
        return LEFT if row == 2 and column < 2 else ""

    def both(row: int, column: int) -> str:
        return above(row, column) or left(row, column)

    parts = [
        *_grid(20, 40, 4, 5, above, _here),
        *_grid(255, 40, 4, 5, left, _here),
        *_grid(490, 40, 4, 5, both, _here),
        text(95, 26, "vertical stream", size=15),
        text(330, 26, "horizontal stream", size=15),
        text(565, 26, "together", size=15),
        text(212, 107, "+", size=24),
        arrow(432, 100, 464),
        text(95, 180, "every row above", size=13, opacity=0.75),
        text(330, 180, "its own row, to the left", size=13, opacity=0.75),
        text(565, 180, "all that came before", size=13, opacity=0.75),
    ]
    description = (
        "Three grids of four by five codes, with a question mark at the code to be predicted, in "
        "the third row and the third column. The vertical stream sees the two rows above, in full "
        "width. The horizontal stream sees the two codes to the left in the same row. Together "
        "they see every code that came before, and no other."
    )
    return svg(parts, 660, 196, description)


def gated_layer() -> Diagram:
    """One layer: both streams pass a gate, and the vertical one is read by the horizontal one."""
    parts = [
        *_lane(60, -36, ABOVE, "above", "2 × 3"),
        *_lane(156, 36, LEFT, "left", "1 × 2"),
        _path("M660 60 V108 H565"),
        _box(520, 108, 80, "1 × 1", ABOVE),
        _path("M476 108 H263 V140 M258 133 L263 141 L268 133"),
        text(375, 101, "link", size=13, opacity=0.75),
    ]
    description = (
        "Two lanes. The upper one takes the vertical stream through a convolution of two by three, "
        "a gate (tanh times sigmoid) and a one by one convolution, and adds the result to the "
        "stream. The lower one does the same to the horizontal stream with a convolution of one by "
        "two. A link, one by one, leads from the end of the upper lane to the lower one in front "
        "of its gate. Nothing leads from the lower lane to the upper one."
    )
    return svg(parts, 750, 206, description)


def _lane(y: float, detour: float, color: str, name: str, kernel: str) -> list[str]:
    """Convolution, gate and 1 x 1 at height `y`, and the way around them, `detour` lower."""
    head = 7 if detour < 0 else -7
    end = y - 2 * head  # where the way around meets the circle
    plus = [text(263, y + 6, "+", size=18), _circle(263, y)] if name == "left" else []
    start = 277 if plus else 205
    return [
        text(40, y + 5, name, size=15),
        arrow(70, y, 118),
        _box(160, y, 80, kernel, color),
        *([arrow(203, y, 249), *plus] if plus else []),
        arrow(start, y, 318),
        _box(375, y, 110, "tanh · sigmoid", color),
        arrow(433, y, 478),
        _box(520, y, 80, "1 × 1", color),
        arrow(563, y, 608),
        text(622, y + 6, "+", size=18),
        _circle(622, y),
        arrow(636, y, 690),
        text(717, y + 5, name, size=15),
        _path(f"M85 {y} V{y + detour} H622 V{end} M617 {end - head} L622 {end} L627 {end - head}"),
    ]


def _grid(
    x: float,
    y: float,
    rows: int,
    columns: int,
    color: Callable[[int, int], str],
    word: Callable[[int, int], str],
) -> list[str]:
    """A grid of cells from the corner (x, y), each with a color ("" for none) and a word."""
    parts = []
    for row in range(rows):
        for column in range(columns):
            fill, left, top = color(row, column), x + CELL * column, y + CELL * row
            body = f'fill="{fill}" fill-opacity=".35"' if fill else 'fill="none"'
            parts.append(
                f'<rect x="{left}" y="{top}" width="{CELL}" height="{CELL}" {body} '
                'stroke="currentColor" stroke-opacity=".45"/>'
            )
            words = word(row, column)
            faint = 1.0 if fill or words == "?" else 0.5
            parts.append(text(left + CELL / 2, top + 20, words, size=14, opacity=faint))
    return parts


def _order(row: int, column: int) -> str:
    number = 4 * row + column + 1
    return "?" if number == 10 else str(number)


def _mask_a(row: int, column: int) -> str:
    return str(int(3 * row + column < 4))


def _mask_b(row: int, column: int) -> str:
    return str(int(3 * row + column < 5))


def _here(row: int, column: int) -> str:
    return "?" if (row, column) == (2, 2) else ""


def _box(x: float, y: float, width: float, words: str, color: str) -> str:
    """A box with words around its middle, (x, y)."""
    return (
        f'<rect x="{x - width / 2}" y="{y - 17}" width="{width}" height="34" rx="4" '
        f'fill="{color}" fill-opacity=".25" stroke="{color}" stroke-width="2"/>'
        f"{text(x, y + 5, words, size=14)}"
    )


def _circle(x: float, y: float) -> str:
    return f'<circle cx="{x}" cy="{y}" r="13" fill="none" stroke="currentColor"/>'


def _path(line: str) -> str:
    return f'<path d="{line}" fill="none" stroke="currentColor" stroke-width="1.6"/>'
