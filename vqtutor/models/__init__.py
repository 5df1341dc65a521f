"""The networks, one family per file, each with its config and its named outputs."""

from vqtutor.models.autoencoder import Autoencoder, AutoencoderConfig, AutoencoderOutput
from vqtutor.models.classifier import ClassifierConfig, WarmupCNN
from vqtutor.models.pixelcnn import MaskedPixelCNN, PixelCNN, PixelCNNConfig
from vqtutor.models.quantizer import (
    GradientQuantizer,
    Quantized,
    QuantizerConfig,
    VectorQuantizer,
    nearest_codes,
)
from vqtutor.models.vae import VAE, Posterior, VAEConfig, VAEOutput
from vqtutor.models.vqvae import (
    CIFAR10,
    ORIGINAL_MNIST,
    VQVAE2,
    Codes,
    VQVAE2Config,
    VQVAE2Output,
)

__all__ = [
    "CIFAR10",
    "ORIGINAL_MNIST",
    "VAE",
    "VQVAE2",
    "Autoencoder",
    "AutoencoderConfig",
    "AutoencoderOutput",
    "ClassifierConfig",
    "Codes",
    "GradientQuantizer",
    "MaskedPixelCNN",
    "PixelCNN",
    "PixelCNNConfig",
    "Posterior",
    "Quantized",
    "QuantizerConfig",
    "VAEConfig",
    "VAEOutput",
    "VQVAE2Config",
    "VQVAE2Output",
    "VectorQuantizer",
    "WarmupCNN",
    "nearest_codes",
]
