"""Weights that come with the package: names, provenance, and damaged or exchanged files."""

import hashlib
import json

import pytest
import torch

from vqtutor import pretrained
from vqtutor.models import VAE, VAEConfig

PROVENANCE = pretrained.Provenance(
    data="digits",
    seed=3,
    epochs=2,
    commit="0123abc",
    metrics={"test_mse": 0.01},
    command="python train.py --seed 3",
)


def make_model(seed: int = 0) -> VAE:
    torch.manual_seed(seed)
    return VAE(VAEConfig((1, 12, 12), latent_dim=2, channels=(2, 2, 2), hidden=4)).eval()


@pytest.fixture
def folder(tmp_path):
    pretrained.write_entry("vae-digits-2", make_model(), PROVENANCE, tmp_path, dtype=None)
    return tmp_path


def test_what_is_written_can_be_loaded(folder):
    assert pretrained.names(folder) == ("vae-digits-2",)
    model = pretrained.load("vae-digits-2", folder)
    assert type(model) is VAE
    assert not model.training
    for name, tensor in make_model().state_dict().items():
        assert torch.equal(model.state_dict()[name], tensor)
    assert pretrained.provenance("vae-digits-2", folder) == PROVENANCE


def test_manifest_holds_what_the_module_promises(folder):
    manifest = json.loads((folder / "manifest.json").read_text())
    content = (folder / "vae-digits-2.safetensors").read_bytes()
    assert manifest == {
        "format": 1,
        "weights": {
            "vae-digits-2": {
                "file": "vae-digits-2.safetensors",
                "sha256": hashlib.sha256(content).hexdigest(),
                "model": "VAE",
                "data": "digits",
                "seed": 3,
                "epochs": 2,
                "commit": "0123abc",
                "metrics": {"test_mse": 0.01},
                "command": "python train.py --seed 3",
            }
        },
    }


def test_weights_are_added_and_replaced(folder):
    pretrained.write_entry("another", make_model(1), PROVENANCE, folder)
    assert pretrained.names(folder) == ("another", "vae-digits-2")
    pretrained.write_entry("vae-digits-2", make_model(2), PROVENANCE, folder)
    assert pretrained.names(folder) == ("another", "vae-digits-2")
    rounded = pretrained.load("vae-digits-2", folder).state_dict()
    for name, tensor in make_model(2).state_dict().items():
        expected = tensor.half().float() if tensor.is_floating_point() else tensor
        assert torch.equal(rounded[name], expected)


def test_the_package_has_a_manifest_and_every_weight_in_it_loads():
    for name in pretrained.names():
        model = pretrained.load(name)
        assert not model.training
        assert pretrained.provenance(name).command


def test_unknown_name_lists_what_there_is(folder):
    pretrained.write_entry("another", make_model(1), PROVENANCE, folder)
    for ask in (pretrained.load, pretrained.provenance):
        with pytest.raises(ValueError, match="no weights 'vae'; available: another, vae-digits-2"):
            ask("vae", folder)
    with pytest.raises(ValueError, match=r"no weights '\.\./secret'; available"):
        pretrained.load("../secret")


def test_exchanged_or_damaged_file(folder):
    path = folder / "vae-digits-2.safetensors"
    content = bytearray(path.read_bytes())
    content[-1] ^= 1  # one bit: safetensors itself would not notice
    path.write_bytes(content)
    with pytest.raises(ValueError, match=r"has SHA-256 [0-9a-f]{64}, but manifest.json promises"):
        pretrained.load("vae-digits-2", folder)
    path.unlink()
    with pytest.raises(FileNotFoundError, match=r"vae-digits-2.safetensors is missing; reinstall"):
        pretrained.load("vae-digits-2", folder)


@pytest.mark.parametrize("content", ["{", "[]", "{}", '{"format": 1, "weights": 3}'])
def test_damaged_manifest(folder, content):
    (folder / "manifest.json").write_text(content)
    with pytest.raises(ValueError, match=r"manifest\.json is damaged .*; reinstall vqtutor"):
        pretrained.names(folder)


def test_newer_or_missing_manifest(folder):
    (folder / "manifest.json").write_text('{"format": 2, "weights": {}}')
    with pytest.raises(ValueError, match=r"has format 2; this vqtutor reads up to 1\. Upgrade it"):
        pretrained.names(folder)
    with pytest.raises(FileNotFoundError, match=r"no .*manifest.json; .*write_entry\(\) makes one"):
        pretrained.names(folder / "nowhere")


@pytest.mark.parametrize("name", ["", "VAE", "../vae", "vae_16", "vae-", "vae mnist", "vae\n"])
def test_names_that_are_not_file_names_are_refused(name, tmp_path):
    with pytest.raises(ValueError, match='lower-case words and numbers joined by "-"'):
        pretrained.write_entry(name, make_model(), PROVENANCE, tmp_path)
    assert not list(tmp_path.iterdir())
