"""The warm-up classifiers: weight counts, shapes, what features are, and the config's refusals."""

import pytest
import torch
from torch import nn

from vqtutor.models import ClassifierConfig, WarmupCNN

VARIANTS = ("5x5", "3x3-pairs", "3x3-deep", "3x3-matched", "5x5-regularized", "modern")


@pytest.mark.parametrize(
    ("variant", "size", "weights"),
    [
        ("5x5", 28, 28_938),
        ("3x3-pairs", 28, 23_282),
        ("3x3-deep", 28, 421_642),
        ("3x3-matched", 28, 28_940),  # as many as 5x5 has, but for two
        ("5x5-regularized", 28, 28_986),  # an offset and a factor per map instead of an offset
        ("modern", 28, 72_666),
        ("modern", 32, 72_666),
    ],
)
def test_number_of_weights(variant, size, weights):
    model = WarmupCNN(ClassifierConfig(variant, (1, size, size)))
    assert sum(parameter.numel() for parameter in model.parameters()) == weights


@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize("image_shape", [(1, 28, 28), (3, 32, 32), (2, 8, 12)])
def test_logits_are_the_head_of_the_features(variant, image_shape):
    model = WarmupCNN(ClassifierConfig(variant, image_shape, num_classes=7)).eval()
    images = torch.rand(3, *image_shape)
    features = model.features(images)
    assert features.shape == (3, model.head.in_features)
    logits = model(images)
    assert logits.shape == (3, 7)
    torch.testing.assert_close(logits, features @ model.head.weight.T + model.head.bias)


def test_the_5x5_network_by_hand():
    model = WarmupCNN(ClassifierConfig("5x5", (1, 28, 28)))
    images = torch.rand(2, 1, 28, 28)
    first, second = (layer for layer in model.body if isinstance(layer, nn.Conv2d))
    by_hand = images
    for layer in (first, second):
        by_hand = nn.functional.conv2d(by_hand, layer.weight, layer.bias, padding=2).clamp(min=0)
        height = by_hand.shape[2] // 2
        blocks = by_hand.view(2, -1, height, 2, height, 2)
        by_hand = blocks.amax(dim=(3, 5))  # the largest of each 2x2 block
    torch.testing.assert_close(model.features(images), by_hand.flatten(1))


def test_a_pair_of_3x3_sees_as_far_as_one_5x5():
    """In the first stage: the pixels that move one position before pooling."""
    reach = []
    for variant, layers in (("5x5", 2), ("3x3-pairs", 4)):
        torch.manual_seed(0)
        model = WarmupCNN(ClassifierConfig(variant, (1, 28, 28)))
        images = torch.rand(1, 1, 28, 28, requires_grad=True)
        model.body[:layers](images)[0, :, 14, 14].sum().backward()
        rows, columns = images.grad[0, 0].nonzero(as_tuple=True)
        reach.append((rows.min(), rows.max(), columns.min(), columns.max()))
    assert reach[0] == reach[1] == (12, 16, 12, 16)


def test_only_modern_and_the_control_normalize_and_drop():
    for variant in VARIANTS:
        regularized = variant in ("modern", "5x5-regularized")
        model = WarmupCNN(ClassifierConfig(variant)).train()
        images = torch.rand(4, 1, 32, 32)
        assert torch.equal(model(images), model(images)) != regularized
        found = any(isinstance(part, nn.BatchNorm2d) for part in model.modules())
        assert found == regularized


def test_controls_have_the_kernels_of_the_networks_they_stand_beside():
    def kernels(variant):
        model = WarmupCNN(ClassifierConfig(variant))
        layers = [layer for layer in model.body if isinstance(layer, nn.Conv2d)]
        return [layer.kernel_size for layer in layers], layers[-1].out_channels

    assert kernels("3x3-matched") == kernels("3x3-pairs") == ([(3, 3)] * 4, 32)
    assert kernels("5x5-regularized") == kernels("5x5") == ([(5, 5)] * 2, 32)


def test_channels_set_the_widths_of_the_stages():
    model = WarmupCNN(ClassifierConfig(channels=(4, 6, 9)))
    widths = [layer.out_channels for layer in model.body if isinstance(layer, nn.Conv2d)]
    assert widths == [4, 4, 6, 6, 9, 9]
    assert model.features(torch.rand(2, 1, 32, 32)).shape == (2, 9)


def test_it_learns_to_tell_two_patterns_apart():
    torch.manual_seed(0)
    model = WarmupCNN(ClassifierConfig(image_shape=(1, 8, 8), num_classes=2, channels=(4, 4, 8)))
    labels = torch.arange(64) % 2
    images = torch.rand(64, 1, 8, 8) * 0.5
    images[labels == 1, :, :, ::2] += 0.5  # columns
    images[labels == 0, :, ::2] += 0.5  # rows
    optimizer = torch.optim.Adam(model.parameters(), lr=0.02)
    for _ in range(25):
        optimizer.zero_grad()
        nn.functional.cross_entropy(model(images), labels).backward()
        optimizer.step()
    assert (model.eval()(images).argmax(dim=1) == labels).all()


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"variant": "7x7"}, r"variant must be one of '5x5', .*'modern'; got '7x7'"),
        ({"image_shape": (28, 28)}, r"image_shape must be \(C, H, W\), got \(28, 28\)"),
        ({"image_shape": (1, 28, 30)}, r"multiples of 4 .* got \(28, 30\); pad or resize"),
        ({"image_shape": (1, 0, 28)}, r"multiples of 4 .* got \(0, 28\)"),
        ({"image_shape": (0, 28, 28)}, "image_channels must be at least 1, got 0"),
        ({"num_classes": 0}, "num_classes must be at least 1, got 0"),
        ({"channels": (8, 0, 8)}, r"channels\[1\] must be at least 1, got 0"),
        ({"channels": (8, 8)}, r"channels must name three widths, .* got \(8, 8\)"),
        (
            {"variant": "5x5", "channels": (16, 32, 64)},
            r'"modern" only, got \(16, 32, 64\) for "5x5".* leave it out',
        ),
    ],
)
def test_a_config_that_cannot_be_built_says_why(fields, message):
    with pytest.raises(ValueError, match=message):
        ClassifierConfig(**fields)


@pytest.mark.parametrize("call", ["forward", "features"])
def test_images_that_do_not_fit_are_refused(call):
    model = WarmupCNN(ClassifierConfig("5x5", (1, 28, 28)))
    method = getattr(model, call)
    with pytest.raises(ValueError, match=r"C = 1, H = 28, W = 28, got \(2, 1, 32, 32\)"):
        method(torch.zeros(2, 1, 32, 32))
    with pytest.raises(TypeError, match=r"got torch\.uint8: divide by 255"):
        method(torch.zeros(2, 1, 28, 28, dtype=torch.uint8))
    with pytest.raises(ValueError, match=r"values in \[0, 1\], got them from 0 to 255"):
        method(torch.zeros(2, 1, 28, 28).index_fill(0, torch.tensor([1]), 255.0))
