"""The diagram of the fair comparison: every question is there, and one is marked."""

import pytest

from vqtutor.plots import COLORS, diagrams
from vqtutor.plots.diagrams.comparison import QUESTIONS


@pytest.mark.parametrize("here", QUESTIONS)
def test_one_question_is_marked(here):
    diagram = diagrams.comparison(here)
    assert str(diagram).endswith(f"You are here: {here}.")
    html = diagram._repr_html_()
    bold = [part.split("<")[0] for part in html.split('font-weight="700">')[1:]]
    assert bold == [here, QUESTIONS[here]]


def test_description_names_models_and_questions():
    text = str(diagrams.comparison("generation"))
    assert all(model in text for model in COLORS)
    assert all(f"{name}: {question}" in text for name, question in QUESTIONS.items())


def test_unknown_question_lists_the_questions():
    with pytest.raises(ValueError, match="classification"):
        diagrams.comparison("speed")
