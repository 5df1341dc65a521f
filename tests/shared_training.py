"""Trains codebooks and networks in as many processes as there are, for test_processes.py.

Argument: the folder that gets one file per process, of weights, losses and codebooks.
"""

import sys
from dataclasses import asdict
from pathlib import Path

import torch

from vqtutor import processes
from vqtutor.data import ImageSet, Split, load
from vqtutor.experiments.training import Recipe, build, train
from vqtutor.models import PixelCNNConfig, QuantizerConfig, VectorQuantizer, VQVAE2Config
from vqtutor.train import FitConfig, History, Runtime

IMAGES = 64  # one batch, so that every epoch is one step
STEPS = 20
VQVAE = VQVAE2Config(
    channels=16,
    residual_blocks=1,
    residual_channels=8,
    code_dim=8,
    num_codes_bottom=64,
    bottom_stride=8,
    restart_below=0.3,  # so that codes do start anew within a few steps
)
TOP = PixelCNNConfig(VQVAE.num_codes_top, channels=8, layers=2, num_labels=10)
BOTTOM = PixelCNNConfig(64, channels=8, layers=2, num_labels=10, condition_codes=TOP.num_codes)


def trained(config: object, source: object, steps: int) -> tuple[dict[str, torch.Tensor], History]:
    torch.manual_seed(0)
    model = build(config)
    recipe = Recipe(FitConfig(steps, learning_rate=1e-3), batch_size=IMAGES)
    history = train(model, source, recipe, seed=0, runtime=Runtime("cpu"))
    return model.state_dict(), asdict(history)


def moved_codebook() -> tuple[dict[str, torch.Tensor], int]:
    """A codebook after updates with this process's part of given features, and its restarts."""
    generator = torch.Generator().manual_seed(0)
    batches = torch.randn(STEPS, IMAGES, 4, 3, 3, generator=generator)
    batches[:, :, 0] += torch.linspace(0, 9, STEPS).view(-1, 1, 1, 1)  # leaves codes behind
    quantizer = VectorQuantizer(QuantizerConfig(32, 4, decay=0.8, restart_below=0.3))
    parts, restarts = [batch.chunk(processes.count())[processes.rank()] for batch in batches], 0
    quantizer.start_codebook(parts[0], generator)
    for part in parts:
        quantizer.update_codebook(part, quantizer(part).codes, generator)
        restarts += int((quantizer.counts == 1).sum())
    return quantizer.state_dict(), restarts


def main(folder: Path) -> None:
    processes.join("cpu")
    generator = torch.Generator().manual_seed(0)
    images = torch.randint(256, (IMAGES, *VQVAE.image_shape), generator=generator)
    part = Split(images.to(torch.uint8), torch.arange(IMAGES) % 10)
    data = ImageSet("noise", part, part, part, tuple("0123456789"))
    codes = torch.randint(TOP.num_codes, (IMAGES, 2, 2), generator=generator)
    fine = torch.randint(BOTTOM.num_codes, (IMAGES, 4, 4), generator=generator)
    digits = load("digits")
    found = {
        "codebook": moved_codebook(),
        "VQ-VAE-2 after a step": trained(VQVAE, data, 1),
        "VQ-VAE-2": trained(VQVAE, data, STEPS),
        "noise": torch.rand(3),  # the next numbers of what dropout and VAEs draw from
        "top prior": trained(TOP, [(codes, part.labels, None)] * 2, STEPS),
        "bottom prior": trained(BOTTOM, [(fine, part.labels, codes)] * 2, STEPS),
        "split": (digits.train.images.sum((1, 2, 3)), digits.validation.images),
    }
    torch.save(found, folder / f"{processes.rank()}.pt")
    processes.leave()


if __name__ == "__main__":
    torch.set_num_threads(1)
    main(Path(sys.argv[1]))
