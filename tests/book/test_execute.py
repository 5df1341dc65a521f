"""All chapters from one command: outputs are written, failures are named, times are kept."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import nbformat
import pytest

from vqtutor import show
from vqtutor.experiments import results
from vqtutor.experiments.run_times import RunTimes

BOOK = Path(__file__).parents[2] / "book"
specification = importlib.util.spec_from_file_location("execute", BOOK / "execute.py")
execute = importlib.util.module_from_spec(specification)
specification.loader.exec_module(execute)


@pytest.fixture
def book(tmp_path):
    """Two chapters: one says at which scale it runs, the other fails after its first cell."""
    chapters = {
        "01_good": [
            "import os",
            "print(os.environ['VQTUTOR_SCALE'], os.path.basename(os.getcwd()))",
        ],
        "02_bad": ["print('before')", "raise ValueError('what is wrong')", "print('after')"],
    }
    folder = tmp_path / "book"
    folder.mkdir()
    for name, sources in chapters.items():
        notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(s) for s in sources])
        nbformat.write(notebook, folder / f"{name}.ipynb")
    return folder


def printed(path: Path) -> list[str]:
    cells = nbformat.read(path, as_version=4).cells
    return [output["text"] for cell in cells for output in cell.outputs if "text" in output]


def test_chapters_are_run_at_the_scale_and_written(book, tmp_path, capsys):
    arguments = ["--book", str(book), "--out", str(tmp_path / "out"), "--scale", "full"]
    assert execute.main(arguments) == 1
    assert printed(tmp_path / "out/01_good.ipynb") == ["full book\n"]
    assert printed(tmp_path / "out/02_bad.ipynb") == ["before\n"]
    said = capsys.readouterr().out
    assert "02_bad" in said
    assert "FAILED: ValueError: what is wrong" in said
    assert "1 of 2 chapters ran through" in said


def test_times_are_kept_of_all_or_of_none(book, tmp_path, capsys):
    (book / "02_bad.ipynb").unlink()
    arguments = ["--book", str(book), "--out", str(tmp_path / "out"), "--times", str(tmp_path)]
    assert execute.main(arguments) == 0
    times, origin = results.load(RunTimes, tmp_path, "chapters")
    assert times.scale == origin.config["scale"] == "quick"
    assert list(times.seconds) == ["01_good"]
    assert origin.seconds == pytest.approx(times.seconds["01_good"], rel=1e-3)
    with pytest.raises(SystemExit):
        execute.main(["01_good", *arguments])
    assert "name none of them" in capsys.readouterr().err


def test_a_wrong_name_is_answered_with_the_right_ones(book, capsys):
    assert execute.main(["03_new", "--book", str(book)]) == 2
    assert "01_good, 02_bad" in capsys.readouterr().err


def test_every_chapter_says_how_long_it_took():
    times, _ = results.load(RunTimes, results.ROOT, "chapters")
    for name in times.seconds:
        assert (BOOK / f"{name}.ipynb").is_file()
        assert times.device in str(show.run_time(name))
