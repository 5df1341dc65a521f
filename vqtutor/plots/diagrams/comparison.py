"""The fair comparison: what is the same for all three models, and five questions put to them."""

from __future__ import annotations

from html import escape

from vqtutor.checks import check_choice
from vqtutor.plots.diagrams.drawing import PLAIN, Diagram, arrow, frame, svg, text
from vqtutor.plots.style import COLORS

QUESTIONS = {
    "reconstruction": "what comes back?",
    "coordinates": "what does one number do?",
    "transformation": "what lies in between?",
    "classification": "what does the latent know?",
    "generation": "what can be drawn anew?",
}


def comparison(here: str) -> Diagram:
    """The same images, about the same training time, the same judge; the question `here` marked."""
    check_choice("here", here, tuple(QUESTIONS))
    parts = [
        text(54, 112, "the same", size=14),
        text(54, 130, "images", size=14),
        arrow(94, 118, 124),
        *(_box(130, 40 + 56 * row, 112, name, color) for row, (name, color) in _models()),
        text(186, 224, "about the same", size=13, opacity=0.75),
        text(186, 241, "training time", size=13, opacity=0.75),
        arrow(250, 118, 280),
        text(322, 112, "the same", size=14),
        text(322, 130, "judge", size=14),
        arrow(362, 118, 392),
    ]
    for row, (name, question) in enumerate(QUESTIONS.items()):
        parts += _question(398, 8 + 46 * row, name, question, marked=name == here)
    asked = "; ".join(f"{name}: {question}" for name, question in QUESTIONS.items())
    description = (
        f"A fair comparison: the same images go through {', '.join(COLORS)}, trained for about "
        f"the same time, to the same judge. Five questions are put to each. {asked} "
        f"You are here: {here}."
    )
    return svg(parts, 700, 250, description)


def _models() -> list[tuple[int, tuple[str, str]]]:
    return list(enumerate(COLORS.items()))


def _box(left: float, top: float, width: float, words: str, color: str) -> str:
    """A model: its name in a frame of its color."""
    outline = frame(color)
    rectangle = f'<rect x="{left}" y="{top}" width="{width}" height="44" rx="6" {outline}/>'
    return rectangle + text(left + width / 2, top + 27, words, size=15)


def _question(left: float, top: float, name: str, question: str, *, marked: bool) -> list[str]:
    """One line of the list, its name bold and its frame strong where it is `marked`."""
    weight, opacity, stroke = ("700", ".2", 2.5) if marked else ("400", "0", 1)
    outline = frame(PLAIN, opacity, stroke)
    words = f'font-size="13" fill="currentColor" font-weight="{weight}"'
    return [
        f'<rect x="{left}" y="{top}" width="298" height="40" rx="6" {outline}/>',
        f'<text x="{left + 10}" y="{top + 25}" {words}>{escape(name)}</text>',
        f'<text x="{left + 116}" y="{top + 25}" {words}>{escape(question)}</text>',
    ]
