"""Small data and small models whose answers are known beforehand."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from vqtutor.data import ImageSet, Split
from vqtutor.models import VAE, VQVAE2, ClassifierConfig, Posterior, VAEConfig, VQVAE2Config

SIZE, INNER, BAND = 16, 12, 4  # pixels: with padding, without it, height of one class's band
CLASSES = 3


def make_split(count: int, seed: int, *, labels: bool = True) -> Split:
    """Images of class c are bright in the c-th band of rows; inside a padding of 2."""
    generator = torch.Generator().manual_seed(seed)
    classes = torch.arange(count) % CLASSES
    inner = torch.randint(0, 40, (count, 1, INNER, INNER), generator=generator)
    for row, label in enumerate(classes.tolist()):
        inner[row, 0, BAND * label : BAND * (label + 1)] += 160
    images = torch.zeros(count, 1, SIZE, SIZE, dtype=torch.uint8)
    images[..., 2:-2, 2:-2] = inner.to(torch.uint8)
    return Split(images, classes if labels else None)


def make_data(*, labels: bool = True, train: int = 120, test: int = 30) -> ImageSet:
    parts = [make_split(n, seed, labels=labels) for seed, n in enumerate((train, 30, test))]
    names = ("zero", "one", "two") if labels else ()
    return ImageSet("bands", *parts, class_names=names, padding=(2, 2, 2, 2))


class Perfect(nn.Module):
    """An autoencoder that loses nothing: its latent is the image."""

    def encode(self, images: Tensor) -> Tensor:
        return images.flatten(1)

    def decode(self, latent: Tensor) -> Tensor:
        return latent.view(-1, 1, SIZE, SIZE)


class PerfectWithPosterior(Perfect):
    """The same with a posterior of standard deviation 0.1 around the image."""

    def posterior(self, images: Tensor) -> Posterior:
        mean = images.flatten(1)
        return Posterior(mean, torch.full_like(mean, 0.01).log())

    def decode(self, latent: Tensor) -> Tensor:
        return super().decode(latent.clamp(0, 1))


class Judge(nn.Module):
    """Reads the class off the three bands' brightness; sure of it where one band stands out."""

    def __init__(self) -> None:
        super().__init__()
        self.config = ClassifierConfig("modern", (1, SIZE, SIZE), CLASSES)
        self.head = nn.Linear(CLASSES, CLASSES, bias=False)
        self.head.weight.data.copy_(40 * torch.eye(CLASSES))

    def features(self, images: Tensor) -> Tensor:
        inner = images[..., 2:-2, 2:-2]
        return inner.unflatten(2, (CLASSES, BAND)).mean(dim=(1, 3, 4))

    def forward(self, images: Tensor) -> Tensor:
        logits: Tensor = self.head(self.features(images))
        return logits


def awaken(model: nn.Module, factor: float = 2.5) -> nn.Module:
    """Untrained, with larger weights than usual, so that different inputs differ in the output."""
    for weight in model.parameters():
        weight.data.mul_(factor if weight.ndim > 1 else 1)
    return model.eval()


def make_vae() -> nn.Module:
    return awaken(VAE(VAEConfig((1, SIZE, SIZE), latent_dim=3, channels=(4, 8, 8), hidden=16)))


def make_vqvae(data: ImageSet) -> VQVAE2:
    """2x2 codes of 5 and 4x4 codes of 4, all of them used by the data."""
    config = VQVAE2Config(
        (1, SIZE, SIZE),
        channels=4,
        residual_blocks=1,
        residual_channels=2,
        code_dim=3,
        num_codes_top=5,
        num_codes_bottom=4,
    )
    model = VQVAE2(config)
    awaken(model, factor=2.0)
    model.start_codebooks(data.train.images.float() / 255, torch.Generator().manual_seed(0))
    return model


class Bands(nn.Module):
    """A latent of three numbers, the brightness of each class's band; the decoder paints them."""

    def encode(self, images: Tensor) -> Tensor:
        inner = images[..., 2:-2, 2:-2]
        return inner.unflatten(2, (CLASSES, BAND)).mean(dim=(1, 3, 4))

    def decode(self, latent: Tensor) -> Tensor:
        images = torch.zeros(len(latent), 1, SIZE, SIZE)
        rows = latent.repeat_interleave(BAND, dim=1)  # (B, INNER)
        images[..., 2:-2, 2:-2] = rows[:, None, :, None].expand(-1, 1, INNER, INNER)
        return images
