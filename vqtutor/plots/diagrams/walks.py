"""What lies between two latents: a chord and an arc for vectors, a row of grids for codes."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from vqtutor.plots.diagrams.drawing import PLAIN, Diagram, svg, text

RADIUS, CENTER = 116, (150, 152)  # of the shell, in units of the drawing
FROM, TO = 168, 42  # degrees: where first and last latent stand on it
STEPS = 5  # dots on either way, both ends included
CELL, BETWEEN = 22, 30  # side of a cell, room between two grids
FOREIGN = "#D55E00"  # a code of neither end
LEGEND = (
    (0.1, PLAIN, "as in the first"),
    (0.5, PLAIN, "as in the last"),
    (0.0, FOREIGN, "in neither"),
)


def chord_and_arc() -> Diagram:
    """Two draws of a Gaussian on their shell, and the two ways from one to the other."""
    first, last = _on_shell(FROM), _on_shell(TO)
    shares = [step / (STEPS - 1) for step in range(STEPS)]
    chord = [
        (first[0] + t * (last[0] - first[0]), first[1] + t * (last[1] - first[1])) for t in shares
    ]
    arc = [_on_shell(FROM + t * (TO - FROM)) for t in shares]
    x, y = CENTER
    parts = [
        f'<circle cx="{x}" cy="{y}" r="{RADIUS}" fill="none" stroke="{PLAIN}" stroke-width="18" '
        'stroke-opacity=".25"/>',
        f'<circle cx="{x}" cy="{y}" r="3" fill="currentColor"/>',
        text(x, y + 20, "0", size=14),
        *(_line((x, y), end, dashes="4 4") for end in (first, last)),
        _line(first, last),
        f'<path d="M{first[0]:.1f} {first[1]:.1f} A{RADIUS} {RADIUS} 0 0 1 {last[0]:.1f} '
        f'{last[1]:.1f}" fill="none" stroke="currentColor" stroke-width="1.6"/>',
        *(_dot(point, filled=True) for point in chord),
        *(_dot(point, filled=False) for point in arc[1:-1]),
        text(18, first[1] - 14, "a", size=16, anchor="start"),
        text(last[0] + 14, last[1] - 8, "b", size=16, anchor="start"),
        text(x - 14, y - 20, "ω", size=15, anchor="start"),
        *_legend(332),
    ]
    description = (
        "A circle with center 0: the shell near which draws from a Gaussian lie. Two draws, a and "
        "b, stand on it. The straight line between them, the chord, passes nearer to the center; "
        "the arc stays on the shell. Five dots on each mark equal steps."
    )
    return svg(parts, 700, 290, description)


def between_codes(walks: Mapping[str, Sequence[Sequence[Sequence[int]]]]) -> Diagram:
    """Grids of codes step by step, a row per kind of path; each cell says whose code it is.

    walks : by name, T grids of H rows of W codes, all from one first grid to one last. A code that
        stands at this place in neither of the two is set off.
    """
    if not walks:
        raise ValueError("walks must hold one path or more, got none.")
    steps, rows, columns = _sizes(walks)
    high, wide, left = CELL * rows, CELL * columns, 150
    parts, foreign = [], []
    for line, (name, grids) in enumerate(walks.items()):
        top = 34 + line * (high + 18)
        parts.append(text(6, top + high / 2 + 5, name, size=14, anchor="start"))
        for step, grid in enumerate(grids):
            corner = (left + step * (wide + BETWEEN), top)
            cells, strange = _grid(grid, grids[0], grids[-1], corner)
            parts += cells
            foreign += [f"{name}, step {step + 1}: {strange}"] if strange else []
    for step, label in enumerate(["first", *[""] * (steps - 2), "last"]):
        parts.append(text(left + step * (wide + BETWEEN) + wide / 2, 22, label, size=13))
    right = left + steps * (wide + BETWEEN) + 6
    for line, (shade, stroke, words) in enumerate(LEGEND):
        middle = 56 + 34 * line
        parts.append(_cell(right, middle - 11, "", shade, stroke))
        parts.append(text(right + CELL + 8, middle + 5, words, size=13, anchor="start"))
    description = (
        f"{steps} grids of codes from a first to a last, one row for each kind of path: "
        f"{', '.join(walks)}. Codes that stand at their place in neither of the two: "
        f"{'; '.join(foreign) or 'none'}."
    )
    height = max(34 + len(walks) * (high + 18), 56 + 34 * len(LEGEND))
    return svg(parts, max(560, right + CELL + 110), height, description)


def _sizes(walks: Mapping[str, Sequence[Sequence[Sequence[int]]]]) -> tuple[int, int, int]:
    """T, H and W, which must be the same for all."""
    sizes = {
        (len(grids), len(grid), len(row))
        for grids in walks.values()
        for grid in grids
        for row in grid
    }
    if len(sizes) != 1:
        raise ValueError(f"all walks must have one shape (T, H, W), got {sorted(sizes)}.")
    return sizes.pop()


def _grid(
    grid: Sequence[Sequence[int]],
    first: Sequence[Sequence[int]],
    last: Sequence[Sequence[int]],
    corner: tuple[float, float],
) -> tuple[list[str], int]:
    """The cells of one grid, and how many of its codes are of neither end."""
    cells, strange = [], 0
    for row, codes in enumerate(grid):
        for column, code in enumerate(codes):
            ends = first[row][column], last[row][column]
            place = corner[0] + CELL * column, corner[1] + CELL * row
            shade = 0.1 if code == ends[0] else 0.5
            stroke = PLAIN
            if code not in ends:
                shade, stroke, strange = 0, FOREIGN, strange + 1
            cells.append(_cell(*place, str(code), shade, stroke))
    return cells, strange


def _cell(x: float, y: float, word: str, shade: float, stroke: str) -> str:
    strong = stroke == FOREIGN
    width, inset = (2.4, 1.6) if strong else (1, 0.5)
    side = CELL - 2 * inset
    return (
        f'<rect x="{x + inset}" y="{y + inset}" width="{side}" height="{side}" rx="2" '
        f'fill="{PLAIN}" fill-opacity="{shade}" stroke="{stroke}" stroke-width="{width}"/>'
        f"{text(x + CELL / 2, y + CELL / 2 + 5, word, size=13)}"
    )


def _on_shell(degrees: float) -> tuple[float, float]:
    angle = math.radians(degrees)
    return CENTER[0] + RADIUS * math.cos(angle), CENTER[1] - RADIUS * math.sin(angle)


def _line(start: tuple[float, float], end: tuple[float, float], dashes: str = "none") -> str:
    (x, y), (to_x, to_y) = start, end
    return (
        f'<path d="M{x:.1f} {y:.1f} L{to_x:.1f} {to_y:.1f}" stroke="currentColor" '
        f'stroke-width="1.4" stroke-dasharray="{dashes}"/>'
    )


def _dot(point: tuple[float, float], *, filled: bool) -> str:
    """On the chord filled, on the arc hollow: told apart without color."""
    fill = "currentColor" if filled else "none"
    return (
        f'<circle cx="{point[0]:.1f}" cy="{point[1]:.1f}" r="5" fill="{fill}" '
        'stroke="currentColor" stroke-width="1.6"/>'
    )


def _legend(left: float) -> list[str]:
    """What the marks stand for, beside the drawing."""
    lines = (
        ("filled", "chord: the straight line, (1 − t) a + t b"),
        ("hollow", "arc: the direction turns evenly"),
        ("shell", "shell: where draws from N(0, I) lie"),
    )
    parts = []
    for line, (mark, words) in enumerate(lines):
        y = 92 + 44 * line
        if mark == "shell":
            parts.append(
                f'<path d="M{left - 12} {y} H{left + 12}" stroke="{PLAIN}" stroke-width="18" '
                'stroke-opacity=".25"/>'
            )
        else:
            parts.append(_dot((left, y), filled=mark == "filled"))
        parts.append(text(left + 24, y + 5, words, size=15, anchor="start"))
    return parts
