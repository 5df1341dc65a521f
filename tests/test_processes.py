"""Two processes that share every batch learn what one learns from the whole of it."""

import os
import socket
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from vqtutor import processes

ROOT = Path(__file__).parents[1]
NETWORKS = pytest.mark.parametrize("name", ["VQ-VAE-2", "top prior", "bottom prior"])


def launch(count: int, *command: str, timeout: float = 120) -> list[str]:
    """Start `python *command` `count` times, as a launcher would; what each of them printed."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    group = {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": port, "WORLD_SIZE": str(count)}
    own = {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    running = [
        subprocess.Popen(
            [sys.executable, *command],
            cwd=ROOT,
            env={**own, **group, "RANK": str(rank), "LOCAL_RANK": str(rank)},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        for rank in range(count)
    ]
    try:
        printed = [process.communicate(timeout=timeout)[0] for process in running]
    finally:
        for process in running:
            process.kill()
    assert [process.returncode for process in running] == [0] * count, "\n".join(printed)
    return printed


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """What shared_training.py found: alone, and as the first and the second of two processes."""
    pytest.importorskip("accelerate")
    found = []
    for count in (1, 2):
        folder = tmp_path_factory.mktemp(f"of-{count}")
        launch(count, "tests/shared_training.py", str(folder))
        found += [torch.load(folder / f"{rank}.pt") for rank in range(count)]
    return found


@NETWORKS
def test_both_processes_hold_the_same_bits(trained, name):
    _, first, second = trained
    assert first[name][0].keys() == second[name][0].keys()
    for key, tensor in first[name][0].items():
        assert torch.equal(tensor, second[name][0][key]), key
    assert first[name][1]["train"] == second[name][1]["train"]
    assert first[name][1]["best_epoch"] == second[name][1]["best_epoch"]


def test_codebooks_are_those_of_one_process_on_the_joined_batch(trained):
    """Of given features, moved and restarted many times; and of a network's own after a step."""
    alone, first, second = trained
    for name in ("codebook", "VQ-VAE-2 after a step"):
        for key in alone[name][0]:
            if name == "codebook" or "quantizer" in key:
                expected, found = alone[name][0][key], first[name][0][key]
                torch.testing.assert_close(found, expected, atol=1e-5, rtol=1e-5)
                assert torch.equal(found, second[name][0][key])
    restarts = [run["codebook"][1] for run in trained]
    assert restarts == [restarts[0]] * 3
    assert restarts[0] > 10  # or the agreement would say nothing about them


@NETWORKS
def test_loss_curves_are_those_of_one_process_on_the_joined_batch(trained, name):
    alone, first, _ = trained
    for part in ("train", "validation"):
        curves = [[epoch["total"] for epoch in run[name][1][part]] for run in (alone, first)]
        assert len(curves[0]) == 20
        assert curves[1] == pytest.approx(curves[0], rel=1e-5)
        assert curves[0][-1] < 0.995 * curves[0][0]


def test_noise_differs_between_parts_of_a_batch(trained):
    alone, first, second = (run["noise"] for run in trained)
    assert torch.equal(first, alone)
    assert not torch.equal(first, second)


def test_both_processes_split_the_data_alike(trained):
    for mine, theirs in zip(trained[1]["split"], trained[2]["split"], strict=True):
        assert torch.equal(mine, theirs)


def test_alone_nothing_happens():
    tensor = torch.randn(3, 2)
    expected = tensor.clone()
    assert (processes.count(), processes.rank(), processes.is_first()) == (1, 0, True)
    assert torch.equal(processes.total(tensor), expected)
    assert torch.equal(processes.mean(tensor), expected)
    assert torch.equal(processes.select(tensor, torch.tensor([2, 0])), expected[[2, 0]])
    model = torch.nn.Linear(1, 1)
    assert processes.average_gradients(model) is model
    processes.leave()


def test_without_a_launcher_the_device_stays(monkeypatch):
    monkeypatch.delenv("WORLD_SIZE", raising=False)
    assert processes.join("auto") == "auto"
    monkeypatch.setenv("WORLD_SIZE", "1")
    assert processes.join("cpu") == "cpu"


def test_a_launcher_without_accelerate_is_an_error(monkeypatch):
    monkeypatch.setenv("WORLD_SIZE", "2")
    monkeypatch.setitem(sys.modules, "accelerate", None)
    with pytest.raises(ImportError, match="pip install accelerate"):
        processes.join("cpu")


@pytest.mark.slow
def test_the_command_line_in_two_processes(tmp_path):
    """Only the first one prints, measures and writes."""
    pytest.importorskip("accelerate")
    generator = np.random.default_rng(0)
    images = generator.integers(256, size=(96, 16, 16), dtype=np.uint8)
    archive = tmp_path / "noise.npz"
    np.savez(archive, train_images=images[:80], test_images=images[80:])
    arguments = (
        "reconstruction",
        "--data",
        str(archive),
        "--out",
        str(tmp_path),
        "--device",
        "cpu",
    )
    first, second = launch(2, "-m", "vqtutor.experiments", *arguments, timeout=300)
    assert ", 2 processes" in first
    assert "results, figures and networks are in" in first
    assert "train VQ-VAE-2" not in second
    networks = {path.name for path in (tmp_path / "noise-quick" / "networks").iterdir()}
    stems = ("ae", "vae", "vq-vae-2")
    assert networks == {f"{stem}.{kind}" for stem in stems for kind in ("json", "safetensors")}
    assert (tmp_path / "noise-quick" / "reconstruction.json").is_file()
