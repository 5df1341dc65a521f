"""The autoencoder: both bodies, and that its two halves make the whole."""

from dataclasses import replace

import pytest
import torch
from torch import nn

from vqtutor.models import VQVAE2, Autoencoder, AutoencoderConfig, VQVAE2Config

SMALL = AutoencoderConfig((1, 28, 28), 3, "convolutional", (2, 3, 4), 6)
LINKED = AutoencoderConfig((1, 28, 28), 3, "linked", hidden=6)
GRID = AutoencoderConfig((1, 16, 24), 48, body="grid", hidden=4)  # 4x6 cells, 2 numbers each
CONFIGS = [SMALL, LINKED, replace(SMALL, image_shape=(3, 32, 32)), replace(LINKED, hidden=9), GRID]


def num_weights(model):
    return sum(parameter.numel() for parameter in model.parameters())


@pytest.mark.parametrize("config", CONFIGS)
@pytest.mark.parametrize("training", [True, False])
def test_decode_of_encode_is_forward(config, training):
    model = Autoencoder(config).train(training)
    images = torch.rand(4, *config.image_shape)
    output = model(images)
    assert torch.equal(output.latent, model.encode(images))
    assert torch.equal(output.reconstruction, model.decode(model.encode(images)))
    assert output.latent.shape == (4, config.latent_dim)
    assert output.reconstruction.shape == images.shape
    assert output.reconstruction.min() >= 0
    assert output.reconstruction.max() <= 1


def test_the_linked_network_is_784_128_128_128_784():
    model = Autoencoder(AutoencoderConfig((1, 28, 28), 128, body="linked"))
    sides = [(784, 128), (128, 128), (128, 128), (128, 784)]
    assert num_weights(model) == sum((inputs + 1) * outputs for inputs, outputs in sides)
    layers = [layer for layer in model.modules() if isinstance(layer, nn.Linear)]
    assert [(layer.in_features, layer.out_features) for layer in layers] == sides
    images = torch.rand(2, 1, 28, 28)
    values = images.flatten(1)
    for i, layer in enumerate(layers):
        values = values @ layer.weight.T + layer.bias
        values = values if i % 2 else values.clamp(min=0)  # linear into the latent, and at the end
    by_hand = (1 / (1 + (-values).exp())).view_as(images)
    torch.testing.assert_close(model(images).reconstruction, by_hand)


def test_number_of_weights_of_the_convolutional_body():
    model = Autoencoder(AutoencoderConfig((1, 28, 28), 16))
    encoder = (9 + 1) * 8 + (8 * 9 + 1) * 16 + 2 * 16 + (16 * 9 + 1) * 32
    encoder += (288 + 1) * 128 + (128 + 1) * 16
    decoder = (16 + 1) * 128 + (128 + 1) * 288 + (32 * 9 + 1) * 16 + 2 * 16
    decoder += (16 * 9 + 1) * 8 + 2 * 8 + (8 * 9 + 1) * 1
    assert num_weights(model) == encoder + decoder


@pytest.mark.parametrize(
    "changed",
    [
        {"image_shape": (3, 28, 28)},
        {"latent_dim": 4},
        {"body": "linked"},
        {"channels": (2, 3, 5)},
        {"hidden": 7},
    ],
)
def test_every_field_of_the_config_counts(changed):
    assert num_weights(Autoencoder(replace(SMALL, **changed))) != num_weights(Autoencoder(SMALL))


def test_every_field_is_among_the_changed_ones():
    marks = test_every_field_of_the_config_counts.pytestmark
    tried = {name for changed in marks[0].args[1] for name in changed}
    # What the code ends in has no weights.
    assert tried == set(AutoencoderConfig.__dataclass_fields__) - {"code"}


@pytest.mark.parametrize("config", CONFIGS)
def test_a_code_that_ends_in_a_relu_is_never_negative(config):
    torch.manual_seed(0)
    linear, relu = (Autoencoder(replace(config, code=code)) for code in ("linear", "relu"))
    relu.load_state_dict(linear.state_dict())
    images = torch.rand(8, *config.image_shape)
    code = linear.eval().encode(images)
    assert code.min() < 0 < code.max()
    assert torch.equal(relu.eval().encode(images), code.clamp(min=0))
    assert torch.equal(relu(images).latent, code.clamp(min=0))
    assert torch.equal(relu.decode(code), linear.decode(code))  # any latent can be decoded


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"latent_dim": 0}, "latent_dim must be at least 1, got 0"),
        ({"hidden": -1}, "hidden must be at least 1, got -1"),
        ({"code": "tanh"}, "code must be one of 'linear', 'relu'; got 'tanh'"),
        ({"body": "dense"}, "body must be one of 'convolutional', 'linked', 'grid'; got 'dense'"),
        ({"image_shape": (1, 30, 30)}, "multiples of 4"),
        ({"channels": (0, 1, 1)}, r"channels\[0\] must be at least 1"),
        ({"body": "linked", "image_shape": (28, 28)}, r"image_shape must be \(C, H, W\)"),
        ({"body": "linked", "image_shape": (1, 0, 28)}, "each at least 1"),
    ],
)
def test_bad_configs(fields, message):
    with pytest.raises(ValueError, match=message):
        replace(SMALL, **fields)


@pytest.mark.parametrize(
    ("images", "error", "message"),
    [
        (torch.rand(2, 1, 32, 32), ValueError, r"images .* C = 1, H = 28, W = 28, got \(2, 1, 32"),
        (torch.rand(2, 3, 28, 28), ValueError, r"got \(2, 3, 28, 28\)"),
        (torch.rand(1, 28, 28), ValueError, r"\(B, C, H, W\)"),
        (torch.zeros(2, 1, 28, 28, dtype=torch.uint8), TypeError, "uint8: divide by 255"),
        (torch.full((2, 1, 28, 28), 255.0), ValueError, r"\[0, 1\], got them from 255 to 255"),
        (torch.full((2, 1, 28, 28), torch.nan), ValueError, "NaN among them"),
    ],
)
@pytest.mark.parametrize("method", ["encode", "forward"])
def test_bad_images(images, error, message, method):
    with pytest.raises(error, match=message):
        getattr(Autoencoder(SMALL), method)(images)


def test_bad_latents():
    with pytest.raises(ValueError, match=r"latent .* D = 3, got \(2, 4\)"):
        Autoencoder(SMALL).decode(torch.zeros(2, 4))


def test_reconstructions_keep_their_digits_under_autocast():
    """bfloat16 has 8 bits: steps of 1/256 between 1/2 and 1."""
    model, images = Autoencoder(SMALL).eval(), torch.rand(8, 1, 28, 28)
    with torch.no_grad(), torch.autocast("cpu", torch.bfloat16):
        reconstruction = model(images).reconstruction
    assert reconstruction.dtype == torch.float32
    torch.testing.assert_close(reconstruction, model(images).reconstruction, atol=0.01, rtol=0)


def test_numbers_of_the_grid_belong_to_their_cells():
    model = Autoencoder(GRID).eval()
    for block in (0, 1):  # the residual blocks carry numbers far
        model.decoder[2][block].conv1x1.weight.data.zero_()
    latent = torch.randn(1, 48)
    for channel, row, column in ((0, 0, 0), (0, 3, 5), (1, 2, 4)):
        changed = latent.clone()
        changed[0, channel * 24 + row * 6 + column] += 10
        moved = (model.decode(changed) - model.decode(latent)).abs().sum(dim=(0, 1)) > 0  # (H, W)
        rows, columns = (axis.nonzero() for axis in (moved.any(dim=1), moved.any(dim=0)))
        # The cell, one more on each side, and the reach of two layers of stride 2.
        assert rows.min() >= max(0, 4 * (row - 1) - 3)
        assert rows.max() <= 4 * (row + 2) + 2
        assert columns.min() >= max(0, 4 * (column - 1) - 3)
        assert columns.max() <= 4 * (column + 2) + 2


def test_the_grid_has_the_layers_of_the_bottom_level_of_the_vqvae2():
    grid = Autoencoder(AutoencoderConfig((1, 32, 32), 64, body="grid", hidden=64))
    vqvae = VQVAE2(VQVAE2Config())
    theirs = [weight.shape for weight in vqvae.bottom_encoder.parameters()]
    mine = [weight.shape for weight in grid.encoder.parameters()]
    assert mine[:-2] == theirs  # the last one makes one number a cell
    theirs = [weight.shape for weight in vqvae.decoder.parameters()]
    mine = [weight.shape for weight in grid.decoder.parameters()]
    assert mine[1:] == theirs[1:]  # the first one reads them


def test_the_grid_starts_dark_and_learns_dark_images():
    model = Autoencoder(GRID)
    images = torch.zeros(8, 1, 16, 24)
    images[:, :, 4:8, ::3] = torch.rand(8, 1, 4, 8)
    assert model(torch.rand_like(images)).reconstruction.mean() < 0.2
    optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)
    for _ in range(60):
        optimizer.zero_grad()
        (model(images).reconstruction - images).square().mean().backward()
        optimizer.step()
    slopes = [weight.grad.abs().max() for weight in model.decoder.parameters()]
    assert all(slope > 0 for slope in slopes)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"latent_dim": 28}, "28 numbers cannot be shared evenly among 4x6 cells; .* of 24"),
        ({"image_shape": (1, 16, 18)}, r"multiples of 4, got \(16, 18\)"),
        ({"image_shape": (16, 24)}, r"image_shape must be \(C, H, W\)"),
    ],
)
def test_impossible_grids_are_refused(fields, message):
    with pytest.raises(ValueError, match=message):
        replace(GRID, **fields)
