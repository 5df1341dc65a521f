"""Numbers for judging images, codes and paths: functions on plain tensors, not losses."""

from vqtutor.metrics.codes import code_histogram, code_usage, perplexity
from vqtutor.metrics.distances import (
    KernelDistance,
    PrecisionRecall,
    frechet_distance,
    frechet_error,
    garbage_rate,
    is_garbage,
    kernel_distance,
    nearest_distances,
    precision_recall,
)
from vqtutor.metrics.fields import gradient_energy, largest_part, share_inside
from vqtutor.metrics.images import (
    fine_detail,
    gradient_magnitude,
    laplacian_variance,
    locality,
    psnr,
    sharpness,
    squared_error,
    ssim,
)
from vqtutor.metrics.paths import (
    jumpiness,
    passes_third_class,
    step_areas,
    third_class_rate,
)
from vqtutor.metrics.shapes import count_holes
from vqtutor.metrics.spectra import (
    fine_energy,
    neighbor_correlation,
    power_spectrum,
    spectrum_slope,
)
from vqtutor.metrics.statistics import (
    bootstrap_interval,
    mcnemar,
    standard_error,
    wilson_interval,
)

__all__ = [
    "KernelDistance",
    "PrecisionRecall",
    "bootstrap_interval",
    "code_histogram",
    "code_usage",
    "count_holes",
    "fine_detail",
    "fine_energy",
    "frechet_distance",
    "frechet_error",
    "garbage_rate",
    "gradient_energy",
    "gradient_magnitude",
    "is_garbage",
    "jumpiness",
    "kernel_distance",
    "laplacian_variance",
    "largest_part",
    "locality",
    "mcnemar",
    "nearest_distances",
    "neighbor_correlation",
    "passes_third_class",
    "perplexity",
    "power_spectrum",
    "precision_recall",
    "psnr",
    "share_inside",
    "sharpness",
    "spectrum_slope",
    "squared_error",
    "ssim",
    "standard_error",
    "step_areas",
    "third_class_rate",
    "wilson_interval",
]
