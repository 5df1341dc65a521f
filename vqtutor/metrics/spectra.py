"""How the values of neighboring pixels hang together: correlation, and energy by frequency.

Natural images have a power spectrum that falls about as 1 / f^2 (Field 1987,
doi:10.1364/JOSAA.4.002379); white noise has a flat one. A Hann window keeps the jump from one
border to the opposite one, which a Fourier transform takes for detail, out of the spectrum.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

from vqtutor.checks import check_shape
from vqtutor.metrics.images import fine_detail


def neighbor_correlation(images: Tensor) -> Tensor:
    """Pearson correlation (B,) of pixels side by side and one above the other, within each image.

    Near 1 for smooth images, about 0 for white noise; NaN for a constant image. The mean of each
    channel is taken out first; (B, C, H, W), H and W at least 2.
    """
    check_shape("images", images, "B C H W")
    if min(images.shape[2:]) < 2:
        raise ValueError(f"neighbors need at least 2x2 pixels, got {tuple(images.shape)}.")
    centered = images.double() - images.double().mean(dim=(2, 3), keepdim=True)
    pairs = (
        (centered[..., :, 1:], centered[..., :, :-1]),
        (centered[..., 1:, :], centered[..., :-1, :]),
    )
    one, other = (torch.cat([pair[i].flatten(1) for pair in pairs], dim=1) for i in (0, 1))
    energy = (one.square().sum(dim=1) * other.square().sum(dim=1)).sqrt()
    rounding = 1e-20 * images.double().square().sum(dim=(1, 2, 3))
    return torch.where(energy > rounding, (one * other).sum(dim=1) / energy, math.nan).float()


def fine_energy(images: Tensor, above: float = 0.25) -> Tensor:
    """Mean squared pixel value (B,) of what is finer than so many cycles per pixel.

    Unlike `fine_detail`, a share, it also falls with the contrast. (B, C, H, W).
    """
    variance = images.double().var(dim=(2, 3), correction=0).mean(dim=1)
    return (fine_detail(images, above).double() * variance).float()


def power_spectrum(images: Tensor) -> tuple[Tensor, Tensor]:
    """Frequencies (R,) in cycles per pixel and the mean power (R,) at each, rings of 1 / side wide.

    Averaged over images and channels of (B, C, H, W), from the lowest ring but the mean up to 0.5.
    """
    check_shape("images", images, "B C H W")
    height, width = images.shape[2:]
    if min(height, width) < 8:
        raise ValueError(f"a spectrum needs at least 8x8 pixels, got {tuple(images.shape)}.")
    windows = [torch.hann_window(side, periodic=True).double() for side in (height, width)]
    window = torch.outer(*windows)  # (H, W)
    weights = window / window.sum()
    power = torch.zeros(height, width, dtype=torch.float64)
    for pixels in images.flatten(0, 1).cpu().split(1024):
        mean = (pixels * weights).sum(dim=(1, 2), keepdim=True)
        power += torch.fft.fft2((pixels - mean) * window).abs().square().sum(dim=0)
    power /= window.square().sum() * len(images) * images.shape[1]
    along = torch.fft.fftfreq(height, dtype=torch.float64).unsqueeze(1)
    across = torch.fft.fftfreq(width, dtype=torch.float64)
    radius = torch.hypot(along, across)  # (H, W)
    side = min(height, width)
    rings = (radius * side).round().long()
    # The window mixes neighboring frequencies: the first ring holds what is left of the mean.
    chosen = torch.arange(2, side // 2 + 1)
    counts = torch.bincount(rings.flatten())
    mean_power = torch.bincount(rings.flatten(), power.flatten()) / counts
    mean_radius = torch.bincount(rings.flatten(), radius.flatten()) / counts
    return mean_radius[chosen], mean_power[chosen]


def spectrum_slope(images: Tensor, low: float = 0.0, high: float = 0.5) -> float:
    """Slope of log power against log frequency, between two frequencies in cycles per pixel.

    0 for white noise, about -2 for natural images; the more negative, the smoother. NaN where some
    power is zero.
    """
    frequencies, power = power_spectrum(images)
    used = (frequencies >= low) & (frequencies <= high)
    if used.sum() < 2:
        raise ValueError(f"no two frequencies of the spectrum lie between {low} and {high}.")
    if (power[used] <= 0).any():
        return math.nan
    x, y = frequencies[used].log(), power[used].log()
    x = x - x.mean()
    return ((x * (y - y.mean())).sum() / x.square().sum()).item()
