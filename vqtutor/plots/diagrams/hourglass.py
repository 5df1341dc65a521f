"""An autoencoder's shape: wide, narrow, wide."""

from __future__ import annotations

from vqtutor.plots.diagrams.drawing import Diagram, arrow, frame, svg, text
from vqtutor.plots.style import COLORS


def hourglass(before: str, code: str, after: str) -> Diagram:
    """Encoder, bottleneck, decoder, with the sizes before, in and after the bottleneck."""
    body = frame(COLORS["AE"])
    parts = [
        text(76, 88, "image x", size=15),
        text(76, 108, before, size=13, opacity=0.75),
        arrow(160, 92, 186),
        f'<path d="M190 12 L310 62 V122 L190 172 Z" {body}/>',
        text(252, 97, "encoder f", size=15),
        arrow(314, 92, 340),
        f'<rect x="344" y="62" width="20" height="60" rx="3" {body}/>',
        text(354, 48, "latent z", size=15),
        text(354, 144, code, size=13, opacity=0.75),
        arrow(368, 92, 394),
        f'<path d="M398 62 L518 12 V172 L398 122 Z" {body}/>',
        text(456, 97, "decoder g", size=15),
        arrow(522, 92, 548),
        text(624, 88, "reconstruction x̂", size=15),
        text(624, 108, after, size=13, opacity=0.75),
    ]
    description = (
        f"An image, {before}, goes through the encoder into a latent of {code}; "
        f"the decoder makes a reconstruction of it, {after}."
    )
    return svg(parts, 700, 184, description)
