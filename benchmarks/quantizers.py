"""The quantizers to compare: vqtutor's, two packages', and the one that most repositories have.

Each is given vectors in the layout it likes best, with the same numbers in the same places in
memory: nobody has to move an axis first. vqtutor runs as it comes, restarts of dead codes included,
which the others leave out.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from vqtutor.models.quantizer import Quantized, QuantizerConfig, VectorQuantizer

BETA = 0.25  # weight of the commitment
PACKAGES = {  # of each competitor that is not written here
    "vector-quantize-pytorch": "vector_quantize_pytorch",
    "pythae": "pythae",
}


class OneHotQuantizer(nn.Module):
    """Everything is an N x K matrix: distances, the choice as rows of one 1, counts and sums.

    The codebook moves within `forward`, in training; dead codes stay dead. The buffers are those
    of `VectorQuantizer`. Source: sonnet's VectorQuantizerEMA and its translations into torch.
    """

    codebook: Tensor
    counts: Tensor
    sums: Tensor

    def __init__(self, config: QuantizerConfig) -> None:
        super().__init__()
        self.config = config
        codebook = torch.randn(config.num_codes, config.code_dim)
        self.register_buffer("codebook", codebook)  # (K, D)
        self.register_buffer("counts", torch.ones(config.num_codes))  # (K,)
        self.register_buffer("sums", codebook.clone())  # (K, D)

    def forward(self, features: Tensor) -> Quantized:
        """Quantize `features`, (B, D, H, W) float."""
        channels_last = features.permute(0, 2, 3, 1).contiguous()  # (B, H, W, D)
        vectors = channels_last.view(-1, self.config.code_dim)  # (N, D)
        distances = (
            vectors.square().sum(dim=1, keepdim=True)
            - 2 * vectors @ self.codebook.T
            + self.codebook.square().sum(dim=1)
        )  # (N, K)
        codes = distances.argmin(dim=1)  # (N,)
        one_hot = F.one_hot(codes, self.config.num_codes).to(vectors.dtype)  # (N, K)
        nearest = (one_hot @ self.codebook).view_as(channels_last)
        if self.training:
            self.move(vectors.detach(), one_hot)
        commitment = F.mse_loss(channels_last, nearest)
        chosen = channels_last + (nearest - channels_last).detach()
        return Quantized(
            chosen.permute(0, 3, 1, 2).contiguous(),
            codes.view(channels_last.shape[:-1]),
            features.detach(),
            commitment,
            torch.zeros_like(commitment),
        )

    @torch.no_grad()
    def move(self, vectors: Tensor, one_hot: Tensor) -> None:
        """One step of moving averages towards `vectors`, (N, D), chosen by `one_hot`, (N, K)."""
        decay = self.config.decay
        self.counts.mul_(decay).add_(one_hot.sum(dim=0), alpha=1 - decay)
        self.sums.mul_(decay).add_(one_hot.T @ vectors, alpha=1 - decay)
        total = self.counts.sum()
        smoothed = (self.counts + 1e-5) / (total + self.config.num_codes * 1e-5) * total
        self.codebook.copy_(self.sums / smoothed.unsqueeze(1))


# From vectors (B, H, W, D) and an upstream gradient of that shape to codes (B, H, W).
Step = Callable[[Tensor, Tensor], Tensor]


def make_step(name: str, codebook: Tensor) -> Step:
    """A training step of the quantizer of this name, starting from `codebook`, (K, D)."""
    peers = {"vector-quantize-pytorch": lucidrains_step, "pythae": pythae_step}
    if name in peers:
        return peers[name](codebook)
    kind = {"vqtutor": VectorQuantizer, "one-hot": OneHotQuantizer}[name]
    return module_step(kind(QuantizerConfig(*codebook.shape)), codebook)


def go_back(output: Tensor, loss: Tensor, upstream: Tensor) -> None:
    """The gradients of `output`, which is given `upstream`, and of `loss`."""
    torch.autograd.backward((output, loss), (upstream, None))


def module_step(quantizer: VectorQuantizer | OneHotQuantizer, codebook: Tensor) -> Step:
    """A quantizer of ours, as it comes, or the plain reference, which moves its own codebook."""
    quantizer.codebook.copy_(codebook)
    quantizer.sums.copy_(codebook)

    def step(vectors: Tensor, upstream: Tensor) -> Tensor:
        output = quantizer(vectors.movedim(-1, 1))
        go_back(output.vectors, BETA * output.commitment, upstream.movedim(-1, 1))
        if isinstance(quantizer, VectorQuantizer):
            quantizer.update_codebook(output.features, output.codes)
        return output.codes

    return step


def lucidrains_step(codebook: Tensor) -> Step:
    """vector-quantize-pytorch's, without its rotation of gradients, which costs it more."""
    from vector_quantize_pytorch import VectorQuantize

    quantizer = VectorQuantize(
        dim=codebook.shape[1],
        codebook_size=codebook.shape[0],
        decay=0.99,
        commitment_weight=BETA,
        rotation_trick=False,
    )
    quantizer.codebook = codebook

    def step(vectors: Tensor, upstream: Tensor) -> Tensor:
        output, codes, loss = quantizer(vectors.flatten(1, 2))  # (B, H W, D)
        go_back(output, loss, upstream.flatten(1, 2))
        return codes.view(vectors.shape[:-1])

    return step


def pythae_step(codebook: Tensor) -> Step:
    """pythae's, with moving averages. Its codebook moves within `forward`, too."""
    from pythae.models.vq_vae.vq_vae_config import VQVAEConfig
    from pythae.models.vq_vae.vq_vae_utils import QuantizerEMA

    config = VQVAEConfig(num_embeddings=len(codebook), use_ema=True, commitment_loss_factor=BETA)
    config.embedding_dim = codebook.shape[1]  # pythae's VQVAE sets it from its encoder
    quantizer = QuantizerEMA(config)
    quantizer.embeddings.copy_(codebook)
    quantizer.ema_embed.copy_(codebook)

    def step(vectors: Tensor, upstream: Tensor) -> Tensor:
        output = quantizer(vectors)
        go_back(output.quantized_vector, output.loss, upstream.movedim(-1, 1))
        return output.quantized_indices.squeeze(1)

    return step
