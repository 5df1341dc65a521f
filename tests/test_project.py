"""What the project's own files promise, held against one another."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

import vqtutor

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

ROOT = Path(__file__).parents[1]
COMMANDS = ('pip install -e ".[book]" && jupyter-book build .', 'pip install -e ".[dev]" && pytest')
NOTEBOOKS = sorted((ROOT / "book").glob("*.ipynb"))
# Folders of one machine, which mean nothing on another.
MACHINE_PATH = re.compile(r"(?<![\w.:~-])/(work|tmp|root|home)/")


def read_project() -> dict[str, Any]:
    return tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))


def listed_files() -> list[Path]:
    """Everything git tracks or would track."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    try:
        listed = subprocess.run(command, cwd=ROOT, capture_output=True, check=True, text=True)
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("not a git checkout")
    paths = (ROOT / name for name in listed.stdout.split("\0") if name)
    return [path for path in paths if path.is_file()]


def test_environment_equals_the_package_metadata():
    project = read_project()["project"]
    conda = yaml.safe_load((ROOT / "environment.yml").read_text("utf-8"))
    python, pip, with_pip = conda["dependencies"]
    assert conda["name"] == project["name"]
    assert (python, pip) == ("python" + project["requires-python"], "pip")
    book = project["optional-dependencies"]["book"]
    assert with_pip["pip"] == [*project["dependencies"], *book, "-e ."]


def test_there_is_one_version():
    project, citation = read_project(), yaml.safe_load((ROOT / "CITATION.cff").read_text("utf-8"))
    assert "version" in project["project"]["dynamic"]
    assert project["tool"]["setuptools"]["dynamic"]["version"] == {"attr": "vqtutor.__version__"}
    assert citation["version"] == vqtutor.__version__
    assert citation["license"] == project["project"]["license"] == "MIT"


def test_readme_names_the_commands():
    readme = (ROOT / "README.md").read_text("utf-8")
    assert [command for command in COMMANDS if command not in readme] == []


def test_ci_can_be_run():
    assert os.access(ROOT / ".ci" / "run", os.X_OK)


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_notebook_is_stored_without_outputs(path):
    notebook = json.loads(path.read_text("utf-8"))
    assert "widgets" not in notebook["metadata"]
    for cell in notebook["cells"]:
        if cell["cell_type"] == "code":
            assert (cell["outputs"], cell["execution_count"]) == ([], None)


def test_no_file_names_a_folder_of_this_machine():
    found = []
    for path in listed_files():
        try:
            text = path.read_text("utf-8")
        except UnicodeDecodeError:
            continue  # weights, images
        for number, line in enumerate(text.splitlines(), start=1):
            if MACHINE_PATH.search(line):
                found.append(f"{path.relative_to(ROOT)}:{number}: {line.strip()[:100]}")
    assert found == []


@pytest.mark.parametrize("folder", ["work", "tmp", "root"])
def test_machine_paths_are_recognized(folder):
    for line in (f'root="/{folder}/data"', f"cd /{folder}/x", f"see (/{folder}/x)"):
        assert MACHINE_PATH.search(line)
    for line in (f"https://example.org/{folder}/x", f"../{folder}/x", f"the/{folder}/x"):
        assert not MACHINE_PATH.search(line)


def test_package_data_is_named():
    """Weights and results travel with the package, or a chapter opened alone finds nothing."""
    named = read_project()["tool"]["setuptools"]["package-data"]["vqtutor"]
    assert named == ["py.typed", "weights/*", "results/**"]


def read_workflow(name: str) -> dict[str, Any]:
    return yaml.safe_load((ROOT / ".github" / "workflows" / f"{name}.yml").read_text("utf-8"))


def commands_of(name: str) -> list[str]:
    jobs = read_workflow(name)["jobs"].values()
    return [step["run"] for job in jobs for step in job["steps"] if "run" in step]


def test_workflows_run_what_a_developer_runs():
    versions = read_workflow("tests")["jobs"]["tests"]["strategy"]["matrix"]["python"]
    named = (line.split(" :: ")[-1] for line in read_project()["project"]["classifiers"])
    assert versions == [version for version in named if re.fullmatch(r"3\.\d+", version)]
    assert commands_of("tests") == ['pip install -e ".[dev]"', "pytest", ".ci/run"]
    assert "jupyter-book build . -W -n --keep-going" in commands_of("pages")
    assert "jupyter-book build . --builder linkcheck" in commands_of("nightly")
