"""Numbers for judging images, codes and paths: functions on plain tensors, not losses."""

from vqtutor.metrics.codes import code_histogram, code_usage, perplexity
from vqtutor.metrics.distances import (
    KernelDistance,
    frechet_distance,
    garbage_rate,
    kernel_distance,
    nearest_distances,
)
from vqtutor.metrics.images import (
    gradient_magnitude,
    locality,
    psnr,
    sharpness,
    squared_error,
    ssim,
)
from vqtutor.metrics.paths import jumpiness, third_class_rate
from vqtutor.metrics.statistics import wilson_interval

__all__ = [
    "KernelDistance",
    "code_histogram",
    "code_usage",
    "frechet_distance",
    "garbage_rate",
    "gradient_magnitude",
    "jumpiness",
    "kernel_distance",
    "locality",
    "nearest_distances",
    "perplexity",
    "psnr",
    "sharpness",
    "squared_error",
    "ssim",
    "third_class_rate",
    "wilson_interval",
]
