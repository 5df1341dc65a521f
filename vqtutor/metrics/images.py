"""One image against another, and how sharp a picture is.

Per image the functions return (B,) tensors, for a whole set a Python float. Source of the
structural similarity: Wang et al. 2004, doi:10.1109/TIP.2003.819861.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.nn import functional as F

from vqtutor.checks import check_shape


def squared_error(reconstruction: Tensor, images: Tensor) -> Tensor:
    """Squared error (B,) per pixel value: averaged over C, H, W. Both (B, C, H, W)."""
    _check_pair("reconstruction", reconstruction, images)
    return (reconstruction.float() - images.float()).square().mean(dim=(1, 2, 3))


def psnr(reconstruction: Tensor, images: Tensor) -> Tensor:
    """Peak signal-to-noise ratio (B,) in decibels, for values in [0, 1]; infinite where equal."""
    return -10 * squared_error(reconstruction, images).log10()


def ssim(reconstruction: Tensor, images: Tensor) -> Tensor:
    """Structural similarity (B,), at most 1, for (B, C, H, W) in [0, 1] with H, W >= 11.

    One scale, 11x11 Gaussian windows of standard deviation 1.5 that lie inside the image, and the
    constants of Wang et al.; eq. 13 averaged over windows and channels.
    """
    _check_pair("reconstruction", reconstruction, images)
    if min(images.shape[2:]) < 11:
        raise ValueError(f"ssim needs at least 11x11 pixels, got {tuple(images.shape)}.")
    first, second = reconstruction.float(), images.float()
    mean1, mean2 = _gaussian_mean(first), _gaussian_mean(second)
    variances = _gaussian_mean(first.square() + second.square()) - mean1**2 - mean2**2
    covariance = _gaussian_mean(first * second) - mean1 * mean2
    brightness = (2 * mean1 * mean2 + 0.01**2) / (mean1**2 + mean2**2 + 0.01**2)
    structure = (2 * covariance + 0.03**2) / (variances + 0.03**2)
    return (brightness * structure).mean(dim=(1, 2, 3))


def gradient_magnitude(images: Tensor) -> Tensor:
    """Mean length (B,) of the Sobel gradient, value per pixel, over inner pixels and channels."""
    _check_size("a gradient", images)
    slope = images.new_tensor([[-1, 0, 1], [-2, 0, 2], [-1, 0, 1]], dtype=torch.float32) / 8
    kernels = torch.stack([slope, slope.T]).unsqueeze(1)  # (2, 1, 3, 3): along W, along H
    gradients = F.conv2d(images.float().flatten(0, 1).unsqueeze(1), kernels)
    lengths = gradients.square().sum(dim=1).sqrt()  # (B * C, H - 2, W - 2)
    return lengths.mean(dim=(1, 2)).view(images.shape[:2]).mean(dim=1)


def sharpness(images: Tensor, references: Tensor) -> float:
    """Mean gradient magnitude of `images` over that of `references`: below 1 is blurred.

    The two sets may differ in number: samples have no image of their own to be compared with.
    """
    return (gradient_magnitude(images).mean() / gradient_magnitude(references).mean()).item()


def laplacian_variance(images: Tensor) -> Tensor:
    """Variance (B,) of the Laplacian over inner pixels, averaged over channels: low if blurred.

    The Laplacian is the sum of the four neighbors minus four times the pixel; (B, C, H, W), H and
    W at least 3. A second opinion on sharpness: it weighs fine detail more than a gradient does.
    """
    _check_size("a Laplacian", images)
    inner = images.float()
    across = inner[..., 1:-1, 2:] + inner[..., 1:-1, :-2]
    along = inner[..., 2:, 1:-1] + inner[..., :-2, 1:-1]
    laplacian = across + along - 4 * inner[..., 1:-1, 1:-1]
    return laplacian.var(dim=(2, 3), correction=0).mean(dim=1)


def fine_detail(images: Tensor, above: float = 0.25) -> Tensor:
    """Share (B,) of the Fourier energy above so many cycles per pixel; 0 for a constant image.

    Frequencies count by their length, so the highest is the diagonal's, sqrt(1/2). The mean is
    taken out first: it says how bright an image is. No window; (B, C, H, W), energy summed over C.
    """
    check_shape("images", images, "B C H W")
    height, width = images.shape[2:]
    centered = images.double() - images.double().mean(dim=(2, 3), keepdim=True)
    energy = torch.fft.fft2(centered).abs().square().sum(dim=1)  # (B, H, W)
    along = torch.fft.fftfreq(height, dtype=torch.float64, device=images.device).unsqueeze(1)
    across = torch.fft.fftfreq(width, dtype=torch.float64, device=images.device)
    fine = torch.hypot(along, across) > above  # (H, W)
    total = energy.sum(dim=(1, 2))
    # What is left of a constant after the mean is taken out is rounding, not detail.
    rounding = 1e-20 * images.double().square().sum(dim=(1, 2, 3)) * height * width
    shares = energy[:, fine].sum(dim=1) / total.clamp_min(torch.finfo(torch.float64).tiny)
    return torch.where(total > rounding, shares, 0.0).float()


def locality(before: Tensor, after: Tensor, share: float = 0.9) -> Tensor:
    """Smallest share (B,) of the pixels that holds `share` of the squared change ("A90").

    1 / (H W) if one pixel changed, about `share` if all changed alike, NaN if none did. A pixel's
    squared change is summed over C; both (B, C, H, W).
    """
    _check_pair("before", before, after)
    change = (after.double().cpu() - before.double().cpu()).square().sum(dim=1).flatten(1)
    held = change.sort(dim=1, descending=True).values.cumsum(dim=1)  # (B, H * W)
    total = held[:, -1:]
    # The pixels that do not suffice, and one more. The margin is for the rounding of the sums.
    count = (held < share * total * (1 - 1e-9)).sum(dim=1) + 1
    area = count / change.shape[1]
    return torch.where(total.squeeze(1) > 0, area, math.nan).to(after.device, torch.float32)


def _check_pair(name: str, first: Tensor, second: Tensor) -> None:
    batch, channels, height, width = second.shape if second.ndim == 4 else (0, 0, 0, 0)
    check_shape("images", second, "B C H W")
    check_shape(name, first, "B C H W", B=batch, C=channels, H=height, W=width)


def _check_size(name: str, images: Tensor) -> None:
    check_shape("images", images, "B C H W")
    if min(images.shape[2:]) < 3:
        raise ValueError(f"{name} needs at least 3x3 pixels, got {tuple(images.shape)}.")


def _gaussian_mean(images: Tensor) -> Tensor:
    """Weighted mean of each 11x11 window inside (B, C, H, W): (B, C, H - 10, W - 10)."""
    offsets = torch.arange(-5, 6, device=images.device, dtype=torch.float32)
    weights = torch.softmax(-offsets.square() / (2 * 1.5**2), dim=0)  # (11,), sum 1
    batch = images.flatten(0, 1).unsqueeze(1)  # (B * C, 1, H, W)
    smooth = F.conv2d(F.conv2d(batch, weights.view(1, 1, 1, 11)), weights.view(1, 1, 11, 1))
    return smooth.view(*images.shape[:2], *smooth.shape[2:])
