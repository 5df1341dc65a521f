"""The chapters as files: clean, in short steps, complete, and readable where nothing is built."""

from __future__ import annotations

import ast
import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from vqtutor.experiments import results

ROOT = Path(__file__).parents[2]
BOOK = ROOT / "book"
CHAPTERS = {path.stem: json.loads(path.read_text("utf-8")) for path in sorted(BOOK.glob("*.ipynb"))}
LONGEST_CELL = 15  # lines; a solution's title is not counted
FIRST_CELL = """\
import importlib.util

if importlib.util.find_spec("vqtutor") is None:
    %pip install -q "vqtutor @ git+{url}\""""

every_chapter = pytest.mark.parametrize("name", CHAPTERS)


def cells(name: str, kind: str = "code") -> list[dict[str, Any]]:
    return [cell for cell in CHAPTERS[name]["cells"] if cell["cell_type"] == kind]


def text_of(cell: dict[str, Any]) -> str:
    return "".join(cell["source"])


def prose(name: str) -> str:
    return "\n\n".join(text_of(cell) for cell in cells(name, "markdown"))


def tree(name: str) -> ast.Module:
    """The chapter's code without its IPython commands."""
    code = "\n".join(text_of(cell) for cell in cells(name))
    return ast.parse(re.sub(r"^(\s*)%.*$", r"\1pass", code, flags=re.MULTILINE))


def read_yaml(filename: str) -> dict[str, Any]:
    return yaml.safe_load((ROOT / filename).read_text("utf-8"))


def is_solution(cell: dict[str, Any]) -> bool:
    return text_of(cell).startswith("# @title Solution of exercise")


def test_there_are_chapters():
    assert {"01_convolutions", "02_autoencoder"} <= set(CHAPTERS)


@every_chapter
def test_kernel_is_everybodys(name):
    assert CHAPTERS[name]["metadata"]["kernelspec"]["name"] == "python3"


@every_chapter
def test_first_cell_installs_only_what_is_missing(name):
    """From the address in _config.yml, the one place that names the repository."""
    url = read_yaml("_config.yml")["repository"]["url"]
    assert text_of(cells(name)[0]) == FIRST_CELL.format(url=url)
    assert all("pip install" not in text_of(cell) for cell in cells(name)[1:])


@every_chapter
def test_cells_are_short(name):
    lengths = {cell["id"]: len(cell["source"]) - is_solution(cell) for cell in cells(name)}
    assert {cell: length for cell, length in lengths.items() if length > LONGEST_CELL} == {}


@every_chapter
def test_no_class_is_defined(name):
    """Classes live in the library; a chapter shows them."""
    assert [node.name for node in ast.walk(tree(name)) if isinstance(node, ast.ClassDef)] == []


@every_chapter
def test_a_figure_is_alone_in_its_cell_and_described(name):
    for cell in cells(name):
        drawn = len(re.findall(r"\bplots\.plot_\w+\(", text_of(cell)))
        alt = cell["metadata"].get("mystnb", {}).get("image", {}).get("alt", "")
        assert drawn <= 1, cell["id"]
        assert (len(alt) > 30) == bool(drawn), f"{cell['id']}: alt text {alt!r}"
        if drawn:
            assert text_of(cell).endswith(";"), f"{cell['id']} prints its Axes"


@every_chapter
def test_parts_of_a_chapter(name):
    opening = text_of(CHAPTERS[name]["cells"][0])
    assert opening.startswith("# ")
    for promise in ("**After this chapter you can**", "**You need**", "**It takes**"):
        assert promise in opening
    headings = re.findall(r"^## (.+)$", prose(name), flags=re.MULTILINE)
    assert headings[-5:] == ["What goes wrong", "Exercises", "Quiz", "To remember", "References"]


@every_chapter
def test_predictions_come_with_a_folded_answer(name):
    predictions = [text_of(c) for c in cells(name, "markdown") if "**Predict.**" in text_of(c)]
    assert len(predictions) >= 3
    for text in predictions:
        assert text.index("**Predict.**") < text.index("<details><summary>Compare")
    assert prose(name).count("<details>") == prose(name).count("</details>")
    # Without the empty line a notebook shows the Markdown inside as it is typed.
    assert prose(name).count("</summary>\n\n") == prose(name).count("</summary>")


@every_chapter
def test_every_exercise_has_a_folded_solution_that_runs(name):
    asked = re.findall(r"^\*\*(\d)\.\*\*", prose(name), flags=re.MULTILINE)
    solutions = [cell for cell in cells(name) if is_solution(cell)]
    solved = {re.search(r"exercise (\d)", text_of(cell))[1] for cell in solutions}
    assert asked == [str(number + 1) for number in range(len(asked))]
    assert len(asked) >= 4
    assert solved == set(asked)
    for cell in solutions:
        assert "hide-cell" in cell["metadata"]["tags"]
        assert cell["metadata"]["jupyter"]["source_hidden"]
        assert cell["metadata"]["cellView"] == "form"


@every_chapter
def test_ideas_are_compared_with_the_library(name):
    calls = [ast.unparse(n.func) for n in ast.walk(tree(name)) if isinstance(n, ast.Call)]
    assert calls.count("torch.testing.assert_close") >= 4
    assert calls.count("show.source") >= 2


@every_chapter
def test_scale_can_be_set_from_outside(name):
    assert 'os.environ.get("VQTUTOR_SCALE", "quick")' in "\n".join(map(text_of, cells(name)))


@every_chapter
def test_references_are_in_the_bibliography(name):
    bibliography = (BOOK / "references.bib").read_text("utf-8")
    references = prose(name).split("## References")[1]
    links = re.findall(r"\]\((https://[^)\s]+)\)", references)
    assert len(links) == references.count("\n- ")
    for link in links:
        known = link.removeprefix("https://doi.org/").replace("%28", "(").replace("%29", ")")
        assert known in bibliography, link


def test_table_of_contents_and_index_name_every_chapter():
    parts = read_yaml("_toc.yml")["parts"]
    listed = [chapter["file"] for part in parts for chapter in part["chapters"]]
    assert [file for file in listed if not list(ROOT.glob(f"{file}.*"))] == []
    assert {file.removeprefix("book/") for file in listed} >= set(CHAPTERS)
    index = (BOOK / "index.md").read_text("utf-8")
    rows = re.findall(r"^\| (\d+) \| (.*?) \|", index, flags=re.MULTILINE)
    assert [number for number, _ in rows] == [str(number) for number in range(1, 14)]
    for name in CHAPTERS:
        assert f"]({name})" in index
    assert sum("*(coming)*" not in chapter for _, chapter in rows) == len(CHAPTERS)


def test_build_is_strict_and_makes_everything_anew():
    config = read_yaml("_config.yml")
    assert config["execute"]["execute_notebooks"] == "force"
    assert config["sphinx"]["config"]["nb_execution_raise_on_error"] is True
    assert config["only_build_toc_files"] is True
    assert config["launch_buttons"]["thebe"] is False


def test_stored_results_that_chapters_load_come_with_the_package():
    for name in CHAPTERS:
        code = "\n".join(text_of(cell) for cell in cells(name))
        for folder in re.findall(r'results\.shipped\("([\w-]+)"\)', code):
            for result in re.findall(r'results\.load\(\w+, .*, "(\w+)"\)', code):
                assert (results.shipped(folder) / f"{result}.json").is_file()


def test_results_that_do_not_come_with_the_package_are_named():
    with pytest.raises(FileNotFoundError, match=r"'nonsense' .* choose one of .*mnist-quick"):
        results.shipped("nonsense")
