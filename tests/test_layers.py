"""Who may import whom, read off the syntax tree.

{ checks, processes } < { data, models, losses, metrics } < checkpoint
       < { train, pretrained, sampling } < experiments < { plots, show }
       < experiments.catalog < { widgets, experiments.__main__ }

A module imports only from its own part and from layers to its left; parts of one layer do not
import one another. Nothing left of `plots`, nor `show`, names matplotlib or ipywidgets.
"""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]

LAYERS = (
    {"checks", "processes"},
    {"data", "models", "losses", "metrics"},
    {"checkpoint"},
    {"train", "pretrained", "sampling"},
    {"experiments"},
    {"plots", "show"},
    {"experiments.catalog"},
    {"widgets", "experiments.__main__"},
)
MODEL_LAYERS = ({"blocks", "quantizer"}, {"autoencoder", "vae", "vqvae"})
ALONE = {"classifier", "pixelcnn"}  # import no other model: a prior sees integers only
DRAWING = {"matplotlib", "mpl_toolkits", "ipywidgets"}
MAY_DRAW = {"plots", "widgets", "experiments.catalog", "experiments.__main__"}


def find_violations(module: str, source: str) -> list[str]:
    """What `source`, the text of `module` ("vqtutor.models.vae"), imports against the rule."""
    mine, found = part_of(module), []
    if mine and layer_of(mine) is None:
        found.append(f"{module} is in no layer: give it one in {Path(__file__).name}")
        return found
    for imported in imports_of(source):
        if imported.startswith("."):
            found.append(f"{module} imports {imported}: write the full name")
        elif imported.split(".")[0] in DRAWING:
            if mine not in MAY_DRAW:
                found.append(f"{module} names {imported}: only plots and widgets may")
        elif imported.split(".")[0] == "vqtutor":
            theirs = part_of(imported)
            if theirs == "" or (mine == theirs and mine != "models"):
                continue
            if mine == theirs:
                if not model_may_import(module, imported):
                    found.append(f"{module} imports {imported}, which is not left of it in models")
            elif mine == "" or layer_of(theirs) is None or layer_of(theirs) >= layer_of(mine):
                found.append(f"{module} imports {imported}, which is not left of it")
    return found


def imports_of(source: str) -> Iterator[str]:
    """Every module named by an import, anywhere in the source, also inside a function."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = "." * node.level + (node.module or "")
            # `from vqtutor import data` names vqtutor.data, `from vqtutor import __version__` not.
            yield from (f"{base}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.Call) and node.args and isinstance(node.args[0], ast.Constant):
            called = ast.unparse(node.func).split(".")[-1]
            if called in {"import_module", "__import__"}:
                yield str(node.args[0].value)


def part_of(module: str) -> str:
    """ "vqtutor.models.vae" is of the part "models"; the package itself and its values, of ""."""
    names = module.split(".")[1:]
    if names[:2] in (["experiments", "catalog"], ["experiments", "__main__"]):
        return ".".join(names[:2])
    return "" if not names or names[0].startswith("__") else names[0]


def layer_of(part: str) -> int | None:
    return next((number for number, layer in enumerate(LAYERS) if part in layer), None)


def model_may_import(module: str, imported: str) -> bool:
    mine, theirs = module.split(".")[2:3], imported.split(".")[2:3]
    if mine in ([], theirs):  # models/__init__.py gathers them all
        return True
    if not theirs or mine[0] in ALONE or theirs[0] in ALONE:
        return False
    ranks = [
        next((number for number, layer in enumerate(MODEL_LAYERS) if name[0] in layer), None)
        for name in (mine, theirs)
    ]
    return None not in ranks and ranks[1] < ranks[0]


def modules() -> list[tuple[str, Path]]:
    paths = sorted((ROOT / "vqtutor").rglob("*.py"))
    names = (path.relative_to(ROOT).with_suffix("").as_posix() for path in paths)
    return [
        (name.replace("/", ".").removesuffix(".__init__"), path)
        for name, path in zip(names, paths, strict=True)
    ]


@pytest.mark.parametrize(("module", "path"), modules(), ids=lambda value: str(value).split("/")[-1])
def test_module_imports_only_from_its_left(module, path):
    assert find_violations(module, path.read_text("utf-8")) == []


@pytest.mark.parametrize(
    ("module", "source"),
    [
        ("vqtutor.checks", "from vqtutor.data import load"),
        ("vqtutor.data.sources", "from vqtutor import models"),
        ("vqtutor.losses", "import vqtutor.models.vae"),
        ("vqtutor.checkpoint", "def f():\n    from vqtutor.train import fit"),
        ("vqtutor.sampling", "from vqtutor.pretrained import load"),
        ("vqtutor.train", "from vqtutor.experiments.results import save"),
        ("vqtutor.experiments.beta", "from vqtutor.experiments.__main__ import main"),
        ("vqtutor.experiments.beta", "import matplotlib.pyplot as plt"),
        ("vqtutor.experiments.beta", "plt = importlib.import_module('matplotlib.pyplot')"),
        ("vqtutor.train", "if TYPE_CHECKING:\n    from ipywidgets import VBox"),
        ("vqtutor.plots", "from vqtutor.widgets import explore_codes"),
        ("vqtutor.show", "import matplotlib.pyplot as plt"),
        ("vqtutor.models.vae", "from .blocks import Encoder"),
        ("vqtutor.models.vae", "from vqtutor.models.autoencoder import Autoencoder"),
        ("vqtutor.models.vae", "from vqtutor.models import VQVAE2"),
        ("vqtutor.models.blocks", "from vqtutor.models.vae import VAE"),
        ("vqtutor.models.pixelcnn", "from vqtutor.models.blocks import Residual"),
        ("vqtutor.models.vqvae", "from vqtutor.models.pixelcnn import PixelCNN"),
        ("vqtutor.novelty", "import torch"),
        ("vqtutor", "from vqtutor.data import load"),
        ("vqtutor", "import matplotlib"),
    ],
)
def test_forbidden_import_is_found(module, source):
    assert len(find_violations(module, source)) == 1


@pytest.mark.parametrize(
    ("module", "source"),
    [
        ("vqtutor.data.sources", "from vqtutor.checks import check_choice"),
        ("vqtutor.data.sources", "from vqtutor.data.images import ImageSet"),
        ("vqtutor.models", "from vqtutor.models.pixelcnn import PixelCNN"),
        ("vqtutor.models.vqvae", "from vqtutor.models.quantizer import VectorQuantizer"),
        ("vqtutor.train", "from vqtutor import checkpoint, data"),
        ("vqtutor.experiments.results", "from vqtutor import __version__"),
        ("vqtutor.plots", "import matplotlib.pyplot as plt"),
        ("vqtutor.experiments.__main__", "from vqtutor import plots\nimport torch"),
    ],
)
def test_allowed_import_passes(module, source):
    assert find_violations(module, source) == []


def test_importing_the_package_is_free():
    """No torch, no NumPy, no matplotlib, and nothing printed."""
    code = "import sys, vqtutor; print({'torch', 'numpy', 'matplotlib'} & set(sys.modules))"
    result = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert (result.stdout, result.stderr) == ("set()\n", "")


def test_importing_data_loads_no_slow_package():
    """scikit-learn and torchvision come only with the data set that needs them."""
    slow = {"sklearn", "torchvision", "matplotlib"}
    code = f"import sys, vqtutor.data; print({slow} & set(sys.modules))"
    result = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert result.stdout == "set()\n"
