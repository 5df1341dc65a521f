"""Every test starts from the same random state, on one thread, and opens no window."""

import sys
from collections.abc import Iterator

import matplotlib
import pytest
import torch

matplotlib.use("agg")

# Tests use tiny tensors: handing them to several threads costs more than it saves.
torch.set_num_threads(1)


@pytest.fixture(autouse=True)
def _seeded() -> None:
    torch.manual_seed(0)


@pytest.fixture(autouse=True)
def _close_figures() -> Iterator[None]:
    """pyplot keeps every figure; where nothing was drawn it need not be imported for this."""
    yield
    if pyplot := sys.modules.get("matplotlib.pyplot"):
        pyplot.close("all")
