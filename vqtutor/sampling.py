"""Draw grids of codes from a prior, position by position, and turn them into images.

Each position needs the logits of one code, given those drawn so far. The naive way computes the
whole grid for each; the cache keeps every layer's features of the earlier positions (Ramachandran
et al. 2017, arXiv:1704.06001) and computes one position, or for the part that looks up, one row.
Both choose by the Gumbel-max rule with the same noise, so they draw the same codes.
"""

import math
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Literal, cast

import torch
from torch import Tensor, nn

from vqtutor.checks import check_choice, check_positive, check_shape
from vqtutor.models.pixelcnn import GatedLayer, MaskedPixelCNN, PixelCNN, gate
from vqtutor.models.vqvae import VQVAE2, Codes

Method = Literal["cached", "naive"]


class CodeCache:
    """A `PixelCNN`'s features of the codes so far: `start_row`, then `logits` for each column.

    The stack that looks up runs once per row; the one that looks left once per position, on its
    last few inputs. What does not depend on the codes is computed beforehand. Without dropout.
    """

    @torch.no_grad()
    def __init__(
        self,
        prior: PixelCNN,
        shape: tuple[int, int, int],
        labels: Tensor | None = None,
        condition: Tensor | None = None,
    ) -> None:
        """Ready for row 0 of codes of `shape`, (B, H, W); the rest as in the prior's forward."""
        self.prior, (batch, height, width) = prior, shape
        context = prior.context(shape, labels, condition).expand(batch, -1, height, width)
        self.from_above, self.from_left = context.chunk(2, dim=1)
        self.layers = cast(Sequence[GatedLayer], prior.layers)
        channels, self.reach = prior.config.channels, prior.config.kernel_size // 2
        # For each layer, the rows of `above` under its kernel, with zeros at either end ...
        size = (len(self.layers), batch, self.reach + 1, width + 2 * self.reach, channels)
        self.rows = context.new_zeros(size).movedim(-1, 2)  # (layers, B, C, rows, columns)
        # ... and the current row of `left`, flat, so that a kernel covers one slice of it.
        self.line = context.new_zeros(len(self.layers), batch, (self.reach + width) * channels)
        self.weights = [
            (
                layer.horizontal.weight.squeeze(2).permute(2, 1, 0).flatten(0, 1).contiguous(),
                layer.horizontal_out.weight.flatten(1).T.contiguous(),
            )
            for layer in self.layers
        ]  # ((reach + 1) C, 2 C) and (C, C)

    @torch.no_grad()
    def start_row(self, row: int, codes: Tensor) -> None:
        """Take in row `row` - 1 of `codes`, (B, H, W); later rows are not looked at."""
        above = self.from_above[:, :, row : row + 1]  # (B, C, 1, W)
        if row > 0:
            above = above + self.prior.code_above(codes[:, row - 1 : row]).movedim(-1, 1)
        self.links = []  # for each layer, what `left` hears from `above`: (B, W, 2 C)
        for layer, rows in zip(self.layers, self.rows, strict=True):
            rows[:, :, :-1] = rows[:, :, 1:].clone()
            rows[:, :, -1:, self.reach : -self.reach] = above
            above = above + layer.vertical_out(gate(layer.vertical(rows)))
            self.links.append(layer.link(above).movedim(1, -1).squeeze(1))
        self.starts = self.from_left[:, :, row].movedim(1, -1)  # (B, W, C)

    @torch.no_grad()
    def logits(self, row: int, column: int, codes: Tensor) -> Tensor:
        """Logits (B, K) of the code at (`row`, `column`), given those before it in `codes`."""
        left = self.starts[:, column]  # (B, C)
        if column > 0:
            left = left + self.prior.code_left(codes[:, row, column - 1])
        channels = self.prior.config.channels
        first, here = column * channels, (column + self.reach) * channels
        windows = self.line[:, :, first : here + channels].unbind()
        cells = self.line[:, :, here : here + channels].unbind()
        for window, cell, link, (seen, out) in zip(
            windows, cells, self.links, self.weights, strict=True
        ):
            cell.copy_(left)
            left = torch.addmm(left, gate(torch.addmm(link[:, column], window, seen)), out)
        return self.prior.head(left)


def sample_codes(
    prior: PixelCNN | MaskedPixelCNN,
    labels: Tensor | None,
    shape: Sequence[int],
    condition: Tensor | None = None,
    temperature: float = 1.0,
    generator: torch.Generator | None = None,
    method: Method = "cached",
) -> Tensor:
    """Draw codes, (B, H, W) int64, from `prior`, without dropout.

    labels : (B,) int64, or None for a prior without labels. condition : (B, h, w) int64 or None.
    shape : (H, W), or (B, H, W) where neither labels nor condition says how many.
    temperature : logits are divided by it; below 1 the draws keep to the likelier codes, and at 0
        each code is the likeliest one and nothing is random.
    generator : of any device; None is the default one of the prior's device.
    method : "cached", or "naive": the same codes, slowly. `MaskedPixelCNN` has only the latter.
    """
    check_choice("method", method, ("cached", "naive"))
    if method == "cached" and not isinstance(prior, PixelCNN):
        raise TypeError(f"{type(prior).__name__} has no cache: sample it with method='naive'.")
    if not 0 <= temperature < math.inf:
        raise ValueError(f"temperature must be 0 or more, and finite, got {temperature}.")
    batch, height, width = shape = _full_shape(shape, labels, condition)
    prior.context.check(shape, labels, condition)
    device = next(prior.parameters()).device
    labels = None if labels is None else labels.to(device)
    condition = None if condition is None else condition.to(device)
    # Made outside of inference mode, so that a model may be trained on them.
    codes = torch.zeros(batch, height, width, dtype=torch.int64, device=device)
    with torch.inference_mode(), evaluating(prior):
        cache = None
        if method == "cached" and isinstance(prior, PixelCNN):
            cache = CodeCache(prior, shape, labels, condition)
        for row in range(height):
            if cache:
                cache.start_row(row, codes)
            for column in range(width):
                if cache:
                    logits = cache.logits(row, column, codes)
                else:
                    logits = prior(codes, labels, condition)[:, :, row, column]
                codes[:, row, column] = draw(logits, temperature, generator)
    return codes


def draw(logits: Tensor, temperature: float, generator: torch.Generator | None) -> Tensor:
    """One code per row of `logits`, (B, K): (B,) int64, distributed as softmax(logits / T).

    The Gumbel-max rule: noise -log(-log(u)), u uniform, is added and the largest sum wins. It
    needs no sums over K, so that a rounding error hardly ever changes a code.
    """
    if temperature == 0:
        return logits.argmax(dim=1)
    device = logits.device if generator is None else generator.device
    uniform = torch.rand(logits.shape, generator=generator, device=device)
    gumbel = uniform.log_().neg_().log_().neg_().to(logits.device)
    return torch.add(gumbel, logits, alpha=1 / temperature).argmax(dim=1)


@contextmanager
def evaluating(*models: nn.Module) -> Iterator[None]:
    """Every layer of `models` in evaluation mode, and afterwards as it was."""
    modes = [(layer, layer.training) for model in models for layer in model.modules()]
    try:
        for model in models:
            model.eval()
        yield
    finally:
        for layer, mode in modes:
            layer.training = mode


def generate(
    vqvae: VQVAE2,
    top_prior: PixelCNN,
    bottom_prior: PixelCNN,
    labels: Tensor | None = None,
    temperature: float = 1.0,
    generator: torch.Generator | None = None,
    *,
    num_images: int | None = None,
    batch_size: int = 256,
    workers: int = 1,
) -> Tensor:
    """Draw images, (B, C, H, W) in [0, 1]: top codes, bottom codes given them, then the decoder.

    labels : (B,) int64, one image for each; None if neither prior takes labels, and then
        `num_images` says how many. A prior without labels is left without.
    batch_size : so many images at a time; another size is another draw. The first batch takes its
        noise from `generator`, each further one from a generator that is seeded by it.
    workers : so many batches at once, each in a thread of its own, on the CPU. The images are the
        same. Single codes are little work, which several threads do not share well.
    """
    _check_fit(vqvae, top_prior, bottom_prior)
    check_positive(batch_size=batch_size, workers=workers)
    takes_labels = bool(top_prior.config.num_labels or bottom_prior.config.num_labels)
    if (labels is not None) != takes_labels or (num_images is None) == (labels is None):
        wanted = "labels, one per image, and no num_images" if takes_labels else "num_images only"
        raise ValueError(
            f"these priors were built with num_labels = {top_prior.config.num_labels} (top) and "
            f"{bottom_prior.config.num_labels} (bottom): give {wanted}."
        )
    if labels is not None:
        check_shape("labels", labels, "B")
    total = len(labels) if labels is not None else num_images or 0
    check_positive(num_images=total)

    @torch.no_grad()  # which each thread has to be told anew
    def draw_batch(rows: slice, noise: torch.Generator | None) -> Tensor:
        top = sample(top_prior, rows, vqvae.config.top_grid, None, noise)
        bottom = sample(bottom_prior, rows, vqvae.config.bottom_grid, top, noise)
        return vqvae.decode(Codes(top, bottom))

    def sample(
        prior: PixelCNN,
        rows: slice,
        grid: tuple[int, int],
        condition: Tensor | None,
        noise: torch.Generator | None,
    ) -> Tensor:
        known = labels[rows] if labels is not None and prior.config.num_labels else None
        shape = (rows.stop - rows.start, *grid)
        return sample_codes(prior, known, shape, condition, temperature, noise)

    starts = range(0, total, batch_size)
    batches = [slice(start, min(start + batch_size, total)) for start in starts]
    device = next(top_prior.parameters()).device if generator is None else generator.device
    noises = [generator] + [_seeded_by(generator, device) for _ in batches[1:]]
    # Here and not in each thread: the first to end would set the others' networks to training.
    with evaluating(vqvae, top_prior, bottom_prior):
        if workers == 1:
            return torch.cat(list(map(draw_batch, batches, noises)))
        with _threads(workers) as pool:
            return torch.cat(list(pool.map(draw_batch, batches, noises)))


def _seeded_by(generator: torch.Generator | None, device: torch.device) -> torch.Generator:
    """A new generator on `device`, its seed drawn from `generator`, or from torch's default one."""
    where = "cpu" if generator is None else generator.device
    seed = torch.randint(2**63 - 1, (), generator=generator, device=where)
    return torch.Generator(device).manual_seed(int(seed))


@contextmanager
def _threads(count: int) -> Iterator[ThreadPoolExecutor]:
    """So many threads, among which the cores are divided that torch would use for one."""
    cores = torch.get_num_threads()
    each = max(1, cores // count)
    pool = ThreadPoolExecutor(count, initializer=torch.set_num_threads, initargs=(each,))
    try:
        yield pool
    finally:
        pool.shutdown(cancel_futures=True)  # after Ctrl-C, no batch is begun
        torch.set_num_threads(cores)


def _full_shape(
    shape: Sequence[int], labels: Tensor | None, condition: Tensor | None
) -> tuple[int, int, int]:
    """(B, H, W), with B from whichever of the three arguments knows it."""
    known = set(shape[:-2])
    for given in (labels, condition):
        known.update(given.shape[:1] if given is not None else ())
    if len(shape) not in (2, 3) or len(known) != 1:
        raise ValueError(
            "shape must be (H, W), or (B, H, W) if neither labels nor condition is given, "
            f"and all must agree on B; got {tuple(shape)}, B = {sorted(known)}."
        )
    (batch,), (height, width) = known, shape[-2:]
    check_positive(batch=batch, height=height, width=width)
    return batch, height, width


def _check_fit(vqvae: VQVAE2, top_prior: PixelCNN, bottom_prior: PixelCNN) -> None:
    top, bottom = vqvae.config.num_codes_top, vqvae.config.num_codes_bottom
    for name, found, wanted in (
        ("top_prior's num_codes", top_prior.config.num_codes, top),
        ("top_prior's condition_codes", top_prior.config.condition_codes, 0),
        ("bottom_prior's num_codes", bottom_prior.config.num_codes, bottom),
        ("bottom_prior's condition_codes", bottom_prior.config.condition_codes, top),
    ):
        if found != wanted:
            raise ValueError(
                f"{name} must be {wanted} to go with this VQ-VAE-2 of {top} top and {bottom} "
                f"bottom codes, got {found}."
            )
