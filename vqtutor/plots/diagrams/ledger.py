"""From a sentence to a verdict: what is fixed before anything is measured, and what comes after."""

from __future__ import annotations

from vqtutor.plots.diagrams.drawing import PLAIN, Diagram, arrow, frame, svg, text

# The same colors as in `plot_verdicts`; yellow and gray are too pale for a thin frame.
VERDICTS = {
    "confirmed": "#009E73",
    "refuted": "#D55E00",
    "undecided": "#B8A800",
    "not tested": PLAIN,
}
CLAIM = ("what is measured", "confirmed if: at most 0.95", "refuted if: at least 1")
# Left and right end of each seed's interval, and the two thresholds, in units of the drawing.
INTERVALS = ((424, 456), (440, 476), (430, 464))
THRESHOLDS = (486, 526)
LEFT, RIGHT = 410, 552  # of the axis


def ledger() -> Diagram:
    """A sentence, a claim with two thresholds, an interval for each seed, one of four verdicts."""
    parts = [
        text(64, 104, "“The VAE", size=15),
        text(64, 124, "is fuzzy.”", size=15),
        text(64, 196, "a sentence", size=13, opacity=0.75),
        arrow(122, 108, 146),
        f'<rect x="152" y="62" width="200" height="100" rx="6" {frame(PLAIN, ".12", 1.6)}/>',
        *(text(252, 90 + 26 * row, words, size=14) for row, words in enumerate(CLAIM)),
        text(252, 196, "a claim that can fail", size=13, opacity=0.75),
        '<path d="M378 36 V212" stroke="currentColor" stroke-width="1.4" '
        'stroke-dasharray="5 5" fill="none"/>',
        text(324, 30, "fixed before", size=13),
        text(442, 30, "measured after", size=13),
        arrow(358, 108, 398),
        *_thresholds(),
    ]
    for row, (low, high) in enumerate(INTERVALS):
        parts += _interval(low, high, 82 + 26 * row)
    parts += [
        text(480, 196, "an interval for each seed", size=13, opacity=0.75),
        arrow(560, 108, 584),
    ]
    for row, (verdict, color) in enumerate(VERDICTS.items()):
        top = 48 + 32 * row
        parts += [
            f'<rect x="590" y="{top}" width="106" height="26" rx="6" {frame(color, ".2", 1.6)}/>',
            text(643, top + 18, verdict, size=14),
        ]
    parts.append(text(643, 196, "one for all seeds", size=13, opacity=0.75))
    description = (
        "A sentence, such as: the VAE is fuzzy. It becomes a claim that says what is measured, at "
        "which value it counts as confirmed and at which as refuted. Up to here everything is "
        "fixed before measuring. Then every training seed gives a number with an interval, and all "
        f"of them together give one of four verdicts: {', '.join(VERDICTS)}."
    )
    return svg(parts, 704, 220, description)


def _thresholds() -> list[str]:
    """The zone that confirms, to the left, the one that refutes, to the right, and an axis."""
    low, high = THRESHOLDS
    zones = {"confirmed": (LEFT, low), "refuted": (high, RIGHT)}
    return [
        *(
            f'<rect x="{left}" y="62" width="{right - left}" height="92" '
            f'fill="{VERDICTS[name]}" fill-opacity=".25"/>'
            for name, (left, right) in zones.items()
        ),
        f'<path d="M{LEFT} 154 H{RIGHT}" stroke="currentColor" stroke-width="1.4" fill="none"/>',
        text(low, 170, "0.95", size=12, opacity=0.75),
        text(high, 170, "1", size=12, opacity=0.75),
    ]


def _interval(low: float, high: float, y: float) -> list[str]:
    middle = (low + high) / 2
    return [
        f'<path d="M{low} {y} H{high} M{low} {y - 5} V{y + 5} M{high} {y - 5} V{y + 5}" '
        'stroke="currentColor" stroke-width="1.6" fill="none"/>',
        f'<circle cx="{middle}" cy="{y}" r="4" fill="currentColor"/>',
    ]
