"""The bodies: what fits into what, and the numbers that the original project's network has."""

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from vqtutor.models.blocks import (
    Downsample,
    ResidualBlock,
    ResidualStack,
    Upsample,
    VectorDecoder,
    VectorEncoder,
    check_body,
    smallest_grid,
)


@pytest.mark.parametrize("size", [(12, 12), (16, 20), (28, 28), (32, 32), (28, 32), (40, 36)])
@pytest.mark.parametrize("channels", [1, 3])
def test_the_decoder_returns_to_the_images_size(size, channels):
    image_shape = (channels, *size)
    check_body(image_shape, (2, 3, 4))
    encoder = VectorEncoder(image_shape, (2, 3, 4), hidden=6, outputs=5)
    decoder = VectorDecoder(image_shape, (2, 3, 4), hidden=6, inputs=5)
    vectors = encoder(torch.rand(2, *image_shape))
    assert vectors.shape == (2, 5)
    assert decoder(vectors).shape == (2, *image_shape)


@pytest.mark.parametrize(("size", "numbers"), [(28, 288), (32, 512)])
def test_the_published_body_ends_in_288_numbers(size, numbers):
    encoder = VectorEncoder((1, size, size), (8, 16, 32), hidden=128, outputs=4)
    assert smallest_grid((1, size, size)) == (size // 8, size // 8)
    before_linear = nn.Sequential(*list(encoder)[:8])(torch.rand(2, 1, size, size))
    assert before_linear.shape == (2, numbers)
    linear = [layer for layer in encoder if isinstance(layer, nn.Linear)]
    assert [tuple(layer.weight.shape) for layer in linear] == [(128, numbers), (4, 128)]
    assert [layer.stride for layer in encoder if isinstance(layer, nn.Conv2d)] == [(2, 2)] * 3


@pytest.mark.parametrize("image_shape", [(1, 28, 28), (1, 32, 32), (3, 28, 32)])
def test_no_pixel_is_out_of_reach(image_shape):
    """Every input pixel reaches the latent, and the latent every output pixel, the last row too."""
    encoder = VectorEncoder(image_shape, (8, 8, 8), hidden=32, outputs=4).eval()
    decoder = VectorDecoder(image_shape, (8, 8, 8), hidden=32, inputs=4).eval()
    images = torch.rand(4, *image_shape, requires_grad=True)
    encoder(images).sum().backward()
    assert (images.grad.abs().amax(dim=(0, 1)) > 0).all()
    moved = (decoder(torch.randn(64, 4)).std(dim=0)).amin(dim=0)  # (H, W)
    assert (moved > 0).all()


def test_encoder_and_decoder_by_hand():
    encoder = VectorEncoder((1, 28, 28), (2, 3, 4), hidden=6, outputs=5).eval()
    decoder = VectorDecoder((1, 28, 28), (2, 3, 4), hidden=6, inputs=5).eval()
    for module in (encoder, decoder):
        for norm in (layer for layer in module if isinstance(layer, nn.BatchNorm2d)):
            nn.init.uniform_(norm.running_mean)
            nn.init.uniform_(norm.running_var, 0.5, 1.5)

    def through(module, values, *activations):
        """Apply the layers that have weights, each followed by its own activation."""
        layers = [layer for layer in module if list(layer.parameters())]
        for layer, activation in zip(layers, activations, strict=True):
            values = values.view(2, 4, 3, 3) if values.shape[1:] == (36,) else values
            values = values.flatten(1) if isinstance(layer, nn.Linear) else values
            values = activation(layer(values))
        return values

    def same(values):
        return values

    images, vectors = torch.rand(2, 1, 28, 28), torch.randn(2, 5)
    encoded = through(encoder, images, F.relu, same, F.relu, F.relu, F.relu, same)
    torch.testing.assert_close(encoder(images), encoded)
    decoded = through(decoder, vectors, F.relu, F.relu, same, F.relu, same, F.relu, same)
    torch.testing.assert_close(decoder(vectors), decoded)


def test_a_residual_block_adds_to_what_it_gets():
    block, features = ResidualBlock(4, 3), torch.randn(2, 4, 5, 5)
    hidden = block.conv3x3(features.clamp(min=0)).clamp(min=0)
    torch.testing.assert_close(block(features), features + block.conv1x1(hidden))
    for weight in block.conv1x1.parameters():
        nn.init.zeros_(weight)
    assert torch.equal(block(features), features)
    assert torch.equal(ResidualStack(4, 3, blocks=0)(features), features.clamp(min=0))


@pytest.mark.parametrize("factor", [2, 4, 8])
@pytest.mark.parametrize("channels", [1, 6])
def test_down_and_up_by_the_same_factor(factor, channels):
    down, up = Downsample(3, channels, factor), Upsample(channels, 3, factor)
    features = down(torch.rand(2, 3, 16, 24))
    assert features.shape == (2, channels, 16 // factor, 24 // factor)
    assert up(features).shape == (2, 3, 16, 24)
    assert up(features).min() < 0 or up(-features).min() < 0  # no ReLU at the end


@pytest.mark.parametrize(
    ("image_shape", "channels", "message"),
    [
        ((28, 28), (8, 16, 32), r"image_shape must be \(C, H, W\).*got \(28, 28\)"),
        ((0, 28, 28), (8, 16, 32), r"image_shape .* at least 1, got \(0, 28, 28\)"),
        ((1, 28, 28), (8, 16), r"channels must name three widths.*got \(8, 16\)"),
        ((1, 28, 28), (8, 0, 32), r"channels\[1\] must be at least 1, got 0"),
        ((1, 30, 28), (8, 16, 32), r"multiples of 4 and at least 12, got \(30, 28\).*size=32"),
        ((1, 28, 8), (8, 16, 32), r"multiples of 4 and at least 12, got \(28, 8\)"),
    ],
)
def test_bodies_that_cannot_be_built(image_shape, channels, message):
    with pytest.raises(ValueError, match=message):
        check_body(image_shape, channels)
