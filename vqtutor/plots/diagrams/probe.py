"""A classifier behind an encoder that no longer learns."""

from __future__ import annotations

from vqtutor.plots.diagrams.drawing import PLAIN, Diagram, arrow, frame, svg, text
from vqtutor.plots.style import COLORS


def probe() -> Diagram:
    """Image, frozen encoder, latent, probe, answer; labels reach the probe only."""
    color = COLORS["AE"]
    frozen = frame(color, ".12")
    learns = frame(PLAIN, ".25")
    parts = [
        text(48, 122, "image x", size=15),
        arrow(84, 117, 110),
        f'<path d="M114 47 L254 87 V147 L114 187 Z" {frozen} stroke-dasharray="6 4"/>',
        text(184, 112, "encoder f", size=15),
        text(184, 131, "does not learn", size=12, opacity=0.75),
        arrow(258, 117, 284),
        f'<rect x="288" y="82" width="20" height="70" rx="3" {frozen}/>',
        text(298, 70, "latent z", size=15),
        text(298, 172, "as numbers", size=12, opacity=0.75),
        arrow(312, 117, 338),
        f'<rect x="342" y="82" width="130" height="70" rx="6" {learns}/>',
        text(407, 112, "probe", size=15),
        text(407, 131, "learns", size=12, opacity=0.75),
        arrow(476, 117, 502),
        text(556, 112, "“a seven”", size=15),
        text(556, 131, "right or wrong?", size=12, opacity=0.75),
        text(407, 24, "labels y of the training images", size=13),
        '<path d="M407 34 V76 M402 69 L407 77 L412 69" fill="none" stroke="currentColor" '
        'stroke-width="1.6"/>',
    ]
    description = (
        "An image goes through an encoder that no longer learns into a latent, written as "
        "numbers. A classifier, the probe, is trained on these numbers and the labels of the "
        "training images, and names the class."
    )
    return svg(parts, 630, 200, description)
