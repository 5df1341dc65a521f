"""Every test starts from the same random state, on one thread, and opens no window."""

import matplotlib
import pytest
import torch

matplotlib.use("agg")

# Tests use tiny tensors: handing them to several threads costs more than it saves.
torch.set_num_threads(1)


@pytest.fixture(autouse=True)
def _seeded() -> None:
    torch.manual_seed(0)
