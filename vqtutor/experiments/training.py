"""How each network is trained: the visible line that joins a model, its loss and its data.

Every function takes a model and tensors, calls `fit` and returns the history; the model ends with
the weights of its best validation epoch. Images are uint8 (N, C, H, W), codes int64 (N, H, W).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import torch
from torch import Tensor, nn

from vqtutor import processes
from vqtutor.checks import check_choice, check_positive
from vqtutor.data import ImageSet, Minibatches, Split, vary
from vqtutor.experiments import latents
from vqtutor.losses import (
    classification_loss,
    codes_loss,
    reconstruction_loss,
    vae_loss,
    vq_loss,
)
from vqtutor.models import (
    VAE,
    VQVAE2,
    Autoencoder,
    AutoencoderConfig,
    ClassifierConfig,
    Codes,
    PixelCNN,
    PixelCNNConfig,
    VAEConfig,
    VQVAE2Config,
    WarmupCNN,
)
from vqtutor.train import FitConfig, History, Progress, Runtime, fit

Report = Callable[[Progress], None]


@dataclass(frozen=True)
class Recipe:
    """How long, how fast and in which portions a network learns."""

    fit: FitConfig
    batch_size: int = 128
    beta: float = 1.0  # weight of the VAE's KL; of the VQ-VAE's commitment
    likelihood: Literal["bernoulli", "squared_error"] = "bernoulli"  # of the VAE's pixels
    shift: int = 0  # of a classifier: so many pixels at most, each training image its own
    mirror: bool = False  # of a classifier: half of the training images, left to right
    watch_test: bool = False  # of an autoencoder: its test error after every epoch, to be shown

    def __post_init__(self) -> None:
        check_positive(batch_size=self.batch_size)
        check_choice("likelihood", self.likelihood, ("bernoulli", "squared_error"))
        if not self.beta >= 0:
            raise ValueError(f"beta must be at least 0, got {self.beta}.")


def train_classifier(model: WarmupCNN, data: ImageSet, recipe: Recipe, **how: Any) -> History:
    """Cross-entropy against the labels. ValueError where the data has none."""
    if data.train.labels is None:
        raise ValueError(f"{data.name!r} has no labels: there is nothing to classify.")

    def objective(network: Any, batch: tuple[Tensor, Tensor]) -> tuple[Any, Any]:
        images, labels = batch
        images = fitting_images(model, data, images)
        if network.training:
            images = vary(images, shift=recipe.shift, mirror=recipe.mirror)
        logits = network(images)
        return classification_loss(logits, labels), logits

    return _fit(model, objective, image_splits(data), recipe, **how)


def train_autoencoder(model: Autoencoder, data: ImageSet, recipe: Recipe, **how: Any) -> History:
    """Squared error between reconstruction and image."""

    def objective(network: Any, batch: tuple[Tensor, Tensor | None]) -> tuple[Any, Any]:
        images, _ = batch
        images = fitting_images(model, data, images)
        output = network(images)
        return reconstruction_loss(output.reconstruction, images), output

    watched = (data.test.images, data.test.labels) if recipe.watch_test else None
    return _fit(model, objective, image_splits(data), recipe, watched=watched, **how)


def train_vae(model: VAE, data: ImageSet, recipe: Recipe, **how: Any) -> History:
    """Misfit of the pixels and `recipe.beta` times the KL."""

    def objective(network: Any, batch: tuple[Tensor, Tensor | None]) -> tuple[Any, Any]:
        images, _ = batch
        output = network(images)
        loss = vae_loss(
            output.logits,
            images,
            output.mean,
            output.log_variance,
            beta=recipe.beta,
            likelihood=recipe.likelihood,
        )
        return loss, output

    return _fit(model, objective, image_splits(data), recipe, **how)


def train_vqvae(
    model: VQVAE2, data: ImageSet, recipe: Recipe, *, seed: int, runtime: Runtime, **how: Any
) -> History:
    """Squared error and `recipe.beta` times the commitment; the codebooks move after each step."""
    generator = torch.Generator().manual_seed(seed)

    def objective(network: Any, batch: tuple[Tensor, Tensor | None]) -> tuple[Any, Any]:
        images, _ = batch
        output = network(images)
        commitment = output.top.commitment + output.bottom.commitment
        codebook = output.top.codebook_loss + output.bottom.codebook_loss
        loss = vq_loss(output.unclamped, images, commitment, codebook, beta=recipe.beta)
        return loss, output

    count = processes.count()
    first = Minibatches(
        data.train.images,
        batch_size=min(512, len(data.train)) // count * count,
        generator=generator,
        device=runtime.device,
        part=(processes.rank(), count),
    )
    model.to(runtime.device).start_codebooks(next(iter(first))[0], generator)
    return _fit(
        model,
        objective,
        image_splits(data),
        recipe,
        seed=seed,
        runtime=runtime,
        after_step=lambda output: model.update_codebooks(output, generator),
        **how,
    )


def train_prior(
    model: PixelCNN,
    splits: Sequence[tuple[Tensor, Tensor | None, Tensor | None]],
    recipe: Recipe,
    **how: Any,
) -> History:
    """Cross-entropy of codes, given labels and a coarser grid.

    splits : training and validation, each (codes, labels or None, condition or None).
    """

    def objective(network: Any, batch: tuple[Tensor, Any, Any]) -> tuple[Any, Any]:
        codes, labels, condition = batch
        logits = network(codes, labels, condition)
        return codes_loss(logits, codes), logits

    return _fit(model, objective, splits, recipe, **how)


# One place that knows which network takes which config and which loss.
KINDS: dict[type, tuple[type[nn.Module], Callable[..., History]]] = {
    ClassifierConfig: (WarmupCNN, train_classifier),
    AutoencoderConfig: (Autoencoder, train_autoencoder),
    VAEConfig: (VAE, train_vae),
    VQVAE2Config: (VQVAE2, train_vqvae),
    PixelCNNConfig: (PixelCNN, train_prior),
}


def build(config: Any) -> nn.Module:
    """The network that `config` describes, with fresh weights."""
    return _kind(config)[0](config)


def train(model: nn.Module, source: Any, recipe: Recipe, **how: Any) -> History:
    """Train a network on its source: an ImageSet, or for a prior the splits of `train_prior`."""
    return _kind(model.config)[1](model, source, recipe, **how)


def _kind(config: Any) -> tuple[type[nn.Module], Callable[..., History]]:
    if type(config) not in KINDS:
        known = ", ".join(kind.__name__ for kind in KINDS)
        raise TypeError(f"config must be one of {known}; got {type(config).__name__}.")
    return KINDS[type(config)]


@torch.no_grad()
def extract_codes(model: VQVAE2, split: Split, batch_size: int = 512) -> Codes:
    """Codes of all images in `split`, on the CPU: the data set of the priors."""
    model.eval()
    codes: Codes = latents.encode(model, split.images, batch_size)
    return codes


def fitting_images(model: Any, data: ImageSet, images: Tensor) -> Tensor:
    """`images` as they are, or without their padding for a network built for the smaller size."""
    return images if model.config.image_shape == data.image_shape else data.unpad(images)


def image_splits(data: ImageSet) -> list[tuple[Tensor, Tensor | None]]:
    """Images and labels for training and for validation."""
    return [(split.images, split.labels) for split in (data.train, data.validation)]


def _fit(
    model: nn.Module,
    objective: Callable[..., tuple[Any, Any]],
    splits: Sequence[tuple[Tensor | None, ...]],
    recipe: Recipe,
    *,
    seed: int,
    runtime: Runtime,
    watched: tuple[Tensor | None, ...] | None = None,
    report: Report = lambda _: None,
    after_step: Callable[[Any], None] = lambda _: None,
) -> History:
    """`fit` on the training tensors, in an order drawn from `seed`, and the validation tensors.

    Several processes share each batch of `recipe.batch_size` images.
    """
    train, validation = splits
    size = min(recipe.batch_size, next(len(tensor) for tensor in train if tensor is not None))
    batches = Minibatches(
        *train,
        batch_size=size,
        generator=torch.Generator().manual_seed(seed),
        device=runtime.device,
        drop_last=True,  # a last batch of few images would disturb batch statistics
        part=(processes.rank(), processes.count()),
    )
    if not processes.is_first():
        torch.manual_seed(seed + processes.rank())  # noise and dropout of their own

    def whole(tensors: tuple[Tensor | None, ...]) -> Minibatches:
        return Minibatches(*tensors, batch_size=512, device=runtime.device, shuffle=False)

    return fit(
        model,
        objective,
        batches,
        whole(validation),
        config=recipe.fit,
        runtime=runtime,
        watched=None if watched is None else whole(watched),
        after_step=after_step,
        report=report,
    )


def logits_of(
    classifier: nn.Module, data: ImageSet, images: Tensor, batch_size: int = latents.BATCH_SIZE
) -> Tensor:
    """What a classifier answers to `images`, (N, classes), padded or not as it takes them."""
    inputs = fitting_images(classifier, data, images)
    device = latents.device_of(classifier)
    logits: Tensor = latents.in_batches(classifier, inputs, device, batch_size)
    return logits
