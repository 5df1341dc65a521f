"""The book's path, shown at the head of every chapter."""

from __future__ import annotations

from html import escape

from vqtutor.checks import check_choice
from vqtutor.plots.diagrams.drawing import PLAIN, Diagram
from vqtutor.plots.style import COLORS

STORY = (  # stop, what it is for, color
    ("convolutions", "see", PLAIN),
    ("autoencoder", "compress", COLORS["AE"]),
    ("VAE", "draw anew", COLORS["VAE"]),
    ("codebook", "write in codes", COLORS["VQ-VAE-2"]),
    ("VQ-VAE-2", "two levels", COLORS["VQ-VAE-2"]),
    ("PixelCNN", "draw codes", COLORS["VQ-VAE-2"]),
    ("comparison", "measure", PLAIN),
    ("ledger", "decide", PLAIN),
    ("scaling", "go on", PLAIN),
)


def story(here: str | None = None) -> Diagram:
    """The book's path from the first chapter to the last, with the stop `here` marked."""
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
