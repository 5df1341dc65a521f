"""What all diagrams are made of: words, arrows, boxes, and the frame that carries a description."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape

Point = tuple[float, float]
PLAIN = "#7F7F7F"  # what stands for none of the three models


@dataclass(frozen=True)
class Diagram:
    """A drawing in HTML. Notebooks show it; its `str` is the description."""

    html: str
    description: str

    def __str__(self) -> str:
        return self.description

    __repr__ = __str__

    def _repr_html_(self) -> str:
        return self.html


def svg(
    parts: Iterable[str], width: int, height: int, description: str, least: int = 520
) -> Diagram:
    """A drawing of so many units, as wide as the page up to `width` pixels.

    Where the page has fewer than `least` pixels, as on a phone, it is scrolled.
    """
    style = f"width:100%;min-width:{least}px;max-width:{width}px"
    drawing = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" role="img" '
        f'aria-label="{escape(description)}" style="{style}" font-family="inherit">'
        f"{''.join(parts)}</svg>"
    )
    return Diagram(f'<div class="diagram" style="overflow-x:auto">{drawing}</div>', description)


def text(
    x: float, y: float, words: str, *, size: int, opacity: float = 1.0, anchor: str = "middle"
) -> str:
    """Words centered at `x`, or beginning there ("start"), in the page's text color."""
    return (
        f'<text x="{x}" y="{y}" font-size="{size}" text-anchor="{anchor}" fill="currentColor" '
        f'fill-opacity="{opacity}">{escape(words)}</text>'
    )


def frame(color: str, opacity: str = ".2", width: float = 2) -> str:
    """Attributes of a shape: a line of `color` around a paler face of the same."""
    return f'fill="{color}" fill-opacity="{opacity}" stroke="{color}" stroke-width="{width}"'


def arrow(start: float, y: float, end: float) -> str:
    """A short arrow to the right."""
    return (
        f'<path d="M{start} {y} H{end - 1} M{end - 7} {y - 5} L{end} {y} L{end - 7} {y + 5}" '
        'fill="none" stroke="currentColor" stroke-width="1.6"/>'
    )


def way(points: Sequence[Point], color: str = "", *, solid: bool = False) -> str:
    """An arrow along straight pieces, each upright or level; in a color it is dashed."""
    (x0, y0), (x1, y1) = points[-2:]
    line = "M" + " L".join(f"{x:g} {y:g}" for x, y in points)
    # The two barbs of the head point back along the last piece.
    back, aside = (_sign(x0 - x1), _sign(y0 - y1)), (_sign(y0 - y1), _sign(x0 - x1))
    barbs = [
        f"{x1 + 7 * back[0] + 5 * side * aside[0]:g} {y1 + 7 * back[1] + 5 * side * aside[1]:g}"
        for side in (-1, 1)
    ]
    head = f"M{barbs[0]} L{x1:g} {y1:g} L{barbs[1]}"
    ink = f'fill="none" stroke="{color or "currentColor"}" stroke-width="{2 if color else 1.6}"'
    dashes = ' stroke-dasharray="5 4"' if color and not solid else ""
    return f'<path d="{line}" {ink}{dashes}/><path d="{head}" {ink}/>'


def _sign(value: float) -> int:
    return (value > 0) - (value < 0)
