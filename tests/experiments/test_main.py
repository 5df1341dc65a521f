"""The command line: what it refuses, what it writes, and the whole comparison on real digits."""

import json
import re
import subprocess
import sys

import numpy as np
import pytest

from vqtutor.experiments import __main__ as command_line
from vqtutor.experiments import networks, plans, results
from vqtutor.experiments.generation import Generation
from vqtutor.experiments.reconstruction import Reconstruction
from vqtutor.experiments.warmup import Warmup


@pytest.fixture
def one_epoch(monkeypatch):
    once = {kind: dict.fromkeys(epochs, 1) for kind, epochs in plans.EPOCHS.items()}
    monkeypatch.setattr(plans, "EPOCHS", once)


@pytest.fixture
def archive(tmp_path):
    """48 gray images of 28x28, a bright square each, in three classes or without labels."""

    def write(labeled):
        generator = np.random.default_rng(0)
        content = {}
        for part, count in (("train", 48), ("val", 12), ("test", 12)):
            labels = np.arange(count) % 3
            images = generator.integers(0, 30, (count, 28, 28), dtype=np.uint8)
            for image, label in zip(images, labels, strict=True):
                image[4 + 7 * label : 10 + 7 * label, 8:20] = 220
            content[f"{part}_images"] = images
            if labeled:
                content[f"{part}_labels"] = labels
        path = tmp_path / "squares.npz"
        np.savez(path, **content)
        return path

    return write


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["everything"], "warmup.*bottleneck.*reconstruction"),
        (["all", "--scale", "huge"], "quick.*full"),
        ([], "name"),
    ],
)
def test_wrong_words_are_answered_with_the_right_ones(arguments, message, capsys):
    with pytest.raises(SystemExit) as stopped:
        command_line.main(arguments)
    assert stopped.value.code == 2
    assert_matches(message, capsys.readouterr().err)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--data", "emnist"], "digits.*photos.*mnist.*cifar10"),
        (["--data", "nothing/here.npz"], "nothing/here.npz"),
        (["--device", "abacus"], "abacus"),
    ],
)
def test_bad_options_end_with_one_line(arguments, message, capsys):
    assert command_line.main(["all", *arguments]) == 2
    error = capsys.readouterr().err
    assert_matches(message, error)
    assert "Traceback" not in error


def assert_matches(pattern, text):
    assert re.search(pattern, text, flags=re.DOTALL), text


@pytest.mark.usefixtures("one_epoch")
def test_reconstruction_writes_result_figure_and_networks(archive, tmp_path, capsys):
    arguments = ["reconstruction", "--data", str(archive(labeled=True)), "--out", str(tmp_path)]
    assert command_line.main(arguments) == 0
    out = tmp_path / "squares-quick"
    result, provenance = results.load(Reconstruction, out, "reconstruction")
    assert list(result.scores) == ["AE", "VAE", "VAE, sampled", "VQ-VAE-2"]
    assert provenance.config["VQ-VAE-2"]["config"]["num_codes_top"] == 32
    assert "--data" in provenance.command
    histories = [
        json.loads(path.read_text())["history"] for path in (out / "networks").glob("*.json")
    ]
    assert provenance.seconds > sum(history["seconds"] for history in histories)
    assert sorted(path.stem for path in (out / "networks").glob("*.safetensors")) == [
        "ae",
        "judge",
        "vae",
        "vq-vae-2",
    ]
    assert (out / "reconstruction.png").stat().st_size > 1000
    printed = capsys.readouterr().out
    assert "Reconstruction" in printed
    assert f"{result.scores['VQ-VAE-2'].mse:.4f}" in printed


@pytest.mark.usefixtures("one_epoch")
def test_resume_trains_nothing_again(archive, tmp_path, monkeypatch):
    arguments = ["reconstruction", "--data", str(archive(labeled=True)), "--out", str(tmp_path)]
    command_line.main(arguments)
    first, _ = results.load(Reconstruction, tmp_path / "squares-quick", "reconstruction")

    def refuse(*_, **__):
        raise AssertionError("a network was trained again")

    monkeypatch.setattr(networks, "train", refuse)
    assert command_line.main([*arguments, "--resume"]) == 0
    again, _ = results.load(Reconstruction, tmp_path / "squares-quick", "reconstruction")
    assert again.scores == first.scores


@pytest.mark.usefixtures("one_epoch")
def test_unlabeled_images_run_through_everything(archive, tmp_path, capsys):
    arguments = ["all", "--data", str(archive(labeled=False)), "--out", str(tmp_path)]
    assert command_line.main(arguments) == 0
    printed = capsys.readouterr().out
    assert "warmup: left out" in printed
    generation, _ = results.load(Generation, tmp_path / "squares-quick", "generation")
    assert generation.scores["VQ-VAE-2, PixelCNN"].accuracy is None
    assert not (tmp_path / "squares-quick" / "warmup.json").exists()


@pytest.mark.usefixtures("one_epoch")
def test_interrupting_keeps_what_is_finished(archive, tmp_path, monkeypatch, capsys):
    trained = networks.train

    def interrupt_the_vae(model, *arguments, **how):
        if type(model).__name__ == "VAE":
            raise KeyboardInterrupt
        return trained(model, *arguments, **how)

    monkeypatch.setattr(networks, "train", interrupt_the_vae)
    arguments = ["reconstruction", "--data", str(archive(labeled=True)), "--out", str(tmp_path)]
    assert command_line.main(arguments) == 130
    assert "--resume" in capsys.readouterr().err
    assert (tmp_path / "squares-quick" / "networks" / "ae.safetensors").exists()


@pytest.mark.slow
def test_the_whole_comparison_on_digits_is_not_noise(tmp_path):
    """The README's main command, as a newcomer types it. Looser floors than the project's own."""
    command = [sys.executable, "-m", "vqtutor.experiments", "all", "--out", str(tmp_path)]
    finished = subprocess.run(command, check=False, capture_output=True, text=True)
    assert finished.returncode == 0, finished.stderr[-3000:]
    out = tmp_path / "digits-quick"
    warmup, _ = results.load(Warmup, out, "warmup")
    assert warmup.classifiers["judge"].accuracy >= 0.95
    reconstruction, _ = results.load(Reconstruction, out, "reconstruction")
    assert reconstruction.scores["VQ-VAE-2"].mse < reconstruction.scores["AE"].mse
    seconds = {
        name: json.loads((out / "networks" / f"{name}.json").read_text())["history"]["seconds"]
        for name in ("ae", "vq-vae-2")
    }
    assert seconds["ae"] >= 0.7 * seconds["vq-vae-2"]  # it had its time; machines are noisy
    generation, _ = results.load(Generation, out, "generation")
    assert generation.scores["VQ-VAE-2, PixelCNN"].accuracy >= 0.5
    assert generation.scores["AE, U(-1, 1)"].garbage_rate > generation.real.garbage_rate
    for name in ("warmup", "bottleneck", "coordinates", "transformation", "classification"):
        assert (out / f"{name}.json").exists()
    assert len(list(out.glob("*.png"))) >= 7
