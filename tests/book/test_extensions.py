"""The book's own Sphinx extensions: docstrings become reST, pages load no unused script."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType, SimpleNamespace

import pytest
from docutils.core import publish_doctree
from docutils.utils import Reporter

from vqtutor.data import load
from vqtutor.metrics import frechet_distance
from vqtutor.models import nearest_codes

EXTENSIONS = Path(__file__).parents[2] / "book" / "_ext"


def load_extension(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, EXTENSIONS / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


docstrings = load_extension("vqtutor_docstrings")
pages = load_extension("vqtutor_pages")


def test_parameters_become_a_list():
    lines = [
        "Do it.",
        "",
        "images : (B, C), in",
        "    two lines.",
        "seed, size : ints.",
        "Then this.",
    ]
    assert docstrings.to_rest(lines) == [
        "Do it.",
        "",
        "- ``images``: (B, C), in",
        "  two lines.",
        "- ``seed``, ``size``: ints.",
        "",
        "Then this.",
    ]


def test_code_is_kept_and_markup_is_not():
    assert docstrings.to_rest(["`a*b_` and |v|, *x* of a_"]) == [
        r"``a*b_`` and \|v\|, \*x\* of a\_"
    ]


def test_code_over_two_lines_is_joined():
    assert docstrings.to_rest(["see `one", "    two` here"]) == ["see ``one two`` here"]


@pytest.mark.parametrize("thing", [load, frechet_distance, nearest_codes])
def test_docstrings_of_the_library_are_valid(thing):
    text = "\n".join(docstrings.to_rest(thing.__doc__.replace("\n    ", "\n").split("\n")))
    publish_doctree(text, settings_overrides={"halt_level": Reporter.INFO_LEVEL})


def test_only_thebe_is_dropped():
    scripts = [
        SimpleNamespace(filename="_static/sphinx-thebe.js", attributes={}),
        SimpleNamespace(filename=None, attributes={"body": 'const THEBE_JS_URL = "x"'}),
        SimpleNamespace(filename="_static/doctools.js", attributes={}),
        SimpleNamespace(filename=None, attributes={"body": "let other = 1"}),
    ]
    context = {"script_files": list(scripts)}
    pages.drop_thebe(None, "page", "page.html", context, None)
    pages.say_mode(None, "page", "page.html", context, None)
    assert context["default_mode"] == "auto"
    assert context["script_files"] == scripts[2:]


@pytest.mark.parametrize("vendored", [True, False])
def test_mathjax_comes_from_a_copy_where_there_is_one(tmp_path, vendored):
    copy = tmp_path / "book" / "_web" / pages.VENDORED_MATHJAX
    if vendored:
        copy.parent.mkdir(parents=True)
        copy.touch()
    config = {"mathjax_path": "https://elsewhere"}
    pages.prefer_vendored_mathjax(SimpleNamespace(srcdir=tmp_path), config)
    expected = pages.VENDORED_MATHJAX if vendored else "https://elsewhere"
    assert config["mathjax_path"] == expected


def test_no_page_of_an_earlier_build_is_kept():
    env = SimpleNamespace(found_docs={"book/index", "book/01_convolutions"})
    assert pages.renew_all(None, env, set(), set(), set()) == env.found_docs
