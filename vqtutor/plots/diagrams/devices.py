"""Several processes that train one network together: what each does alone, and what they share."""

from __future__ import annotations

from vqtutor.plots.diagrams.drawing import PLAIN, Diagram, arrow, frame, svg, text
from vqtutor.plots.style import COLORS

SHADES = ("#0072B2", "#E69F00", "#D55E00", "#CC79A7")  # parts of a batch: one color per process
ROW, TOP = 84, 34  # height of one process's row; where the first begins


def devices(count: int = 3) -> Diagram:
    """`count` processes, 2 to 4: parts of a batch go in, and the same weights come out of all."""
    if not 2 <= count <= len(SHADES):
        raise ValueError(f"count must lie in 2..{len(SHADES)}, got {count}.")
    height = ROW * count
    heads = ((38, "a batch"), (235, "each for itself"), (466, "all together"), (624, "again alone"))
    parts = [text(x, 20, words, size=13, opacity=0.75) for x, words in heads]
    for row, color in enumerate(SHADES[:count]):
        parts += _process(row, TOP + ROW * row, color)
    middle = TOP + (height - 16) / 2
    parts += [
        _box(400, TOP, 132, height - 16, PLAIN),
        text(466, middle - 26, "mean of the", size=14),
        text(466, middle - 9, "gradients", size=14),
        text(466, middle + 18, "sum of counts", size=14),
        text(466, middle + 35, "and of sums", size=14),
    ]
    for row in range(1, count):
        parts.append(text(624, TOP + ROW * row - 3, "=", size=16))
    description = (
        f"{count} processes hold the same network. Each takes its own part of every batch and "
        "computes a gradient, and for every code the count and the sum of its features. The mean "
        "of all gradients and the sum of all counts and sums go back to every process, so all "
        "make the same step, and their weights and codebooks stay equal."
    )
    return svg(parts, 706, TOP + height, description)


def _process(row: int, top: float, color: str) -> list[str]:
    """One row: its images, its network, what it found, and its network after the step."""
    line = top + 34
    found = COLORS["VQ-VAE-2"]
    return [
        *(_image(8 + 32 * place, top + 20, color) for place in range(2)),
        arrow(74, line, 96),
        _box(100, top, 124, 68, found),
        text(162, top + 29, f"process {row}", size=14),
        text(162, top + 49, "weights, codebook", size=13, opacity=0.75),
        arrow(228, line, 250),
        _box(254, top, 116, 68, color),
        text(312, top + 29, "gradient", size=14),
        text(312, top + 49, "counts, sums", size=14),
        arrow(374, line, 396),
        arrow(536, line, 558),
        _box(562, top, 124, 68, found),
        text(624, top + 29, "one step", size=14),
        text(624, top + 49, "weights, codebook", size=13, opacity=0.75),
    ]


def _box(left: float, top: float, width: float, height: float, color: str) -> str:
    return (
        f'<rect x="{left}" y="{top}" width="{width}" height="{height}" rx="6" fill="{color}" '
        f'fill-opacity=".2" stroke="{color}" stroke-width="1.6"/>'
    )


def _image(left: float, top: float, color: str) -> str:
    """A picture with something in it, in the color of its process."""
    outline = frame(color, ".2", 1.6)
    return (
        f'<rect x="{left}" y="{top}" width="28" height="28" rx="2" {outline}/>'
        f'<circle cx="{left + 14}" cy="{top + 14}" r="7" fill="{color}"/>'
    )
