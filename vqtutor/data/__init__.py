"""Images as tensors: uint8 in memory, float batches on the device. Knows nothing of models."""

from vqtutor.data.augment import vary
from vqtutor.data.batches import Minibatches
from vqtutor.data.images import ImageSet, Split
from vqtutor.data.sources import load

__all__ = ["ImageSet", "Minibatches", "Split", "load", "vary"]
