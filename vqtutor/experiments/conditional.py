"""Images made for a class on request: refuse those of another class, and learn from all of them.

Refusing follows Razavi et al. 2019, arXiv:1906.00446, section 3.3: a classifier, here always
another one than the judge, lets an image through if it sees the class that was asked for. Learning
is the classification accuracy score of Ravuri and Vinyals 2019, arXiv:1905.10887: a classifier that
saw generated images only is tested on real ones, which takes both right labels and variety.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from vqtutor import metrics
from vqtutor.data import ImageSet, Split
from vqtutor.experiments import latents
from vqtutor.experiments.training import Recipe, logits_of, train_classifier
from vqtutor.models import ClassifierConfig, WarmupCNN
from vqtutor.train import FitConfig, Runtime


class Filtered(NamedTuple):
    """Images that passed a classifier.

    images : (N, C, H, W), those that were refused drawn again, in the order of the labels.
    accepted : share of all draws that passed.
    refused : number of images that never passed and are among `images` all the same.
    """

    images: Tensor
    accepted: float
    refused: int


def refuse_and_redraw(
    images: Tensor,
    labels: Tensor,
    draw: Callable[[Tensor], Tensor],
    accepts: Callable[[Tensor, Tensor], Tensor],
    rounds: int,
) -> Filtered:
    """Draw again what `accepts` refuses, at most `rounds` times.

    draw : from labels (n,) to images (n, C, H, W). accepts : from images and labels to (n,) bool.
    """
    images, drawn = images.clone(), len(images)
    refused = (~accepts(images, labels)).nonzero().flatten()
    passed = drawn - len(refused)
    for _ in range(rounds):
        if len(refused) == 0:
            break
        images[refused] = draw(labels[refused])
        again = refused[~accepts(images[refused], labels[refused])]
        drawn, passed = drawn + len(refused), passed + len(refused) - len(again)
        refused = again
    return Filtered(images, passed / drawn, len(refused))


def sees_the_class(
    classifier: nn.Module, data: ImageSet, confidence: float, batch_size: int
) -> Callable[[Tensor, Tensor], Tensor]:
    """Whether a classifier gives the class asked for at least so much probability."""

    def accepts(images: Tensor, labels: Tensor) -> Tensor:
        logits = logits_of(classifier, data, images, batch_size)
        return logits.softmax(dim=1)[torch.arange(len(labels)), labels] >= confidence

    return accepts


def taught_accuracy(
    lesson: Split, data: ImageSet, *, epochs: int, seed: int, device: Any = "cpu"
) -> tuple[float, tuple[float, float]]:
    """Accuracy on real test images, and its Wilson interval, of a classifier taught by `lesson`.

    A tenth of the lesson decides which epoch is kept. The classifier is one like the judge, with
    fresh weights. Torch's global random numbers stay where they are. ValueError without labels.
    """
    if lesson.labels is None or data.test.labels is None:
        raise ValueError("both the lesson and the test images must have labels.")
    order = torch.randperm(len(lesson), generator=torch.Generator().manual_seed(seed))
    held_out = max(1, len(lesson) // 10)
    parts = (order[held_out:], order[:held_out])
    train, validation = (Split(lesson.images[rows], lesson.labels[rows]) for rows in parts)
    source = ImageSet("lesson", train, validation, data.test, data.class_names, data.padding)
    size = min(64, max(16, len(train) // 30))  # a short lesson is taken in smaller portions
    recipe = Recipe(FitConfig(epochs, learning_rate=1e-2, weight_decay=1e-2), batch_size=size)
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        pupil = WarmupCNN(ClassifierConfig("modern", data.image_shape, data.num_classes))
        train_classifier(pupil, source, recipe, seed=seed, runtime=Runtime(str(device)))
    with latents.inference(pupil):
        answers = latents.in_batches(pupil, data.test.images, latents.device_of(pupil))
    correct = int((answers.argmax(dim=1) == data.test.labels).sum())
    return correct / len(data.test), metrics.wilson_interval(correct, len(data.test))
