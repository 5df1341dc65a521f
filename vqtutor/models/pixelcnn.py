"""Gated PixelCNN: a distribution over grids of codes, one code at a time in reading order.

The probability of a grid is a product, p(codes) = prod_i p(code_i | codes before i), and one pass
of the network gives all the factors. A code may look at the rows above it and at the codes to its
left, never at itself or at what follows. `PixelCNN` keeps the two views apart, in two streams of
features, and has no blind spot; `MaskedPixelCNN` is the older single stack, whose masks hide part
of what came before. Codes are drawn from either one in `vqtutor.sampling`.

Sources: van den Oord et al. 2016, arXiv:1606.05328, section 2 (gates, two stacks); van den Oord,
Kalchbrenner and Kavukcuoglu 2016, arXiv:1601.06759 (masks A and B); Razavi et al. 2019,
arXiv:1906.00446 (a bottom grid given the top one). The first adds the label and the given grid to
every layer. Here they are added once, where the residual streams begin, and every layer reads them
from there: that costs less and, where both were tried, led to a lower loss.
"""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from vqtutor.checks import check_codes, check_labels, check_positive, check_shape


@dataclass(frozen=True)
class PixelCNNConfig:
    """A prior over grids of codes, of any height and width."""

    num_codes: int = 32  # K
    channels: int = 64  # C, features in each stream
    layers: int = 6
    num_labels: int = 0  # 0: unconditional
    condition_codes: int = 0  # K of a grid that is given, as the top is to the bottom; 0: none
    kernel_size: int = 3  # side of the square whose earlier half is seen; odd
    dropout: float = 0.0  # share of each layer's output set to zero in training, in [0, 1)

    def __post_init__(self) -> None:
        check_positive(num_codes=self.num_codes, channels=self.channels, layers=self.layers)
        for name in ("num_labels", "condition_codes"):
            if getattr(self, name) < 0:
                raise ValueError(f"{name} must be 0 (none) or more, got {getattr(self, name)}.")
        if self.kernel_size < 3 or self.kernel_size % 2 == 0:
            raise ValueError(f"kernel_size must be odd and at least 3, got {self.kernel_size}.")
        if not 0 <= self.dropout < 1:
            raise ValueError(f"dropout must lie in [0, 1), got {self.dropout}; 1 leaves nothing.")


def gate(features: Tensor) -> Tensor:
    """tanh of the first half of the channels (axis 1) times sigmoid of the second (eq. 2)."""
    values, switches = features.chunk(2, dim=1)
    return torch.tanh(values) * torch.sigmoid(switches)


class Context(nn.Module):
    """What is known before the first code: the label and the given grid, as features.

    The streams start from it; as every layer adds to a stream, it reaches them all.
    """

    def __init__(self, config: PixelCNNConfig, width: int) -> None:
        super().__init__()
        self.config = config
        self.always = nn.Parameter(torch.zeros(1, width, 1, 1))
        if config.num_labels:
            self.label = nn.Embedding(config.num_labels, width)
        if config.condition_codes:
            self.condition = nn.Embedding(config.condition_codes, config.channels)
            # These look in all directions: the whole grid is given.
            self.mixing = nn.ModuleList(
                nn.Conv2d(config.channels, config.channels, 3, padding=1) for _ in range(2)
            )
            self.project = nn.Conv2d(config.channels, width, 1)

    def forward(
        self, shape: tuple[int, int, int], labels: Tensor | None, condition: Tensor | None
    ) -> Tensor:
        """Features (B, width, H, W), with 1 for an axis along which nothing changes.

        The arguments are those of `check`.
        """
        # To read values from a GPU would make every training step wait for it.
        self.check(shape, labels, condition, values=self.always.is_cpu)
        context: Tensor = self.always
        if labels is not None:
            context = context + self.label(labels)[:, :, None, None]
        if condition is not None:
            features = self.condition(condition).movedim(-1, 1)  # (B, C, h, w)
            for convolution in self.mixing:
                features = features + convolution(F.relu(features))
            context = context + F.interpolate(self.project(features), size=shape[1:])
        return context

    def check(
        self,
        shape: tuple[int, int, int],
        labels: Tensor | None,
        condition: Tensor | None,
        *,
        values: bool = True,
    ) -> None:
        """Raise if labels or condition are missing, superfluous, or (with `values`) out of range.

        shape : (B, H, W) of the codes. labels : (B,) int64. condition : (B, h, w) int64, where h
        divides H and w divides W.
        """
        for name, given, field in (
            ("labels", labels, "num_labels"),
            ("condition", condition, "condition_codes"),
        ):
            size = getattr(self.config, field)
            if (given is None) == (size > 0):
                wanted = "must be given" if size else "must be None"
                raise ValueError(f"{name} {wanted}: this prior has {field} = {size}.")
        if labels is not None:
            check_shape("labels", labels, "B", B=shape[0])
            if values:
                check_labels(labels, self.config.num_labels)
        if condition is not None:
            batch, *grid = check_grid(
                "condition", condition, self.config.condition_codes, values=values
            )
            if batch != shape[0] or shape[1] % grid[0] or shape[2] % grid[1]:
                raise ValueError(
                    f"condition must hold {shape[0]} grids whose sides divide {shape[1:]}, "
                    f"got {tuple(condition.shape)}."
                )


class GatedLayer(nn.Module):
    """One layer of both streams. `above` at (r, c) knows rows before r; `left` also (r, before c).

    The streams are shifted where they start, so in here each position may look at itself.
    """

    def __init__(self, config: PixelCNNConfig) -> None:
        super().__init__()
        width, kernel = config.channels, config.kernel_size
        self.reach = kernel // 2
        self.vertical = nn.Conv2d(width, 2 * width, (self.reach + 1, kernel))
        self.vertical_out = nn.Conv2d(width, width, 1, bias=False)
        self.link = nn.Conv2d(width, 2 * width, 1)
        self.horizontal = nn.Conv2d(width, 2 * width, (1, self.reach + 1), bias=False)
        self.horizontal_out = nn.Conv2d(width, width, 1, bias=False)
        self.dropout = nn.Dropout(config.dropout)

    def forward(self, above: Tensor, left: Tensor) -> tuple[Tensor, Tensor]:
        """The two streams, (B, C, H, W) each, one layer on."""
        reach = self.reach
        seen = self.vertical(F.pad(above, (reach, reach, reach, 0)))
        above = above + self.dropout(self.vertical_out(gate(seen)))
        seen = self.horizontal(F.pad(left, (reach, 0, 0, 0))) + self.link(above)
        left = left + self.dropout(self.horizontal_out(gate(seen)))
        return above, left


class PixelCNN(nn.Module):
    """The prior with two streams and no blind spot."""

    def __init__(self, config: PixelCNNConfig) -> None:
        super().__init__()
        self.config = config
        self.code_above = nn.Embedding(config.num_codes, config.channels)
        self.code_left = nn.Embedding(config.num_codes, config.channels)
        self.context = Context(config, 2 * config.channels)
        self.layers = nn.ModuleList(GatedLayer(config) for _ in range(config.layers))
        self.head = make_head(config)

    def forward(
        self, codes: Tensor, labels: Tensor | None = None, condition: Tensor | None = None
    ) -> Tensor:
        """Logits (B, K, H, W) of each code, given those before it in reading order.

        codes : (B, H, W) int64 in [0, K). labels : (B,) int64, if and only if `num_labels`.
        condition : (B, h, w) int64, if and only if `condition_codes`; h, w divide H, W.
        """
        shape = check_grid("codes", codes, self.config.num_codes, values=codes.is_cpu)
        from_above, from_left = self.context(shape, labels, condition).chunk(2, dim=1)
        above = self.code_above(codes).movedim(-1, 1)  # (B, C, H, W)
        left = self.code_left(codes).movedim(-1, 1)  # (B, C, H, W)
        # The shift that makes it causal: one row down, one column to the right, zeros come in.
        above = F.pad(above, (0, 0, 1, -1)) + from_above
        left = F.pad(left, (1, -1, 0, 0)) + from_left
        for layer in self.layers:
            above, left = layer(above, left)
        return self.head(left.movedim(1, -1)).movedim(-1, 1)


class MaskedConv2d(nn.Conv2d):
    """A convolution that sees the earlier half of its square: mask A, or with the middle, B."""

    def __init__(self, inputs: int, outputs: int, kernel_size: int, *, middle: bool) -> None:
        super().__init__(inputs, outputs, kernel_size, padding=kernel_size // 2)
        order = torch.arange(kernel_size**2).view(kernel_size, kernel_size)
        mask = order < kernel_size**2 // 2 + middle
        self.mask: Tensor
        self.register_buffer("mask", mask.float(), persistent=False)

    def forward(self, input: Tensor) -> Tensor:
        return F.conv2d(input, self.weight * self.mask, self.bias, padding=self.kernel_size[0] // 2)


class MaskedPixelCNN(nn.Module):
    """One stack of masked convolutions: simpler, and blind to a part of what came before.

    To the right a layer sees only along the row above, so n rows up get n times kernel_size // 2
    columns to the right: codes beyond this slanting line stay unseen, whatever the depth.
    """

    def __init__(self, config: PixelCNNConfig) -> None:
        super().__init__()
        self.config = config
        width, kernel = config.channels, config.kernel_size
        self.code = nn.Embedding(config.num_codes, width)
        self.context = Context(config, 2 * width)
        self.first = MaskedConv2d(width, 2 * width, kernel, middle=False)
        self.others = nn.ModuleList(
            MaskedConv2d(width, 2 * width, kernel, middle=True) for _ in range(config.layers - 1)
        )
        self.dropout = nn.Dropout(config.dropout)
        self.head = make_head(config)

    def forward(
        self, codes: Tensor, labels: Tensor | None = None, condition: Tensor | None = None
    ) -> Tensor:
        """Logits (B, K, H, W); the arguments are those of `PixelCNN`."""
        shape = check_grid("codes", codes, self.config.num_codes, values=codes.is_cpu)
        context = self.context(shape, labels, condition)
        # No way around the first layer: what it leaves out is the code to be predicted.
        features = self.dropout(gate(self.first(self.code(codes).movedim(-1, 1)) + context))
        for layer in self.others:
            features = features + self.dropout(gate(layer(features) + context))
        return self.head(features.movedim(1, -1)).movedim(-1, 1)


def make_head(config: PixelCNNConfig) -> nn.Sequential:
    """From features (..., C) to logits (..., K), each position for itself."""
    hidden = nn.Linear(config.channels, config.channels)
    return nn.Sequential(nn.ReLU(), hidden, nn.ReLU(), nn.Linear(config.channels, config.num_codes))


def check_grid(name: str, codes: Tensor, num_codes: int, *, values: bool) -> tuple[int, int, int]:
    """The shape (B, H, W) of `codes`. Raises if it is another, or if a value is not in [0, K)."""
    check_shape(name, codes, "B H W")
    if values:
        check_codes(name, codes, num_codes)
    batch, height, width = codes.shape
    return batch, height, width
