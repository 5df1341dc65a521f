"""The README says what the result files say, and shows a picture that is there."""

import re
from pathlib import Path

import pytest

from vqtutor.experiments.findings import findings

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text("utf-8")


def unwrapped(text):
    return " ".join(text.split())


@pytest.mark.parametrize("finding", findings(), ids=("accuracy", "reconstruction", "generation"))
def test_readme_says_what_was_measured(finding):
    assert unwrapped(finding) in unwrapped(README)


def test_no_other_number_with_a_unit_is_typed():
    """A percentage or a decimal in the README belongs to a finding."""
    rest = unwrapped(README)
    for finding in findings():
        rest = rest.replace(unwrapped(finding), "")
    assert re.findall(r"\d+(?:\.\d+)? %|\b0\.\d{2,}", rest) == []


def test_pictures_are_there():
    pictures = re.findall(r"!\[[^\]]{20,}\]\(([^)]+)\)", README)  # with a text for those who listen
    assert pictures
    assert [name for name in pictures if not (ROOT / name).is_file()] == []


def test_code_in_the_readme_is_valid():
    blocks = re.findall(r"```python\n(.*?)```", README, flags=re.DOTALL)
    assert blocks
    for block in blocks:
        compile(block, "README.md", "exec")
