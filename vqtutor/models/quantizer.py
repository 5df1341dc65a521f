"""Vector quantization: replace each feature vector by the nearest vector of a codebook.

Two classes, one per way the codebook learns: `VectorQuantizer` by moving averages of the features
assigned to each code, `GradientQuantizer` by gradient. The nearest code is always looked up in
float32, whatever autocast does around it: in bfloat16 close codes could not be told apart.
Source: van den Oord, Vinyals and Kavukcuoglu 2017, arXiv:1711.00937, eq. 1-3, appendix A.1.
"""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from typing import Literal, NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from vqtutor import processes
from vqtutor.checks import check_choice, check_codes, check_positive, check_shape

SCORES_AT_A_TIME = 2**18  # of the N x K: so many stay in a processor's cache


@dataclass(frozen=True)
class QuantizerConfig:
    """One codebook of K vectors with D entries each."""

    num_codes: int = 256  # K
    code_dim: int = 32  # D
    decay: float = 0.99  # share of the old average kept at each update, in [0, 1)
    restart_below: float = 0.03  # a code with a smaller average count starts anew; 0: never
    backward: Literal["straight_through", "rotation"] = "straight_through"

    def __post_init__(self) -> None:
        check_positive(num_codes=self.num_codes, code_dim=self.code_dim)
        check_choice("backward", self.backward, ("straight_through", "rotation"))
        if not 0 <= self.decay < 1:
            raise ValueError(
                f"decay must lie in [0, 1), got {self.decay}; at 1 the codebook never moves."
            )
        if not 0 <= self.restart_below < 1:
            raise ValueError(
                f"restart_below must lie in [0, 1), got {self.restart_below}; it is an average "
                "count of vectors per update, 0 switches restarts off."
            )


class Quantized(NamedTuple):
    """Feature maps after quantization.

    vectors : (B, D, H, W) float. Forward, `codebook[codes]`, bit for bit; backward, the gradient
        goes to the input, unchanged ("straight through") or rotated.
    codes : (B, H, W) int64 in [0, K). Which codebook vector was chosen.
    features : (B, D, H, W) float32, the input without its gradient: what the codebook learns from.
    commitment : () float. Squared distance from input to codebook, averaged over B, D, H, W;
        its gradient reaches the input only.
    codebook_loss : () float. The same number; its gradient reaches the codebook only (eq. 3, second
        term). Zero where moving averages replace it.
    """

    vectors: Tensor
    codes: Tensor
    features: Tensor
    commitment: Tensor
    codebook_loss: Tensor


@torch.no_grad()  # a choice has no useful gradient
def nearest_codes(vectors: Tensor, codebook: Tensor) -> Tensor:
    """Index (N,) int64 of the codebook row (K, D) nearest to each of `vectors`, (N, D) float32.

    |v - e|^2 = |v|^2 - 2 (v e - |e|^2 / 2): the nearest code has the largest bracket, one matrix
    product. The N x K scores are never kept: some rows at a time, in one small buffer.
    """
    half_norms = codebook.square().sum(dim=1) / 2  # (K,)
    codes = torch.empty(len(vectors), dtype=torch.int64, device=vectors.device)
    rows = max(1, SCORES_AT_A_TIME * (1 if vectors.is_cpu else 64) // len(codebook))
    for start in range(0, len(vectors), rows):
        scores = torch.addmm(half_norms, vectors[start : start + rows], codebook.T, beta=-1)
        codes[start : start + rows] = largest(scores)
    return codes


def largest(scores: Tensor) -> Tensor:
    """`scores.argmax(dim=1)`, (N,) int64 of (N, K) float32; on a CPU `scores` are overwritten.

    There, argmax goes through a row one number after the other. Three passes that take many at
    once need a third of its time: the largest become 1 and all others 0, then times K, K - 1, ...,
    so that the first of equals wins.
    """
    if not scores.is_cpu:
        return scores.argmax(dim=1)
    num_codes = scores.shape[1]
    falling = torch.arange(num_codes, 0, -1, dtype=scores.dtype)  # (K,)
    first = scores.eq_(scores.amax(dim=1, keepdim=True)).mul_(falling).amax(dim=1)  # (N,)
    # A row with NaN equals nothing: its product is 0, and the code would be K.
    return (num_codes - first.clamp_min_(1)).long()


def without_autocast(device_type: str) -> contextlib.AbstractContextManager[None]:
    """A context in which autocast is off; older versions of torch have none for some devices."""
    if torch.amp.autocast_mode.is_autocast_available(device_type):
        return torch.autocast(device_type, enabled=False)
    return contextlib.nullcontext()


class RotateToCode(torch.autograd.Function):
    """Forward: the code. Backward: the gradient, rotated and scaled as the input was.

    The rotation turns the input's direction into the code's; a gradient that points along the code
    comes back pointing along the input. Source: Fifty et al. 2024, arXiv:2410.06424, section 4.2.
    """

    @staticmethod
    def forward(
        ctx: torch.autograd.function.FunctionCtx, vectors: Tensor, nearest: Tensor
    ) -> Tensor:
        ctx.save_for_backward(vectors, nearest)
        return nearest.clone()

    @staticmethod
    def backward(ctx: torch.autograd.function.FunctionCtx, upstream: Tensor) -> tuple[Tensor, None]:  # type: ignore[override]
        vectors, nearest = ctx.saved_tensors  # type: ignore[attr-defined]
        vector_norm = vectors.norm(dim=1, keepdim=True).clamp_min(1e-8)  # (N, 1)
        nearest_norm = nearest.norm(dim=1, keepdim=True).clamp_min(1e-8)
        here, there = vectors / vector_norm, nearest / nearest_norm  # (N, D), unit length
        middle = here + there
        middle = middle / middle.norm(dim=1, keepdim=True).clamp_min(1e-8)
        # R = I - 2 m m^T + 2 there here^T turns `here` into `there`; gradients meet its transpose.
        along_middle = (upstream * middle).sum(dim=1, keepdim=True)
        along_there = (upstream * there).sum(dim=1, keepdim=True)
        rotated = upstream - 2 * along_middle * middle + 2 * along_there * here
        return rotated * (nearest_norm / vector_norm), None


class Quantizer(nn.Module):
    """What both quantizers share: the lookup and the way back. `codebook`, (K, D), is theirs."""

    codebook: Tensor

    def __init__(self, config: QuantizerConfig) -> None:
        super().__init__()
        self.config = config

    def forward(self, features: Tensor) -> Quantized:
        """Quantize `features`, (B, D, H, W) float. Raises ValueError on any other shape."""
        self.check_features(features)
        with without_autocast(features.device.type):
            features = features.float()
            channels_last = features.movedim(1, -1)  # (B, H, W, D)
            vectors = channels_last.reshape(-1, self.config.code_dim)  # (N, D)
            codes = nearest_codes(vectors.detach(), self.codebook.detach())  # (N,)
            nearest = F.embedding(codes, self.codebook)  # (N, D)
            commitment = F.mse_loss(vectors, nearest.detach())
            if isinstance(self.codebook, nn.Parameter):
                codebook_loss = F.mse_loss(nearest, vectors.detach())
            else:
                codebook_loss = torch.zeros_like(commitment)  # moving averages need no loss
            chosen = self.pass_gradient(vectors, nearest.detach())
        return Quantized(
            chosen.view_as(channels_last).movedim(-1, 1),
            codes.view(channels_last.shape[:-1]),
            features.detach(),
            commitment,
            codebook_loss,
        )

    def pass_gradient(self, vectors: Tensor, nearest: Tensor) -> Tensor:
        """`nearest`, (N, D), bit for bit, with a gradient that goes on to `vectors`."""
        if self.config.backward == "rotation":
            rotated: Tensor = RotateToCode.apply(vectors, nearest)
            return rotated
        return nearest + (vectors - vectors.detach())  # adds exact zeros

    def lookup(self, codes: Tensor) -> Tensor:
        """Codebook vectors (B, D, H, W) of `codes`, (B, H, W) int64 in [0, K)."""
        check_shape("codes", codes, "B H W")
        check_codes("codes", codes, self.config.num_codes)
        return F.embedding(codes, self.codebook).movedim(-1, 1)

    def check_features(self, features: Tensor) -> None:
        """Raise TypeError or ValueError unless `features` is (B, D, H, W) float."""
        if not features.is_floating_point():
            raise TypeError(f"features must be floating point, got {features.dtype}.")
        check_shape("features", features, "B D H W", D=self.config.code_dim)

    @torch.no_grad()
    def start_codebook(self, features: Tensor, generator: torch.Generator | None = None) -> None:
        """Place the K codes on vectors drawn at random from `features`, (B, D, H, W).

        A codebook that starts far from the data has codes that are never the nearest and, moved
        only by the vectors assigned to them, never will be.
        """
        self.check_features(features)
        self.codebook.copy_(draw_vectors(features, self.config.num_codes, generator))


def draw_vectors(features: Tensor, count: int, generator: torch.Generator | None) -> Tensor:
    """`count` of the vectors in `features`, (B, D, H, W), each a little moved: (count, D) float32.

    Without replacement as far as they reach; from all processes' features, where several train
    together. The noise, 1 % of each entry's standard deviation among the drawn, keeps two codes
    that were drawn from equal vectors (background) apart.
    """
    vectors = features.detach().float().movedim(1, -1).flatten(0, 2)  # (N, D)
    everywhere = processes.count() * len(vectors)
    rounds = -(-count // everywhere)
    order = [torch.randperm(everywhere, generator=generator) for _ in range(rounds)]
    # Copies to an accelerator that do not wait until it has finished what it is doing.
    rows = torch.cat(order)[:count].to(vectors.device, non_blocking=True)
    drawn = processes.select(vectors, rows)  # (count, D)
    noise = torch.randn(drawn.shape, generator=generator).to(drawn.device, non_blocking=True)
    return drawn + 0.01 * drawn.std(dim=0, correction=0) * noise


class VectorQuantizer(Quantizer):
    """A codebook learned by moving averages (appendix A.1), not by gradient.

    `forward` never changes it; the training loop calls `update_codebook` in plain sight.
    """

    def __init__(self, config: QuantizerConfig) -> None:
        super().__init__(config)
        codebook = torch.randn(config.num_codes, config.code_dim)
        self.register_buffer("codebook", codebook)  # (K, D)
        self.register_buffer("counts", torch.ones(config.num_codes))  # (K,), paper: N_i
        self.register_buffer("sums", codebook.clone())  # (K, D), paper: m_i

    counts: Tensor
    sums: Tensor

    @torch.no_grad()
    def start_codebook(self, features: Tensor, generator: torch.Generator | None = None) -> None:
        super().start_codebook(features, generator)
        self.counts.fill_(1.0)
        self.sums.copy_(self.codebook)

    @torch.no_grad()
    def update_codebook(
        self, features: Tensor, codes: Tensor, generator: torch.Generator | None = None
    ) -> None:
        """Move each used code towards the mean of the `features` assigned to it.

        features : (B, D, H, W) float; codes : (B, H, W) int64. Codes whose average count has
        fallen below `restart_below` are then placed on vectors drawn from `features`. Where several
        processes train together, all of them call this, each with its own part of the batch.
        """
        self.check_features(features)
        sizes = dict(zip("BHW", (len(features), *features.shape[2:]), strict=True))
        check_shape("codes", codes, "B H W", **sizes)
        if codes.is_cpu:  # reading values from a GPU would make every training step wait
            check_codes("codes", codes, self.config.num_codes)
        vectors = features.float().movedim(1, -1).flatten(0, 2)  # (N, D)
        names, ones = codes.flatten(), vectors.new_ones(len(vectors))
        # Not bincount, which waits for an accelerator to learn how many codes there are.
        new_counts = processes.total(torch.zeros_like(self.counts).index_add_(0, names, ones))
        new_sums = processes.total(torch.zeros_like(self.sums).index_add_(0, names, vectors))
        self.counts.lerp_(new_counts, 1 - self.config.decay)
        self.sums.lerp_(new_sums, 1 - self.config.decay)
        # For an unused code sums / counts does not change: skipping it needs no epsilon.
        used = (new_counts > 0).unsqueeze(1)
        means = self.sums / self.counts.clamp_min(torch.finfo(torch.float32).tiny).unsqueeze(1)
        self.codebook.copy_(torch.where(used, means, self.codebook))
        if self.config.restart_below > 0:
            self._restart_dead_codes(features, generator)

    def _restart_dead_codes(self, features: Tensor, generator: torch.Generator | None) -> None:
        """Codes that are hardly ever the nearest start again where the data is."""
        dead = self.counts < self.config.restart_below  # (K,)
        fresh = draw_vectors(features, self.config.num_codes, generator)  # (K, D)
        self.codebook.copy_(torch.where(dead.unsqueeze(1), fresh, self.codebook))
        # With a count of one they have about decay ** n of it left after n updates to prove useful.
        self.counts.masked_fill_(dead, 1.0)
        self.sums.copy_(torch.where(dead.unsqueeze(1), fresh, self.sums))


class GradientQuantizer(Quantizer):
    """A codebook learned by gradient: the three-part loss of eq. 3.

    `Quantized.codebook_loss` pulls each chosen code to its vectors. `decay` and `restart_below`
    belong to the moving averages and have no part in it.
    """

    def __init__(self, config: QuantizerConfig) -> None:
        super().__init__(config)
        self.codebook = nn.Parameter(torch.randn(config.num_codes, config.code_dim))  # (K, D)
