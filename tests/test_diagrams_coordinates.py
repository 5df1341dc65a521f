"""The diagrams of one changed number: the questions are written out, and one cell is marked."""

from vqtutor.plots import diagrams
from vqtutor.plots.diagrams.coordinates import CHANGED, QUESTIONS


def test_three_questions_are_written_and_described():
    diagram = diagrams.one_number()
    html = diagram._repr_html_()
    for question, answer in QUESTIONS.items():
        assert f">{question}<" in html
        assert f">{answer}<" in html
        assert f"{question} {answer}" in str(diagram)


def test_one_number_is_marked():
    assert diagrams.one_number().html.count(f'fill="{CHANGED}" fill-opacity=".8"') == 1
    assert diagrams.vector_and_grid().html.count(f'fill="{CHANGED}" fill-opacity=".8"') == 2


def test_vector_and_grid_are_described():
    text = str(diagrams.vector_and_grid())
    assert "every pixel" in text
    assert "around its own place" in text
