"""What is released is the network that was trained, as it is stored, with its figure."""

from dataclasses import replace

import pytest
import torch

from tests.experiments.standins import make_data
from vqtutor import pretrained
from vqtutor.experiments import release
from vqtutor.experiments.networks import Networks
from vqtutor.experiments.plans import plan
from vqtutor.train import FitConfig, Runtime

NAMES = ("judge", "VAE", "VQ-VAE-2", "top prior", "bottom prior")


@pytest.fixture(scope="module")
def networks(tmp_path_factory):
    """Of one step each, and one that was not trained."""
    data = make_data()
    plans = {
        name: replace(one, recipe=replace(one.recipe, fit=FitConfig(1, steps=1)))
        for name, one in plan(data).items()
    }
    folder = tmp_path_factory.mktemp("run")
    trained = Networks(data, plans=plans, folder=folder, runtime=Runtime("cpu"))
    for name in NAMES:
        trained[name]
    return Networks(data, plans=plans, folder=folder, resume=True, runtime=Runtime("cpu"))


@pytest.fixture(scope="module")
def folder(networks, tmp_path_factory):
    folder = tmp_path_factory.mktemp("weights")
    written = release.release(networks, list(release.NAMES), "make it again", folder)
    assert len(written) == len(NAMES)
    assert sorted(written) == list(pretrained.names(folder))
    return folder


def test_names_are_those_of_the_interface():
    taken = {name.format(data="mnist", size=16) for name in release.NAMES.values()}
    sizes = (2, 4, 8, 16, 32, 64, 128)
    expected = {"cnn-mnist", "vae-mnist-16", "vqvae2-mnist", "prior-top-mnist"}
    assert expected | {"prior-bottom-mnist"} | {f"ae-mnist-{size}" for size in sizes} <= taken


def test_figures_are_those_of_the_stored_weights(networks, folder):
    data = networks.data
    vae = pretrained.load(f"vae-{data.name}-16", folder)
    images = data.test.images / 255
    with torch.no_grad():
        rebuilt = vae.decode(vae.encode(images))
    mse = (data.unpad(rebuilt) - data.unpad(images)).square().mean().item()
    found = pretrained.provenance(f"vae-{data.name}-16", folder)
    assert found.metrics["test_mse"] == pytest.approx(mse, rel=1e-4)
    assert (found.data, found.seed, found.epochs) == (data.name, 0, 1)
    assert found.command == "make it again"
    assert found.commit not in ("", "unknown")

    judge = pretrained.load(f"cnn-{data.name}", folder)
    with torch.no_grad():
        right = (judge(images).argmax(dim=1) == data.test.labels).float().mean().item()
    figures = pretrained.provenance(f"cnn-{data.name}", folder).metrics
    assert figures == {"test_accuracy": pytest.approx(right)}


@pytest.mark.parametrize("level", ["top", "bottom"])
def test_priors_are_judged_on_codes_of_the_stored_vqvae(networks, folder, level):
    data = networks.data
    vqvae = pretrained.load(f"vqvae2-{data.name}", folder)
    prior = pretrained.load(f"prior-{level}-{data.name}", folder)
    with torch.no_grad():
        codes = vqvae.encode(data.test.images / 255)
        condition = codes.top if level == "bottom" else None
        wanted = getattr(codes, level)
        nats = torch.nn.functional.cross_entropy(
            prior(wanted, data.test.labels, condition), wanted
        ).item()
    figures = pretrained.provenance(f"prior-{level}-{data.name}", folder).metrics
    assert figures["test_bits"] == pytest.approx(nats / 0.6931472, rel=1e-4)


@pytest.mark.parametrize(("change", "dtype"), [(0.0, torch.float16), (0.1, torch.float32)])
def test_weights_stay_whole_where_rounding_shows(networks, tmp_path, monkeypatch, change, dtype):
    """Here rounding is made to show in every second figure, that of the rounded weights."""
    calls = iter(range(10))
    monkeypatch.setattr(
        release, "measure", lambda *_: {"test_mse": 1.0 + change * (next(calls) % 2)}
    )
    (title,) = release.release(networks, ["judge"], "", tmp_path)
    stored = release.checkpoint.safe_open(tmp_path / f"{title}.safetensors", framework="pt")
    weights = [stored.get_tensor(key) for key in stored.keys()]
    assert {tensor.dtype for tensor in weights if tensor.is_floating_point()} == {dtype}
    assert pretrained.provenance(title, tmp_path).metrics == {"test_mse": 1.0 + 0 * change}


def test_weights_beyond_the_range_stay_whole(networks, tmp_path, monkeypatch):
    model = networks["judge"]
    monkeypatch.setattr(model.body[1], "running_var", torch.full((16,), 1e6))
    (title,) = release.release(networks, ["judge"], "", tmp_path)
    stored = pretrained.load(title, tmp_path).state_dict()
    assert torch.equal(stored["body.1.running_var"], torch.full((16,), 1e6))


def test_a_network_that_was_not_trained_is_left_out(networks, tmp_path):
    assert release.release(networks, ["AE", "AE-2"], "", tmp_path) == []
