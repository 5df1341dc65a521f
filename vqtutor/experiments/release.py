"""Put trained networks into the package: their weights, what they reach, and how to get them again.

    python -m vqtutor.experiments.release --data mnist results/mnist-full

The run is one of `python -m vqtutor.experiments ... --scale full`. Weights are rounded to float16
where that leaves the network's figure on the test set as it is, to three digits; what stands in
the manifest is measured with the weights as they are stored.
"""

from __future__ import annotations

import argparse
import contextlib
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any, cast

import torch
from torch import Tensor, nn

from vqtutor import checkpoint, pretrained
from vqtutor import data as datasets
from vqtutor.data import ImageSet
from vqtutor.experiments import latents
from vqtutor.experiments.networks import Networks
from vqtutor.experiments.plans import SIZES
from vqtutor.experiments.priors import bits_per_code
from vqtutor.experiments.warmup import answers_of

# What a network of a run is called in the package; {data} is "mnist" or "cifar10".
NAMES = {
    "judge": "cnn-{data}",
    **{f"AE-{size}": f"ae-{{data}}-{size}" for size in SIZES},
    "AE": "ae-{data}",
    "VAE": "vae-{data}-{size}",
    "VQ-VAE-2": "vqvae2-{data}",
    "top prior": "prior-top-{data}",
    "bottom prior": "prior-bottom-{data}",
}
DIGITS = 3  # of a figure that rounding the weights may not change


def measure(model: nn.Module, data: ImageSet, codes: Any = None) -> dict[str, float]:
    """What the network is judged by, on the whole test set.

    test_mse per pixel value of the image without its padding, test_accuracy of a classifier, and
    test_bits per code of a prior, whose `codes` are those of the test images.
    """
    test = data.test
    if hasattr(model, "decode"):
        rebuilt = latents.rebuild(model, test.images)
        return {"test_mse": latents.squared_errors(rebuilt, data, test).mean().item()}
    if codes is None:
        right = answers_of(cast(Any, model), data).eq(cast(Tensor, test.labels))
        return {"test_accuracy": right.double().mean().item()}
    with latents.inference(model):
        prior: Any = model
        wanted = codes.bottom if prior.config.condition_codes else codes.top
        return {"test_bits": bits_per_code(prior, wanted, test.labels, codes.top).mean().item()}


def rounded(model: nn.Module, dtype: torch.dtype | None) -> nn.Module:
    """The model with its weights as a file of this type would give them back."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.safetensors"
        checkpoint.save(model, path, dtype)
        return checkpoint.load(path)


def release(networks: Networks, names: Sequence[str], command: str, folder: Path) -> list[str]:
    """Write the networks of these names, as far as they have been trained; what they are called."""
    data, written = networks.data, []
    trained = {name: networks.find(name) for name in names if name in networks.plans}
    codes = None
    if (vqvae := trained.get("VQ-VAE-2")) is not None:
        codes = latents.encode(rounded(vqvae, torch.float16), data.test.images)
    for name, model in trained.items():
        if model is None:
            continue
        given = codes if name.endswith("prior") else None
        whole = measure(model, data, given)
        figures, dtype = whole, None
        with contextlib.suppress(ValueError):  # of weights beyond the range of float16
            half = measure(rounded(model, torch.float16), data, given)
            if all(f"{half[key]:.{DIGITS}g}" == f"{whole[key]:.{DIGITS}g}" for key in whole):
                figures, dtype = half, torch.float16
        size = getattr(cast(Any, model).config, "latent_dim", None)
        title = NAMES[name].format(data=data.name.removesuffix("-jpeg"), size=size)
        provenance = pretrained.Provenance(
            data=data.name,
            seed=networks.seed,
            epochs=len(networks.histories[name].train),
            commit=networks.commits.get(name, "unknown"),
            metrics=figures,
            command=command,
        )
        pretrained.write_entry(title, model, provenance, folder, dtype)
        written.append(title)
    return written


def main(arguments: Sequence[str] | None = None) -> None:
    """Release what the run in a folder has trained."""
    parser = argparse.ArgumentParser(prog="python -m vqtutor.experiments.release")
    parser.add_argument("run", type=Path, help="folder of a run, such as results/mnist-full")
    parser.add_argument("--data", default="mnist")
    parser.add_argument("--root")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, default=Path(pretrained.__file__).parent / "weights")
    chosen = parser.parse_args(arguments)
    data = datasets.load(chosen.data, root=chosen.root)
    networks = Networks(data, "full", seed=chosen.seed, folder=chosen.run / "networks", resume=True)
    shown = chosen.data if Path(chosen.data).suffix == "" else Path(chosen.data).name
    command = f"python -m vqtutor.experiments all --data {shown} --scale full --seed {chosen.seed}"
    for title in release(networks, list(NAMES), command, chosen.out):
        print(f"{title}: {dict(pretrained.provenance(title, chosen.out).metrics)}")


if __name__ == "__main__":
    main(sys.argv[1:])
