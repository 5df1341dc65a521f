"""Checkpoints: the same bits come back, and every file that cannot be used says why."""

import json
import pickle
from dataclasses import asdict, dataclass, field

import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import nn

from vqtutor import checkpoint
from vqtutor.models import (
    VAE,
    VQVAE2,
    Autoencoder,
    AutoencoderConfig,
    ClassifierConfig,
    GradientQuantizer,
    MaskedPixelCNN,
    PixelCNN,
    PixelCNNConfig,
    QuantizerConfig,
    VAEConfig,
    VectorQuantizer,
    VQVAE2Config,
    WarmupCNN,
)

PRIOR = PixelCNNConfig(num_codes=5, channels=4, layers=2, num_labels=3, condition_codes=4)
QUANTIZER = QuantizerConfig(num_codes=5, code_dim=3, backward="rotation")
MODELS = [
    (WarmupCNN, ClassifierConfig(image_shape=(3, 8, 12), num_classes=3, channels=(2, 3, 4))),
    (WarmupCNN, ClassifierConfig("3x3-pairs", image_shape=(1, 8, 8))),
    (Autoencoder, AutoencoderConfig((3, 16, 12), latent_dim=3, channels=(2, 3, 4), hidden=5)),
    (Autoencoder, AutoencoderConfig((1, 12, 12), latent_dim=3, body="linked", hidden=5)),
    (VAE, VAEConfig((1, 12, 12), latent_dim=3, channels=(2, 3, 4), hidden=5)),
    (VectorQuantizer, QUANTIZER),
    (GradientQuantizer, QUANTIZER),
    (VQVAE2, VQVAE2Config((1, 16, 16), channels=4, code_dim=3, residual_blocks=1)),
    (PixelCNN, PRIOR),
    (MaskedPixelCNN, PRIOR),
]


def make_model(kind: type[nn.Module], config: object, seed: int = 0) -> nn.Module:
    """A model in which no tensor has the value it starts with."""
    generator = torch.Generator().manual_seed(seed)
    model = kind(config)
    for tensor in model.state_dict().values():
        if tensor.is_floating_point():
            tensor.copy_(torch.rand(tensor.shape, generator=generator))
        else:
            tensor.fill_(True if tensor.dtype == torch.bool else 7)
    return model.train()


@pytest.fixture
def model():
    return make_model(*MODELS[2])


@pytest.fixture
def path(model, tmp_path):
    path = tmp_path / "model.safetensors"
    checkpoint.save(model, path)
    return path


def change_header(path, **changes) -> None:
    """Rewrite a saved file with other entries in its header."""
    with checkpoint.safe_open(path, framework="pt") as file:
        header = json.loads(file.metadata()["vqtutor"]) | changes
    save_file(load_file(path), path, {"vqtutor": json.dumps(header)})


def change_tensors(path, **changes) -> None:
    """Rewrite a saved file with other tensors; None removes one."""
    with checkpoint.safe_open(path, framework="pt") as file:
        metadata = file.metadata()
    tensors = {
        name: value for name, value in (load_file(path) | changes).items() if value is not None
    }
    save_file(tensors, path, metadata)


@pytest.mark.parametrize(("kind", "config"), MODELS)
def test_the_same_bits_come_back(kind, config, tmp_path):
    model = make_model(kind, config)
    checkpoint.save(model, tmp_path / "new" / "model.safetensors")
    loaded = checkpoint.load(str(tmp_path / "new" / "model.safetensors"))
    assert type(loaded) is kind
    assert loaded.config == config
    assert not any(part.training for part in loaded.modules())
    expected, came = model.state_dict(), loaded.state_dict()
    assert list(came) == list(expected)
    for name, tensor in expected.items():
        assert came[name].dtype == tensor.dtype
        assert torch.equal(came[name], tensor), name


def test_every_model_of_the_package_can_be_saved():
    from vqtutor import models

    exported = [getattr(models, name) for name in models.__all__]
    classes = {item for item in exported if isinstance(item, type) and issubclass(item, nn.Module)}
    assert classes == {entry.model for entry in checkpoint._MODELS.values()}
    assert classes == {kind for kind, _ in MODELS}


def test_loaded_model_gives_the_same_output(path, model):
    images = torch.rand(2, 3, 16, 12)
    assert torch.equal(checkpoint.load(path)(images).latent, model.eval()(images).latent)


def test_same_model_same_bytes(path, model, tmp_path):
    checkpoint.save(model, tmp_path / "again")
    assert path.read_bytes() == (tmp_path / "again").read_bytes()


def test_memory_layout_and_shared_memory_do_not_matter(path, model, tmp_path):
    model = model.to(memory_format=torch.channels_last)
    assert not all(tensor.is_contiguous() for tensor in model.state_dict().values())
    checkpoint.save(model, tmp_path / "channels_last")
    assert path.read_bytes() == (tmp_path / "channels_last").read_bytes()
    quantizer = make_model(VectorQuantizer, QUANTIZER)
    quantizer.sums = quantizer.codebook  # one memory for both
    checkpoint.save(quantizer, tmp_path / "shared")
    assert torch.equal(checkpoint.load(tmp_path / "shared").sums, quantizer.codebook)


def test_loading_leaves_the_random_state_alone(path):
    torch.manual_seed(3)
    expected = torch.rand(4)
    torch.manual_seed(3)
    checkpoint.load(path)
    assert torch.equal(torch.rand(4), expected)


def test_float16_is_stored_rounded_and_loaded_as_float32(model, tmp_path):
    small = tmp_path / "small"
    checkpoint.save(model, small, dtype=torch.float16)
    kinds = {tensor.dtype for tensor in load_file(small).values()}
    assert kinds == {torch.float16, torch.int64}  # int64: batch normalization counts batches
    for name, tensor in checkpoint.load(small).state_dict().items():
        original = model.state_dict()[name]
        assert tensor.dtype == original.dtype
        rounded = original.half().float() if original.is_floating_point() else original
        assert torch.equal(tensor, rounded)


def test_weights_beyond_float16_are_refused(model, tmp_path):
    model.encoder[0].bias.data[1] = -1e5
    with pytest.raises(ValueError, match=r"encoder\.0\.bias holds values up to 100000, beyond"):
        checkpoint.save(model, tmp_path / "small", dtype=torch.float16)
    assert not list(tmp_path.iterdir())


def test_an_interrupted_save_keeps_the_old_file(path, model, monkeypatch):
    before = path.read_bytes()

    def fail(_: int) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(checkpoint.os, "fsync", fail)
    with pytest.raises(KeyboardInterrupt):
        checkpoint.save(make_model(type(model), model.config, seed=1), path)
    assert path.read_bytes() == before
    assert list(path.parent.iterdir()) == [path]


def test_only_known_models_are_saved(model, tmp_path):
    class VAE(nn.Module):  # the name of ours, but another class
        pass

    for stranger in (nn.Linear(2, 2), VAE(), nn.Sequential(model)):
        with pytest.raises(TypeError, match=r"save\(\) knows Autoencoder, .*WarmupCNN; got "):
            checkpoint.save(stranger, tmp_path / "stranger")
    assert not list(tmp_path.iterdir())


def test_configs_inside_configs_and_tuples_come_back():
    @dataclass(frozen=True)
    class Outer:
        shapes: tuple[tuple[int, int], ...]
        inner: QuantizerConfig
        note: str | None = None

    Outer.__annotations__["inner"] = QuantizerConfig
    outer = Outer(((1, 2), (3, 4)), QUANTIZER)
    assert checkpoint.restore(Outer, json.loads(json.dumps(asdict(outer)))) == outer


def test_a_field_that_came_later_takes_its_default():
    @dataclass(frozen=True)
    class Later:
        size: int
        note: str = "plain"
        widths: tuple[int, ...] = field(default_factory=lambda: (1, 2))

    assert checkpoint.restore(Later, {"size": 3}) == Later(3)
    assert checkpoint.restore(Later, {"size": 3, "note": "new"}) == Later(3, "new")
    with pytest.raises(ValueError, match=r"unknown fields \[\] and lacks \['size'\]; .* another"):
        checkpoint.restore(Later, {"note": "new"})
    with pytest.raises(ValueError, match=r"unknown fields \['depth'\] and lacks \[\]"):
        checkpoint.restore(Later, {"size": 3, "depth": 1})


def test_networks_saved_before_a_field_are_loaded(path, model):
    config = asdict(model.config)
    del config["code"]
    change_header(path, config=config)
    loaded = checkpoint.load(path)
    assert loaded.config == model.config
    assert loaded.config.code == "linear"


def test_missing_file(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"no weights file .*nowhere; .*save\(\) writes"):
        checkpoint.load(tmp_path / "nowhere")
    with pytest.raises(FileNotFoundError, match="no weights file"):
        checkpoint.load(tmp_path)


@pytest.mark.parametrize("keep", [0.0, 0.001, 0.01, 0.5, 0.999])
def test_file_cut_short(path, keep):
    content = path.read_bytes()
    path.write_bytes(content[: int(keep * len(content))])
    with pytest.raises(ValueError, match=r"model\.safetensors is not a whole safetensors file"):
        checkpoint.load(path)


def test_pickled_files_are_not_opened(path, model):
    for content in (pickle.dumps({"a": 1}), b"PK\x03\x04" + bytes(100), b"not weights at all"):
        path.write_bytes(content)
        with pytest.raises(ValueError, match="not a whole safetensors file"):
            checkpoint.load(path)
    torch.save(model.state_dict(), path)
    with pytest.raises(ValueError, match="not a whole safetensors file"):
        checkpoint.load(path)


@pytest.mark.parametrize("metadata", [None, {"format": "pt"}])
def test_safetensors_of_somebody_else(path, metadata):
    save_file({"weight": torch.zeros(2)}, path, metadata)
    with pytest.raises(ValueError, match=r"holds no vqtutor model: its metadata lacks 'vqtutor'"):
        checkpoint.load(path)


@pytest.mark.parametrize(
    "header", ["{", "[]", "{}", '{"format": "new", "model": "", "config": {}}']
)
def test_damaged_header(path, header):
    save_file(load_file(path), path, {"vqtutor": header})
    with pytest.raises(ValueError, match="has a damaged header"):
        checkpoint.load(path)


def test_newer_format(path):
    change_header(path, format=checkpoint.FORMAT + 1, model="Unheard", config=[])
    with pytest.raises(ValueError, match=r"has format 2; this vqtutor reads up to 1\. Upgrade it"):
        checkpoint.load(path)


@pytest.mark.parametrize("name", ["Transformer", ["VAE"]])
def test_unknown_model(path, name):
    change_header(path, model=name)
    with pytest.raises(ValueError, match=r"holds a model .*; this vqtutor knows Autoencoder, Gra"):
        checkpoint.load(path)


def test_unusable_config(path, model):
    config = asdict(model.config)
    change_header(path, config=config | {"depth": 3})
    with pytest.raises(
        ValueError, match=r"unknown fields \['depth'\] and lacks \[\]; .* another v"
    ):
        checkpoint.load(path)
    change_header(path, config=config | {"hidden": 0})
    with pytest.raises(
        ValueError, match="unusable config of Autoencoder: hidden must be at least 1"
    ):
        checkpoint.load(path)
    for hidden in ("many", 2.5):
        change_header(path, config=config | {"hidden": hidden})
        with pytest.raises(ValueError, match="unusable config of Autoencoder"):
            checkpoint.load(path)
    change_header(path, config=[1, 2])
    with pytest.raises(ValueError, match=r"unusable config of Autoencoder: .* must be a mapping"):
        checkpoint.load(path)


def test_tensors_of_another_model(path):
    change_tensors(path, extra=torch.zeros(1))
    with pytest.raises(ValueError, match="fit the Autoencoder of its config: extra is unknown"):
        checkpoint.load(path)
    change_tensors(path, extra=None, **{"encoder.0.bias": None})
    with pytest.raises(ValueError, match=r"config: encoder\.0\.bias is missing\."):
        checkpoint.load(path)
    change_tensors(path, **{"encoder.0.bias": torch.zeros(9)})
    with pytest.raises(ValueError, match=r"encoder\.0\.bias is \(9,\) instead of \(2,\)"):
        checkpoint.load(path)
    change_tensors(path, **{"encoder.0.bias": torch.zeros(2, dtype=torch.int64)})
    with pytest.raises(ValueError, match=r"bias is torch\.int64 instead of torch\.float32"):
        checkpoint.load(path)


def test_config_of_another_size(path, model):
    change_header(path, config=asdict(model.config) | {"channels": [4, 6, 8]})
    with pytest.raises(ValueError, match=r"is \(8,\) instead of \(16,\); .*; …\."):
        checkpoint.load(path)
