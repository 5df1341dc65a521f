"""The pages beside the chapters: their commands work, their links lead somewhere."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from vqtutor.experiments.__main__ import parse

ROOT = Path(__file__).parents[2]
BOOK = ROOT / "book"
PAGES = sorted(BOOK.glob("*.md"))
every_page = pytest.mark.parametrize("page", PAGES, ids=lambda path: path.stem)


def blocks(page: Path) -> list[str]:
    """What stands between fences without a language, continued lines joined."""
    text = page.read_text("utf-8").replace("\\\n", " ")
    fenced = re.findall(r"^( *)```([^\n]*)\n(.*?)^\1```$", text, re.M | re.S)
    return [textwrap.dedent(block).strip() for _, language, block in fenced if not language]


@every_page
def test_links_to_other_pages_lead_somewhere(page):
    for target in re.findall(r"\]\((\w+)\)", page.read_text("utf-8")):
        assert list(BOOK.glob(f"{target}.*")), f"{page.name} links to {target}"


@every_page
def test_commands_of_the_experiments_are_understood(page):
    for block in blocks(page):
        for line in block.splitlines():
            if "-m vqtutor.experiments " in line:
                parse(line.split("-m vqtutor.experiments ")[1].split())


def test_teachers_can_take_the_solutions_out(tmp_path):
    (script,) = (block for block in blocks(BOOK / "for_teachers.md") if "Solution" in block)
    code = re.search(r"<<'END'\n(.*)\nEND", script, re.S)[1]
    chapter, handout = BOOK / "02_autoencoder.ipynb", tmp_path / "handout.ipynb"
    subprocess.run([sys.executable, "-c", code, chapter, handout], check=True)
    before, after = (json.loads(path.read_text("utf-8"))["cells"] for path in (chapter, handout))
    solutions = [cell for cell in before if "@title Solution" in "".join(cell["source"])]
    assert len(solutions) >= 4
    assert after == [cell for cell in before if cell not in solutions]


def test_glossary_is_in_order_and_every_word_has_its_chapter():
    text = (BOOK / "glossary.md").read_text("utf-8")
    entries = re.findall(r"^(\S[^\n]*)\n: (.*?)(?=\n\n|\n?\Z)", text, flags=re.M | re.S)
    terms = [term for term, _ in entries]
    assert terms == sorted(terms, key=str.casefold)
    assert len(terms) == text.count("\n: ")
    assert [term for term, meaning in entries if not re.search(r"Chapters? \d", meaning)] == []
