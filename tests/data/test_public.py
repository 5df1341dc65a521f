"""MNIST and CIFAR-10 from tiny files in their own formats; nothing is downloaded."""

import hashlib
import pickle
import struct
import urllib.error
import urllib.request
from pathlib import Path

import numpy as np
import pytest
import torch
from torchvision.datasets import CIFAR10

from vqtutor import data
from vqtutor.data import public


@pytest.fixture(autouse=True)
def _isolated(monkeypatch, tmp_path):
    """No folder of the user's, and no network."""

    def no_network(*_: object, **__: object) -> None:
        raise urllib.error.URLError("no route to host")

    monkeypatch.setattr(urllib.request, "urlopen", no_network)
    monkeypatch.delenv("VQTUTOR_DATA", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


def write_mnist(root: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, np.ndarray]:
    """30 training and 10 test images, and their labels, in IDX files."""
    numbers = np.random.default_rng(0)
    arrays = {
        name: numbers.integers(0, 256, (30 if name.startswith("train") else 10, 28, 28), np.uint8)
        if "images" in name
        else np.arange(30 if name.startswith("train") else 10, dtype=np.uint8) % 10
        for name in public.MNIST_BYTES
    }
    folder = root / "MNIST" / "raw"
    folder.mkdir(parents=True)
    for name, array in arrays.items():
        header = struct.pack(f">HBB{array.ndim}I", 0, 8, array.ndim, *array.shape)
        (folder / name).write_bytes(header + array.tobytes())
        monkeypatch.setitem(public.MNIST_BYTES, name, (folder / name).stat().st_size)
    return arrays


def write_cifar10(root: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, np.ndarray]:
    """Six batches of four images each, with checksums that torchvision accepts."""
    folder = root / "cifar-10-batches-py"
    folder.mkdir(parents=True)
    rows = np.random.default_rng(0).integers(0, 256, (24, 3 * 32 * 32), np.uint8)
    names = [f"data_batch_{number}" for number in range(1, 6)] + ["test_batch"]
    contents = {
        name: {"data": rows[4 * i : 4 * i + 4], "labels": [(4 * i + k) % 10 for k in range(4)]}
        for i, name in enumerate(names)
    }
    classes = ["airplane", "automobile", "bird", "cat", "deer"]
    contents["batches.meta"] = {"label_names": [*classes, "dog", "frog", "horse", "ship", "truck"]}
    sums = {}
    for name, content in contents.items():
        (folder / name).write_bytes(pickle.dumps(content))
        sums[name] = hashlib.md5((folder / name).read_bytes()).hexdigest()
    monkeypatch.setattr(CIFAR10, "train_list", [[name, sums[name]] for name in names[:5]])
    monkeypatch.setattr(CIFAR10, "test_list", [["test_batch", sums["test_batch"]]])
    monkeypatch.setattr(CIFAR10, "meta", {**CIFAR10.meta, "md5": sums["batches.meta"]})
    return {"train": rows[:20], "test": rows[20:]}


def together(images: data.ImageSet) -> torch.Tensor:
    """Train and validation images in a canonical order, (N, C * H * W)."""
    rows = torch.cat([images.train.images, images.validation.images]).flatten(1)
    return torch.tensor(sorted(rows.tolist()), dtype=torch.uint8)


def test_mnist_is_padded_and_nothing_else(tmp_path, monkeypatch):
    arrays = write_mnist(tmp_path, monkeypatch)
    mnist = data.load("mnist", root=tmp_path, download=False, validation=5)
    assert (mnist.name, mnist.image_shape, mnist.padding) == ("mnist", (1, 32, 32), (2, 2, 2, 2))
    assert [len(part) for part in (mnist.train, mnist.validation, mnist.test)] == [25, 5, 10]
    test = torch.from_numpy(arrays["t10k-images-idx3-ubyte"]).unsqueeze(1)
    assert torch.equal(mnist.unpad(mnist.test.images), test)
    assert torch.equal(mnist.test.labels, torch.arange(10))
    assert mnist.test.images.sum() == test.sum()

    whole = data.load("mnist", root=tmp_path, download=False, validation=5, size=28)
    assert (whole.image_shape, whole.padding) == ((1, 28, 28), (0, 0, 0, 0))
    expected = arrays["train-images-idx3-ubyte"].reshape(30, -1).tolist()
    assert together(whole).tolist() == sorted(expected)


def test_cifar10_keeps_its_colors_and_places(tmp_path, monkeypatch):
    rows = write_cifar10(tmp_path, monkeypatch)
    cifar10 = data.load("cifar10", root=tmp_path, download=False, validation=5)
    assert cifar10.image_shape == (3, 32, 32)
    assert (cifar10.class_names[0], cifar10.num_classes) == ("airplane", 10)
    # A row of the file holds 1,024 reds, then the greens, then the blues: (C, H, W) already.
    assert cifar10.test.images.flatten(1).tolist() == rows["test"].tolist()
    assert cifar10.test.labels.tolist() == [0, 1, 2, 3]
    assert together(cifar10).tolist() == sorted(rows["train"].tolist())


def test_folders_are_searched_in_order(tmp_path, monkeypatch):
    """The root given, then $VQTUTOR_DATA, then the user's cache."""
    for name in ("root", "variable", "cache"):
        write_mnist(tmp_path / (name if name != "cache" else "cache/vqtutor"), monkeypatch)
        label = {"root": 1, "variable": 2, "cache": 3}[name]
        folder = tmp_path / (name if name != "cache" else "cache/vqtutor") / "MNIST" / "raw"
        labels = folder / "t10k-labels-idx1-ubyte"
        labels.write_bytes(labels.read_bytes()[:8] + bytes([label] * 10))

    def label_with(root: str | None) -> int:
        folder = None if root is None else tmp_path / root
        return data.load("mnist", root=folder, download=False, validation=5).test.labels[0].item()

    assert label_with(None) == 3
    monkeypatch.setenv("VQTUTOR_DATA", str(tmp_path / "variable"))
    assert label_with(None) == 2
    assert label_with("empty") == 2
    assert label_with("root") == 1


@pytest.mark.parametrize(("name", "folder"), [("mnist", "MNIST"), ("cifar10", "cifar-10-batches")])
def test_missing_files_say_how_to_get_them(tmp_path, name, folder):
    message = rf"no '{name}' in .*here.*{folder}.* Load it with download=True, or .*VQTUTOR_DATA"
    with pytest.raises(FileNotFoundError, match=message):
        data.load(name, root=tmp_path / "here", download=False)


@pytest.mark.parametrize("name", ["mnist", "cifar10"])
def test_failed_download_says_what_to_do(tmp_path, name):
    message = rf"'{name}' could not be downloaded to .*here .* copy the files .* belong in .*here"
    with pytest.raises(ConnectionError, match=message):
        data.load(name, root=tmp_path / "here")


def test_missing_file_of_several_counts_as_missing(tmp_path, monkeypatch):
    write_mnist(tmp_path, monkeypatch)
    (tmp_path / "MNIST" / "raw" / "t10k-labels-idx1-ubyte").unlink()
    with pytest.raises(FileNotFoundError, match="no 'mnist' in"):
        data.load("mnist", root=tmp_path, download=False)


@pytest.mark.parametrize("download", [True, False])
def test_truncated_mnist_names_the_file(tmp_path, monkeypatch, download):
    write_mnist(tmp_path, monkeypatch)
    path = tmp_path / "MNIST" / "raw" / "train-images-idx3-ubyte"
    path.write_bytes(path.read_bytes()[:1000])
    message = r"train-images-idx3-ubyte has 1,000 bytes where MNIST's has 23,536: delete it and"
    with pytest.raises(ValueError, match=message):
        data.load("mnist", root=tmp_path, download=download)


def test_truncated_cifar10_names_the_folder(tmp_path, monkeypatch):
    write_cifar10(tmp_path, monkeypatch)
    path = tmp_path / "cifar-10-batches-py" / "data_batch_3"
    path.write_bytes(path.read_bytes()[:1000])
    with pytest.raises(ValueError, match=r"cifar-10-batches-py are not CIFAR-10's, or are cut"):
        data.load("cifar10", root=tmp_path)


def test_mnist_is_never_shrunk(tmp_path, monkeypatch):
    write_mnist(tmp_path, monkeypatch)
    with pytest.raises(ValueError, match=r"size must be at least 28: the images of 'mnist'"):
        data.load("mnist", root=tmp_path, size=16, validation=5)
