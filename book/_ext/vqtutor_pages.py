"""What the pages load: no unused script, and no network where it can be so.

Jupyter Book puts sphinx-thebe on every page, twice, although its button is switched
off here: the browser then reports a constant declared twice. And equations need
MathJax, which comes from a public server unless a copy lies in
`book/_web/vendor/mathjax`: readers need no Node, and whoever publishes or tests the
pages offline lets `npm install` put the copy there.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from sphinx.application import Sphinx
from sphinx.config import Config
from sphinx.environment import BuildEnvironment

VENDORED_MATHJAX = "vendor/mathjax/tex-mml-chtml.js"  # below book/_web


def drop_thebe(
    _app: Sphinx, _page: str, _template: str, context: dict[str, Any], _: object
) -> None:
    """Leave sphinx-thebe's scripts out of a page."""
    context["script_files"] = [
        file for file in context["script_files"] if not is_thebe(file)
    ]


def say_mode(
    _app: Sphinx, _page: str, _template: str, context: dict[str, Any], _: object
) -> None:
    """Light or dark as the reader has it: the theme takes no mode for an error."""
    context["default_mode"] = context.get("default_mode") or "auto"


def is_thebe(script: Any) -> bool:
    """Whether a script is sphinx-thebe's, in a file or written into the page."""
    body = getattr(script, "attributes", {}).get("body") or ""
    return (
        "thebe" in str(getattr(script, "filename", script) or "")
        or "THEBE_JS_URL" in body
    )


def prefer_vendored_mathjax(app: Sphinx, config: Config) -> None:
    """Point the pages to the copy of MathJax, where there is one."""
    if (Path(app.srcdir) / "book" / "_web" / VENDORED_MATHJAX).is_file():
        config["mathjax_path"] = VENDORED_MATHJAX


def renew_all(
    _app: Sphinx,
    env: BuildEnvironment,
    _added: object,
    _changed: object,
    _removed: object,
) -> set[str]:
    """Every page is executed anew: the library may have changed since."""
    return set(env.found_docs)


def setup(app: Sphinx) -> dict[str, Any]:
    app.connect("config-inited", prefer_vendored_mathjax)
    app.connect("env-get-outdated", renew_all)
    app.connect("html-page-context", drop_thebe, priority=900)
    app.connect("html-page-context", say_mode, priority=900)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
