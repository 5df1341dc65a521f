"""What all diagrams are made of: words, arrows, boxes, and the frame that carries a description."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from html import escape

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


def svg(parts: Iterable[str], width: int, height: int, description: str) -> Diagram:
    """A drawing of so many units, as wide as the page up to `width` pixels; scrolled on a phone."""
    style = f"width:100%;min-width:520px;max-width:{width}px"
    drawing = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" role="img" '
        f'aria-label="{escape(description)}" style="{style}" font-family="inherit">'
        f"{''.join(parts)}</svg>"
    )
    return Diagram(f'<div class="diagram" style="overflow-x:auto">{drawing}</div>', description)


def text(x: float, y: float, words: str, *, size: int, opacity: float = 1.0) -> str:
    """Words centered at `x`, in the page's text color."""
    return (
        f'<text x="{x}" y="{y}" font-size="{size}" text-anchor="middle" fill="currentColor" '
        f'fill-opacity="{opacity}">{escape(words)}</text>'
    )


def arrow(start: float, y: float, end: float) -> str:
    """A short arrow to the right."""
    return (
        f'<path d="M{start} {y} H{end - 1} M{end - 7} {y - 5} L{end} {y} L{end - 7} {y + 5}" '
        'fill="none" stroke="currentColor" stroke-width="1.6"/>'
    )
