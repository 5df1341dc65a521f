"""VQ-VAE-2: its two halves make the whole, for every option, and gradients go where they should."""

import math
from dataclasses import fields, replace

import pytest
import torch

from vqtutor.losses import vq_loss
from vqtutor.models import (
    CIFAR10,
    ORIGINAL_MNIST,
    VQVAE2,
    Codes,
    GradientQuantizer,
    VectorQuantizer,
    VQVAE2Config,
)

SMALL = VQVAE2Config((1, 16, 16), 8, 1, 4, 6, 7, 5, 4, 2)
OPTIONS = [
    {},
    {"join": "add"},
    {"codebook": "gradient"},
    {"codebook": "gradient", "backward": "rotation", "join": "add"},
    {"backward": "rotation"},
    {"image_shape": (1, 28, 28), "bottom_stride": 2},
    {"image_shape": (3, 28, 28), "bottom_stride": 2, "join": "add"},
    {"image_shape": (3, 32, 32), "bottom_stride": 2, "top_stride": 4},
    {"image_shape": (1, 32, 32), "bottom_stride": 8, "top_stride": 4},
    {"image_shape": (3, 32, 64), "bottom_stride": 4, "top_stride": 8},
    {"code_dim": 1, "residual_blocks": 0, "top_stride": 4},
]


def make(**changes):
    """A model whose codebooks lie where its features are."""
    config = replace(SMALL, **changes)
    model = VQVAE2(config)
    model.start_codebooks(torch.rand(8, *config.image_shape))
    return model


def num_weights(model):
    return sum(parameter.numel() for parameter in model.parameters())


def touched(model):
    """First parts of the names of all parameters with a gradient that is not zero."""
    return {
        name.split(".")[0]
        for name, parameter in model.named_parameters()
        if parameter.grad is not None and parameter.grad.abs().sum() > 0
    }


@pytest.mark.parametrize("changes", OPTIONS, ids=str)
def test_decode_of_encode_is_forward(changes):
    model = make(**changes)
    config = model.config
    images = torch.rand(4, *config.image_shape)
    output, codes = model(images), model.encode(images)
    assert torch.equal(codes.top, output.top.codes)
    assert torch.equal(codes.bottom, output.bottom.codes)
    assert codes.top.shape == (4, *config.top_grid)
    assert codes.bottom.shape == (4, *config.bottom_grid)
    assert torch.equal(model.decode(codes), output.reconstruction)
    top, bottom = model.lookup(codes)
    assert torch.equal(top, output.top.vectors)
    assert torch.equal(bottom, output.bottom.vectors)
    assert torch.equal(model.decode_vectors(top, bottom), output.reconstruction)
    assert torch.equal(output.reconstruction, output.unclamped.clamp(0, 1))
    assert output.reconstruction.shape == images.shape
    output.unclamped.sum().backward()  # no part is cut off from the others
    expected = {name for name, _ in model.named_children() if "quantizer" not in name}
    assert touched(model) == expected


def test_by_hand():
    """Razavi et al. 2019, algorithm 1, in its own order."""
    model, images = make(), torch.rand(3, 1, 16, 16)
    encoded = model.bottom_encoder(images)
    top = model.top_quantizer(model.top_encoder(encoded))
    hints = model.top_decoder(top.vectors)
    assert hints.shape == encoded.shape
    both = torch.cat((encoded, hints), dim=1)
    bottom = model.bottom_quantizer(model.bottom_projection(both))
    larger = model.top_upsampler(top.vectors)
    assert larger.shape == bottom.vectors.shape
    painted = model.decoder(torch.cat((bottom.vectors, larger), dim=1))
    output = model(images)
    torch.testing.assert_close(output.unclamped, painted)
    assert torch.equal(output.bottom.codes, bottom.codes)


def test_adding_joins_both_the_same_way():
    model, images = make(join="add"), torch.rand(3, 1, 16, 16)
    encoded = model.bottom_encoder(images)
    top = model.top_quantizer(model.top_encoder(encoded))
    bottom = model.bottom_quantizer(
        model.bottom_projection(encoded + model.top_decoder(top.vectors))
    )
    painted = model.decoder(bottom.vectors + model.top_upsampler(top.vectors))
    torch.testing.assert_close(model(images).unclamped, painted)


def test_the_bottom_codes_depend_on_the_top_ones():
    model, images = make(), torch.rand(4, 1, 16, 16)
    before = model.encode(images).bottom
    with torch.no_grad():
        model.top_quantizer.codebook.neg_()
        model.top_decoder[0].weight.mul_(10)
    assert not torch.equal(model.encode(images).bottom, before)


# --- gradients -----------------------------------------------------------------------------------

TOP = {"bottom_encoder", "top_encoder"}
BOTTOM = {*TOP, "top_decoder", "bottom_projection"}
EVERYTHING = {*BOTTOM, "top_upsampler", "decoder"}


@pytest.mark.parametrize("codebook", ["moving_average", "gradient"])
@pytest.mark.parametrize(
    ("term", "reached"),
    [
        (lambda output, images: (output.unclamped - images).square().mean(), EVERYTHING),
        (lambda output, _: output.top.commitment, TOP),
        (lambda output, _: output.bottom.commitment, BOTTOM),
    ],
    ids=["misfit", "top commitment", "bottom commitment"],
)
def test_each_term_reaches_only_what_it_should(codebook, term, reached):
    model, images = make(codebook=codebook), torch.rand(4, 1, 16, 16)
    term(model(images), images).backward()
    assert touched(model) == reached


@pytest.mark.parametrize("level", ["top", "bottom"])
def test_a_codebook_loss_reaches_one_codebook(level):
    model = make(codebook="gradient")
    getattr(model(torch.rand(4, 1, 16, 16)), level).codebook_loss.backward()
    assert touched(model) == {f"{level}_quantizer"}


def test_moving_averages_are_not_parameters():
    model = make()
    assert not [name for name, _ in model.named_parameters() if "codebook" in name]
    assert {"top_quantizer.codebook", "bottom_quantizer.codebook"} <= model.state_dict().keys()
    model = make(codebook="gradient")
    assert len([name for name, _ in model.named_parameters() if "codebook" in name]) == 2


def test_a_pixel_that_is_cut_off_still_has_a_gradient():
    model, images = make(), torch.rand(4, 1, 16, 16)
    with torch.no_grad():
        model.decoder[-1][-1].bias.fill_(5.0)
    output = model(images)
    assert output.reconstruction.min() == 1
    terms = vq_loss(output.unclamped, images, output.top.commitment + output.bottom.commitment)
    terms.total.backward()
    assert model.decoder[-1][-1].bias.grad.item() > 0


# --- codebooks -----------------------------------------------------------------------------------


def test_start_codebooks_follows_the_generator_and_uses_many_codes():
    model, images = VQVAE2(SMALL), torch.rand(16, 1, 16, 16)
    books = []
    for seed in (0, 0, 1):
        model.start_codebooks(images, torch.Generator().manual_seed(seed))
        books.append(
            (model.top_quantizer.codebook.clone(), model.bottom_quantizer.codebook.clone())
        )
        assert len(model.encode(images).top.unique()) == SMALL.num_codes_top
        assert len(model.encode(images).bottom.unique()) == SMALL.num_codes_bottom
    assert all(torch.equal(a, b) for a, b in zip(books[0], books[1], strict=True))
    assert not torch.equal(books[0][0], books[2][0])


def test_update_codebooks_updates_each_level_with_its_own():
    model, images = make(restart_below=0.0), torch.rand(4, 1, 16, 16)
    output, expected = model(images), []
    for level, quantizer in (("top", model.top_quantizer), ("bottom", model.bottom_quantizer)):
        twin = VectorQuantizer(quantizer.config)
        twin.load_state_dict(quantizer.state_dict())
        quantized = getattr(output, level)
        twin.update_codebook(quantized.features, quantized.codes)
        expected.append(twin.state_dict())
    model.update_codebooks(output)
    for quantizer, state in zip(
        (model.top_quantizer, model.bottom_quantizer), expected, strict=True
    ):
        for name, value in quantizer.state_dict().items():
            assert torch.equal(value, state[name]), name


def test_update_codebooks_leaves_gradient_codebooks_alone():
    model = make(codebook="gradient")
    assert isinstance(model.top_quantizer, GradientQuantizer)
    before = {name: value.clone() for name, value in model.state_dict().items()}
    model.update_codebooks(model(torch.rand(4, 1, 16, 16)))
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())


def test_codes_under_autocast_come_from_float32_lookups():
    model, images = make(num_codes_bottom=64), torch.rand(4, 1, 16, 16)
    with torch.autocast("cpu", torch.bfloat16):
        output = model(images)
    assert output.unclamped.dtype == torch.float32
    for level, quantizer in (("top", model.top_quantizer), ("bottom", model.bottom_quantizer)):
        quantized = getattr(output, level)
        assert quantized.features.dtype == torch.float32
        assert torch.equal(quantizer(quantized.features).codes, quantized.codes)


# --- configs and refusals ------------------------------------------------------------------------


def bits(config):
    """Of one image's codes."""
    top = math.prod(config.top_grid) * math.log2(config.num_codes_top)
    return top + math.prod(config.bottom_grid) * math.log2(config.num_codes_bottom)


def test_named_configs():
    default = VQVAE2Config()
    assert (default.bottom_grid, default.top_grid, bits(default)) == ((8, 8), (4, 4), 336)
    original = ORIGINAL_MNIST
    assert (original.bottom_grid, original.top_grid, bits(original)) == ((4, 4), (2, 2), 100)
    assert (CIFAR10.bottom_grid, CIFAR10.top_grid) == ((16, 16), (8, 8))
    assert CIFAR10.num_codes_top == CIFAR10.num_codes_bottom == 512
    VQVAE2(ORIGINAL_MNIST)(torch.rand(1, 1, 32, 32))


CHANGED = {
    "image_shape": (3, 16, 16),
    "channels": 10,
    "residual_blocks": 2,
    "residual_channels": 5,
    "code_dim": 7,
    "num_codes_top": 8,
    "num_codes_bottom": 6,
    "bottom_stride": 2,
    "top_stride": 4,
    "join": "add",
    "top_to_bottom": False,
    "codebook": "gradient",
    "decay": 0.5,
    "restart_below": 0.995,
    "backward": "rotation",
}


@pytest.mark.parametrize("name", [field.name for field in fields(VQVAE2Config)])
def test_every_field_of_the_config_counts(name):
    def outcome(config):
        torch.manual_seed(0)
        model = VQVAE2(config)
        images = torch.rand(2, *config.image_shape)
        output = model(images)
        (output.unclamped.mean() + output.top.codebook_loss).backward()
        output = output._replace(top=output.top._replace(codes=torch.zeros_like(output.top.codes)))
        model.update_codebooks(output, torch.Generator().manual_seed(0))
        gradient = model.bottom_encoder[0][0].weight.grad
        return [gradient, *model.state_dict().values()]

    first, second = outcome(SMALL), outcome(replace(SMALL, **{name: CHANGED[name]}))
    assert len(first) != len(second) or any(
        a.shape != b.shape or not torch.equal(a, b) for a, b in zip(first, second, strict=True)
    )


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"image_shape": (16, 16)}, r"image_shape must be \(C, H, W\)"),
        ({"image_shape": (0, 16, 16)}, "each at least 1"),
        ({"image_shape": (1, 20, 16)}, r"multiples of bottom_stride \* top_stride = 8.*\(20, 16\)"),
        ({"image_shape": (1, 4, 4)}, r"multiples of .* = 8, got \(4, 4\); pad the images"),
        ({"channels": 0}, "channels must be at least 1, got 0"),
        ({"residual_channels": 0}, "residual_channels must be at least 1"),
        ({"residual_blocks": -1}, "residual_blocks must be 0 or more, got -1"),
        ({"code_dim": 0}, "code_dim must be at least 1, got 0"),
        ({"num_codes_top": 0}, "num_codes_top must be at least 1, got 0"),
        ({"num_codes_bottom": -2}, "num_codes_bottom must be at least 1, got -2"),
        ({"bottom_stride": 3}, "bottom_stride must be one of 2, 4, 8; got 3"),
        ({"top_stride": 1}, "top_stride must be one of 2, 4, 8; got 1"),
        ({"join": "multiply"}, "join must be one of 'concatenate', 'add'; got 'multiply'"),
        ({"codebook": "fixed"}, "codebook must be one of 'moving_average', 'gradient'"),
        ({"backward": "none"}, "backward must be one of"),
        ({"decay": 1.0}, r"decay must lie in \[0, 1\)"),
        ({"restart_below": 2.0}, r"restart_below must lie in \[0, 1\)"),
    ],
)
def test_bad_configs(wrong, message):
    with pytest.raises(ValueError, match=message):
        replace(SMALL, **wrong)


@pytest.mark.parametrize(
    ("images", "error", "message"),
    [
        (torch.rand(2, 3, 16, 16), ValueError, r"images .* C = 1, .* got \(2, 3, 16, 16\)"),
        (torch.rand(2, 1, 16, 24), ValueError, r"got \(2, 1, 16, 24\)"),
        (torch.zeros(2, 1, 16, 16, dtype=torch.uint8), TypeError, "uint8: divide by 255"),
        (torch.full((2, 1, 16, 16), 1.5), ValueError, r"from 1\.5 to 1\.5"),
        (torch.full((2, 1, 16, 16), torch.nan), ValueError, "NaN"),
    ],
)
def test_bad_images(images, error, message):
    model = VQVAE2(SMALL)
    for method in (model.forward, model.encode, model.start_codebooks):
        with pytest.raises(error, match=message):
            method(images)


def grids(top=(2, 2), bottom=(4, 4), *, batch=2, fill=0, dtype=torch.int64):
    return Codes(
        torch.full((2, *top), fill, dtype=dtype), torch.full((batch, *bottom), 0, dtype=dtype)
    )


@pytest.mark.parametrize(
    ("codes", "error", "message"),
    [
        (grids(top=(4, 4)), ValueError, r"codes\.top .* h = 2, w = 2, got \(2, 4, 4\)"),
        (grids(bottom=(4, 2)), ValueError, r"codes\.bottom .* H = 4, W = 4, got \(2, 4, 2\)"),
        (grids(batch=3), ValueError, r"codes\.bottom .* B = 2, .* got \(3, 4, 4\)"),
        (grids(fill=7), ValueError, r"codes must lie in 0\.\.6 \(7 codes\), got 7"),
        (grids(fill=-1), ValueError, "got -1"),
        (grids(dtype=torch.int32), TypeError, r"codes must be int64, got torch\.int32"),
    ],
)
def test_bad_codes(codes, error, message):
    model = VQVAE2(SMALL)
    for method in (model.decode, model.lookup):
        with pytest.raises(error, match=message):
            method(codes)


def test_bad_vectors():
    model = VQVAE2(SMALL)
    with pytest.raises(ValueError, match=r"top .* D = 6, h = 2, w = 2, got \(2, 5, 2, 2\)"):
        model.decode_vectors(torch.zeros(2, 5, 2, 2), torch.zeros(2, 6, 4, 4))
    with pytest.raises(ValueError, match=r"bottom .* B = 2, .* got \(3, 6, 4, 4\)"):
        model.decode_vectors(torch.zeros(2, 6, 2, 2), torch.zeros(3, 6, 4, 4))


def test_without_the_top_the_bottom_codes_do_not_depend_on_it():
    torch.manual_seed(0)
    images = torch.rand(2, 1, 16, 16)
    for top_to_bottom in (True, False):
        model = VQVAE2(replace(SMALL, top_to_bottom=top_to_bottom))
        before = model(images)
        with torch.no_grad():
            model.top_quantizer.codebook.add_(3.0)
        after = model(images)
        assert torch.equal(before.bottom.features, after.bottom.features) != top_to_bottom
        # The image is still painted with both.
        assert not torch.equal(before.unclamped, after.unclamped)


def test_without_the_top_all_parts_have_a_gradient_and_the_top_decoders_is_zero():
    torch.manual_seed(0)
    model = VQVAE2(replace(SMALL, top_to_bottom=False))
    output = model(torch.rand(2, 1, 16, 16))
    (output.unclamped.square().mean() + output.bottom.commitment).backward()
    assert all(weight.grad is not None for weight in model.parameters())
    assert all(not weight.grad.any() for weight in model.top_decoder.parameters())
    assert any(weight.grad.any() for weight in model.top_encoder.parameters())
