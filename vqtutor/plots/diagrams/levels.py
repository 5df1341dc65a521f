"""How a VQ-VAE-2 takes an image apart and rebuilds it: the coarse level above the fine one."""

from __future__ import annotations

from vqtutor.plots.diagrams.drawing import PLAIN, Diagram, frame, svg, text, way
from vqtutor.plots.style import COLORS

WIDTH, HEIGHT = 944, 320
LEAST = 840  # pixels: on a narrower screen the drawing is scrolled, so that it can still be read
TOP, BOTTOM = 84, 236  # middle lines of the two levels
CODES = ("#0072B2", "#56B4E9", "#E69F00", "#009E73")  # of cells: a code is a name, not a shade
THIN = frame(PLAIN, width=1.6)


def levels(top: tuple[int, int] = (4, 4), bottom: tuple[int, int] = (8, 8)) -> Diagram:
    """Stage 1 step by step, with grids of so many rows and columns of codes."""
    parts = [*_coarse(*top), *_fine(*bottom), *_between()]
    description = (
        "Stage 1 of a VQ-VAE-2. 1: the bottom encoder turns the image into bottom features. 2: the "
        f"top encoder turns these into top features. 3: they are quantized, {top[0]} by {top[1]} "
        "top codes. 4: the top decoder decodes the quantized top vectors. 5: the result is "
        "concatenated with the bottom features, and both together are quantized, "
        f"{bottom[0]} by {bottom[1]} bottom codes. 6: the quantized bottom vectors are "
        "concatenated with the upsampled top vectors, and the decoder makes the reconstruction."
    )
    return svg(parts, WIDTH, HEIGHT, description, LEAST)


def _coarse(rows: int, columns: int) -> list[str]:
    """The upper row: from the bottom features to the quantized top vectors."""
    return [
        way([(213, BOTTOM - 26), (213, TOP), (236, TOP)]),
        _funnel(240, TOP, 84, 92, 60),
        *_words(282, TOP, 2, "top", "encoder"),
        _letter(339, TOP - 13, "v", "t"),
        way([(328, TOP), (352, TOP)]),
        _box(356, TOP - 28, 76, 56),
        *_words(394, TOP, 3, "quantize", "top"),
        way([(436, TOP), (452, TOP)]),
        *_grid(456, TOP - 24, 48, rows, columns),
        text(480, TOP - 54, "top codes", size=14),
        text(480, TOP - 36, f"{rows} × {columns}", size=13, opacity=0.75),
    ]


def _fine(rows: int, columns: int) -> list[str]:
    """The lower row: from the image to the reconstruction."""
    below = BOTTOM + 46
    return [
        _picture(10, BOTTOM - 26),
        text(36, below, "image x", size=14),
        way([(66, BOTTOM), (84, BOTTOM)]),
        _funnel(88, BOTTOM, 84, 124, 76),
        *_words(130, BOTTOM, 1, "bottom", "encoder"),
        way([(176, BOTTOM), (194, BOTTOM)]),
        f'<rect x="198" y="{BOTTOM - 22}" width="30" height="44" rx="3" {THIN}/>',
        _letter(213, BOTTOM + 4, "h", "b"),
        text(213, below, "bottom", size=14),
        text(213, below + 17, "features", size=14),
        way([(232, BOTTOM), (462, BOTTOM)]),
        _join(480, BOTTOM),
        text(480, below, "concatenate", size=13, opacity=0.75),
        way([(498, BOTTOM), (514, BOTTOM)]),
        _box(518, BOTTOM - 28, 76, 56),
        *_words(556, BOTTOM, 5, "quantize", "bottom"),
        way([(598, BOTTOM), (614, BOTTOM)]),
        *_grid(618, BOTTOM - 24, 48, rows, columns),
        text(642, below, "bottom codes", size=14),
        text(642, below + 17, f"{rows} × {columns}", size=13, opacity=0.75),
        _letter(682, BOTTOM - 13, "q", "b"),
        way([(670, BOTTOM), (698, BOTTOM)]),
        _join(716, BOTTOM),
        way([(734, BOTTOM), (750, BOTTOM)]),
        _funnel(754, BOTTOM, 76, 76, 124),
        *_words(792, BOTTOM, 6, "decoder"),
        way([(834, BOTTOM), (850, BOTTOM)]),
        _picture(854, BOTTOM - 26),
        text(882, below + 17, "reconstruction", size=14),
    ]


def _between() -> list[str]:
    """What the upper row tells the lower one, twice: before quantizing and before painting."""
    return [
        _letter(464, TOP + 42, "q", "t"),
        way([(480, TOP + 28), (480, TOP + 48)]),
        _box(428, TOP + 52, 104, 34),
        _step(428, TOP + 52, 4),
        text(480, TOP + 74, "top decoder", size=14),
        _letter(464, BOTTOM - 40, "d", "t"),
        way([(480, TOP + 90), (480, BOTTOM - 18)]),
        _letter(580, TOP - 13, "q", "t"),
        way([(508, TOP), (668, TOP)]),
        _box(672, TOP - 17, 88, 34),
        text(716, TOP + 5, "upsample", size=14),
        way([(716, TOP + 21), (716, BOTTOM - 18)]),
    ]


def _box(x: float, y: float, width: float, height: float) -> str:
    place = f'x="{x}" y="{y}" width="{width}" height="{height}" rx="4"'
    return f"<rect {place} {frame(COLORS['VQ-VAE-2'], width=1.6)}/>"


def _funnel(x: float, y: float, width: float, left: float, right: float) -> str:
    """An encoder narrows to the right, a decoder widens."""
    return (
        f'<path d="M{x} {y - left / 2} L{x + width} {y - right / 2} V{y + right / 2} '
        f'L{x} {y + left / 2} Z" {frame(COLORS["VQ-VAE-2"], width=1.6)}/>'
    )


def _words(x: float, y: float, step: int, *lines: str) -> list[str]:
    """One line or two around `y`, and the number of the step above them."""
    first = y + 5 - 8.5 * (len(lines) - 1)
    named = [text(x, first + 17 * place, line, size=14) for place, line in enumerate(lines)]
    return [*named, _step(x, y - 27, step)]


def _step(x: float, y: float, step: int) -> str:
    """The number of a step, in a disk."""
    disk = f'<circle cx="{x}" cy="{y}" r="9" fill="{COLORS["VQ-VAE-2"]}"/>'
    return (
        f'{disk}<text x="{x}" y="{y + 4}" font-size="12" font-weight="700" text-anchor="middle" '
        f'fill="#FFFFFF">{step}</text>'
    )


def _letter(x: float, y: float, letter: str, index: str) -> str:
    """A symbol of the formulas."""
    return (
        f'<text x="{x}" y="{y}" font-size="14" font-style="italic" text-anchor="middle" '
        f'fill="currentColor">{letter}<tspan dy="4" font-size="11" font-style="normal">{index}'
        "</tspan></text>"
    )


def _grid(x: float, y: float, side: float, rows: int, columns: int) -> list[str]:
    """A square of `side`, in it a cell per code."""
    width, height = side / columns, side / rows
    cells = [
        f'<rect x="{x + column * width:g}" y="{y + row * height:g}" width="{width:g}" '
        f'height="{height:g}" fill="{CODES[(3 * row + row * column + 2 * column) % len(CODES)]}" '
        'fill-opacity=".7"/>'
        for row in range(rows)
        for column in range(columns)
    ]
    frame = f'<rect x="{x}" y="{y}" width="{side}" height="{side}" fill="none"'
    return [*cells, f'{frame} stroke="currentColor" stroke-width="1.6"/>']


def _picture(x: float, y: float, side: float = 52) -> str:
    """An image of a 2."""
    stroke = side / 10
    line = (
        f"M{x + 0.3 * side:g} {y + 0.34 * side:g} q{0.2 * side:g} {-0.3 * side:g} "
        f"{0.38 * side:g} {-0.02 * side:g} q{0.06 * side:g} {0.2 * side:g} {-0.36 * side:g} "
        f"{0.46 * side:g} h{0.4 * side:g}"
    )
    frame = f'<rect x="{x}" y="{y}" width="{side}" height="{side}" rx="3" {THIN}/>'
    return f'{frame}<path d="{line}" fill="none" stroke="currentColor" stroke-width="{stroke:g}"/>'


def _join(x: float, y: float, radius: float = 14) -> str:
    """Two maps, one behind the other."""
    circle = f'<circle cx="{x}" cy="{y}" r="{radius}" {THIN}/>'
    bars = f"M{x - 3} {y - 6} V{y + 6} M{x + 3} {y - 6} V{y + 6}"
    return f'{circle}<path d="{bars}" stroke="currentColor" stroke-width="2"/>'
