"""A decoder makes images of whatever it is given: each model, and what may draw its latents."""

from __future__ import annotations

from vqtutor.plots.diagrams.drawing import PLAIN, Diagram, arrow, frame, svg, text
from vqtutor.plots.style import COLORS

DRAWS = {  # what draws the latents, by model
    "AE": ("U(−1, 1)", "N(0, 1)", "mixture"),
    "VAE": ("N(0, 1)", "mixture"),
    "VQ-VAE-2": ("uniform codes", "PixelCNN", "PixelCNN, refusing"),
}
WIDTHS = {
    "U(−1, 1)": 84,
    "N(0, 1)": 78,
    "mixture": 78,
    "uniform codes": 106,
    "PixelCNN": 80,
    "PixelCNN, refusing": 132,
}


def samplers() -> Diagram:
    """What may draw the latents of each model, its decoder, and the two sets compared."""
    parts = [
        text(160, 18, "samplers", size=14),
        text(387, 18, "latent", size=14),
        text(468, 18, "decoder g", size=14),
    ]
    for row, (name, draws) in enumerate(DRAWS.items()):
        parts += _line(34 + 72 * row, name, draws)
    outline = frame(PLAIN, ".12")
    parts += [
        f'<rect x="562" y="34" width="88" height="204" rx="6" {outline}/>',
        text(606, 130, "images from", size=14),
        text(606, 148, "nothing", size=14),
        text(676, 104, "set", size=12, opacity=0.75),
        text(676, 120, "by set", size=12, opacity=0.75),
        '<path d="M655 136 H697 M662 131 L654 136 L662 141 M690 131 L698 136 L690 141" '
        'fill="none" stroke="currentColor" stroke-width="1.6"/>',
        f'<rect x="702" y="34" width="64" height="204" rx="6" {outline}/>',
        text(734, 130, "real", size=14),
        text(734, 148, "images", size=14),
    ]
    listed = "; ".join(f"{name}: {', '.join(draws)}" for name, draws in DRAWS.items())
    description = (
        "A generator is a decoder and something that draws latents for it. What may draw them, by "
        f"model: {listed}. The images have no originals, so they are compared with real images set "
        "by set."
    )
    return svg(parts, 770, 250, description)


def _line(top: float, name: str, draws: tuple[str, ...]) -> list[str]:
    """One model: its samplers in dashed frames, the latent, its decoder."""
    color = COLORS[name]
    dashed = f'fill="none" stroke="{color}" stroke-width="1.6" stroke-dasharray="6 4"'
    solid = frame(color)
    middle = top + 30
    parts, left = [], 8.0
    for draw in draws:
        width = WIDTHS[draw]
        parts += [
            f'<rect x="{left}" y="{middle - 15}" width="{width}" height="30" rx="6" {dashed}/>',
            text(left + width / 2, middle + 5, draw, size=13),
        ]
        left += width + 6
    return [
        *parts,
        arrow(left, middle, 376),
        f'<rect x="380" y="{middle - 20}" width="14" height="40" rx="3" {solid}/>',
        arrow(398, middle, 416),
        f'<path d="M420 {middle - 16} L516 {middle - 30} V{middle + 30} L420 {middle + 16} Z" '
        f"{solid}/>",
        text(468, middle + 5, name, size=14),
        arrow(520, middle, 556),
    ]
