"""Diagrams in one hand, written into the page: vector drawings in the page's own text color.

They are sharp at any size, can be read in light and dark and on a phone, and carry a description
for those who do not see them.
"""

from __future__ import annotations

from dataclasses import dataclass
from html import escape

from vqtutor.checks import check_choice
from vqtutor.plots.style import COLORS

PLAIN = "#7F7F7F"  # what stands for none of the three models
STORY = (  # stop, what it is for, color
    ("convolutions", "see", PLAIN),
    ("autoencoder", "compress", COLORS["AE"]),
    ("VAE", "draw anew", COLORS["VAE"]),
    ("VQ-VAE-2", "use codes", COLORS["VQ-VAE-2"]),
    ("PixelCNN", "draw codes", COLORS["VQ-VAE-2"]),
    ("comparison", "measure", PLAIN),
)


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


def story(here: str | None = None) -> Diagram:
    """The book's path from the first chapter to the comparison, with the stop `here` marked."""
    if here is not None:
        check_choice("here", here, tuple(name for name, *_ in STORY))
    stops = []
    for name, purpose, color in STORY:
        box = f"border:{3 if name == here else 1}px solid {color};border-radius:6px"
        box += f";font-weight:700;background:{color}33" if name == here else ""
        stops.append(
            f'<div style="text-align:center;line-height:1.3"><div style="{box};padding:4px 8px">'
            f'{name}</div><small style="opacity:.75">{purpose}</small></div>'
        )
    path = '<div style="padding-top:4px">→</div>'.join(stops)
    named = ", ".join(f"{name} ({purpose})" for name, purpose, _ in STORY)
    description = f"The path of the book: {named}." + (f" You are here: {here}." if here else "")
    layout = "display:flex;flex-wrap:wrap;gap:6px;font-size:.85rem;margin:.5rem 0"
    label = f'class="diagram" role="img" aria-label="{escape(description)}"'
    return Diagram(f'<div {label} style="{layout}">{path}</div>', description)


def hourglass(before: str, code: str, after: str) -> Diagram:
    """Encoder, bottleneck, decoder, with the sizes before, in and after the bottleneck."""
    body = f'fill="{COLORS["AE"]}" fill-opacity=".2" stroke="{COLORS["AE"]}" stroke-width="2"'
    parts = [
        _text(76, 88, "image x", size=15),
        _text(76, 108, before, size=13, opacity=0.75),
        _arrow(160, 92, 186),
        f'<path d="M190 12 L310 62 V122 L190 172 Z" {body}/>',
        _text(252, 97, "encoder f", size=15),
        _arrow(314, 92, 340),
        f'<rect x="344" y="62" width="20" height="60" rx="3" {body}/>',
        _text(354, 48, "latent z", size=15),
        _text(354, 144, code, size=13, opacity=0.75),
        _arrow(368, 92, 394),
        f'<path d="M398 62 L518 12 V172 L398 122 Z" {body}/>',
        _text(456, 97, "decoder g", size=15),
        _arrow(522, 92, 548),
        _text(624, 88, "reconstruction x̂", size=15),
        _text(624, 108, after, size=13, opacity=0.75),
    ]
    description = (
        f"An image, {before}, goes through the encoder into a latent of {code}; "
        f"the decoder makes a reconstruction of it, {after}."
    )
    svg = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 700 184" role="img" '
        f'aria-label="{escape(description)}" style="width:100%;min-width:520px;max-width:700px" '
        f'font-family="inherit">{"".join(parts)}</svg>'
    )
    return Diagram(f'<div class="diagram" style="overflow-x:auto">{svg}</div>', description)


def _text(x: float, y: float, text: str, *, size: int, opacity: float = 1.0) -> str:
    return (
        f'<text x="{x}" y="{y}" font-size="{size}" text-anchor="middle" fill="currentColor" '
        f'fill-opacity="{opacity}">{escape(text)}</text>'
    )


def _arrow(start: float, y: float, end: float) -> str:
    """A short arrow to the right."""
    return (
        f'<path d="M{start} {y} H{end - 1} M{end - 7} {y - 5} L{end} {y} L{end - 7} {y + 5}" '
        'fill="none" stroke="currentColor" stroke-width="1.6"/>'
    )
