"""The library's docstrings as pages: they are written for the code, not as reST.

In them one pair of backticks means code, and a parameter or field is described on a
line `name : text` whose continuation is indented. Both are turned into reST on the
way to the page.
"""

from __future__ import annotations

import re
from typing import Any

from sphinx.application import Sphinx

ITEM = re.compile(r"(?P<names>[a-z_]\w*(?:, \w+)*) : (?P<text>.*)")
CODE = re.compile(r"(`+)(.+?)\1")
SPECIAL = re.compile(
    r"([*|\\]|(?<=\w)_(?!\w))"
)  # would start emphasis, substitutions, links


def to_rest(lines: list[str]) -> list[str]:
    """The lines of a docstring in reST."""
    result: list[str] = []
    in_item = False
    for line in join_code(lines):
        item = ITEM.fullmatch(line)
        if item:
            if result and result[-1] and not in_item:
                result.append("")
            names = ", ".join(f"``{name}``" for name in item["names"].split(", "))
            result.append(f"- {names}: {escape(item['text'])}")
        elif in_item and line.startswith("    "):
            result.append("  " + escape(line.strip()))
            continue
        else:
            if in_item and line:
                result.append("")
            result.append(escape(line))
        in_item = bool(item)
    return result


def join_code(lines: list[str]) -> list[str]:
    """Lines such that no piece of code runs over a line's end."""
    joined: list[str] = []
    for line in lines:
        if joined and joined[-1].count("`") % 2:
            joined[-1] += " " + line.strip()
        else:
            joined.append(line)
    return joined


def escape(text: str) -> str:
    """`text` with its code in reST's double backticks, the rest free of markup."""
    parts, last = [], 0
    for code in CODE.finditer(text):
        parts += [
            SPECIAL.sub(r"\\\1", text[last : code.start()]),
            f"``{code[2].strip()}``",
        ]
        last = code.end()
    return "".join([*parts, SPECIAL.sub(r"\\\1", text[last:])])


def rewrite(
    _app: Sphinx, _what: str, _name: str, _obj: object, _how: Any, lines: list[str]
) -> None:
    lines[:] = to_rest(lines)


def skip(
    _app: Sphinx, _what: str, _name: str, obj: object, _skip: bool, _how: Any
) -> bool | None:
    """Leave out "Alias for field 0": the docstring describes such fields."""
    return True if type(obj).__name__ == "_tuplegetter" else None


def setup(app: Sphinx) -> dict[str, Any]:
    app.connect("autodoc-process-docstring", rewrite)
    app.connect("autodoc-skip-member", skip)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
