"""Plans: every network fits the data, and variants differ from their base in one thing."""

from dataclasses import asdict, fields, replace

import pytest
import torch

from vqtutor.data import ImageSet, Split
from vqtutor.experiments.plans import (
    BETAS,
    CLASSIFIERS,
    COMMITMENTS,
    COMPARED,
    COSTS,
    EPOCHS,
    PRIORS,
    REPORTED,
    SCALES,
    SIZES,
    inner_shape,
    plan,
)
from vqtutor.experiments.training import build


def blank(shape, *, padding=(0, 0, 0, 0), count=40, labels=True):
    images = torch.zeros(count, *shape, dtype=torch.uint8)
    split = Split(images, torch.arange(count) % 2 if labels else None)
    names = ("zero", "one") if labels else ()
    return ImageSet("blank", split, split, split, names, padding)


@pytest.mark.parametrize("scale", SCALES)
@pytest.mark.parametrize("count", [40, 10_000])
def test_every_plan_has_its_epochs(scale, count):
    plans = plan(blank((1, 16, 16), count=count), scale)
    assert set(CLASSIFIERS) < plans.keys()
    assert {f"AE-{size}" for size in SIZES} | {"AE-linked", *COMPARED, *PRIORS} < plans.keys()
    for name, planned in plans.items():
        assert planned.recipe.fit.epochs == EPOCHS[scale, count >= 10_000][planned.family]
        large = 100 if name.removesuffix(" original") in REPORTED and " " in name else 128
        assert planned.recipe.batch_size == (large if count >= 10_000 else 32)
    color = plan(blank((3, 16, 16), count=count), scale)
    families = {planned.family for planned in (*plans.values(), *color.values())}
    assert families == EPOCHS[scale, True].keys() == COSTS.keys()
    for size in SIZES:
        assert plans[f"AE-{size}"].config.latent_dim == size


def test_no_two_names_mean_one_file():
    plans = plan(blank((1, 16, 16)))
    assert len({name.lower().replace(" ", "-") for name in plans}) == len(plans)


def test_full_trains_at_least_as_long_as_quick():
    for large in (False, True):
        for kind, epochs in EPOCHS["quick", large].items():
            assert EPOCHS["full", large][kind] >= epochs


@pytest.mark.parametrize(
    ("shape", "padding", "inner"),
    [
        ((1, 32, 32), (2, 2, 2, 2), (1, 28, 28)),
        ((3, 32, 32), (0, 0, 0, 0), (3, 32, 32)),
        ((1, 32, 32), (1, 1, 1, 1), (1, 32, 32)),  # no network takes 30x30
        ((2, 16, 24), (0, 4, 2, 2), (2, 12, 20)),
    ],
)
@pytest.mark.parametrize("labels", [True, False])
def test_every_planned_network_takes_the_images(shape, padding, inner, labels):
    data = blank(shape, padding=padding, count=2, labels=labels)
    assert inner_shape(data) == inner
    plans = plan(data)
    for planned in plans.values():
        if planned.codes_of:
            vqvae = plans[planned.codes_of].config
            bottom = planned.level == "bottom"
            assert planned.config.num_codes == getattr(vqvae, f"num_codes_{planned.level}")
            assert planned.config.condition_codes == (vqvae.num_codes_top if bottom else 0)
            assert planned.config.num_labels in (0, data.num_classes)
        else:
            given = planned.config.image_shape
            assert given in (inner, shape)
            build(planned.config).eval()(torch.zeros(1, *given))
    assert ("VQ-VAE-2 original" in plans) == (shape[2] % 16 == 0)
    assert plans["top prior"].config.num_labels == data.num_classes


def test_the_original_sizes():
    for shape, bottom, num_codes in (((1, 32, 32), (4, 4), 32), ((3, 32, 32), (16, 16), 512)):
        plans = plan(blank(shape))
        config = plans["VQ-VAE-2 original"].config
        assert config.bottom_grid == bottom
        assert config.top_grid == (bottom[0] // 2, bottom[1] // 2)
        assert config.num_codes_top == config.num_codes_bottom == num_codes
        assert plans["VQ-VAE-2 original"].recipe == plans["VQ-VAE-2"].recipe
        assert plans["top prior original"].config.num_labels == 2
        assert plans["bottom prior original"].config.num_labels == 0


def test_without_labels_there_are_no_classifiers_and_no_label_to_leave_out():
    plans = plan(blank((1, 16, 16), labels=False))
    assert not {*CLASSIFIERS, "top prior no label", "bottom prior no label"} & plans.keys()
    assert {plans[name].config.num_labels for name in PRIORS} == {0}


def test_the_autoencoders_have_as_many_numbers_and_the_same_body():
    for shape in ((1, 16, 16), (3, 16, 16)):
        plans = plan(blank(shape))
        first, second = plans["AE"].config, plans["VAE"].config
        for field in ("image_shape", "latent_dim", "channels", "hidden"):
            assert getattr(first, field) == getattr(second, field)
        assert plans["AE"].recipe == plans["VAE"].recipe


def changed(plans, name, base):
    """What the plan `name` does otherwise than `base`: fields of config and of recipe."""
    one, other = plans[name], plans[base]
    found = {
        field.name: getattr(one.config, field.name)
        for field in fields(one.config)
        if getattr(one.config, field.name) != getattr(other.config, field.name)
    }
    ours, theirs = asdict(one.recipe), asdict(other.recipe)
    return found | {key: value for key, value in ours.items() if value != theirs[key]}


def test_variants_differ_from_their_base_in_one_thing():
    plans = plan(blank((1, 16, 16)))
    expected = {
        "gradient": {"codebook": "gradient"},
        "no restart": {"restart_below": 0.0},
        "rotation": {"backward": "rotation"},
        "add": {"join": "add"},
        "no top": {"top_to_bottom": False},
        **{f"commitment={beta:g}": {"beta": beta} for beta in COMMITMENTS},
    }
    for name, difference in expected.items():
        assert changed(plans, f"VQ-VAE-2 {name}", "VQ-VAE-2 brief") == difference
    for beta in BETAS:
        difference = {} if beta == 1 else {"beta": beta}
        assert changed(plans, f"VAE beta={beta:g}", "VAE beta=1") == difference
    swept = plans["VAE beta=1"]
    assert (swept.config, swept.recipe.likelihood) == (plans["VAE"].config, "squared_error")
    assert swept.recipe.fit == plans["AE brief"].recipe.fit  # what beta = 0 is held to
    for level in ("top", "bottom"):
        difference = {"num_labels": 0}
        assert changed(plans, f"{level} prior no label", f"{level} prior") == difference
    assert changed(plans, "bottom prior no top", "bottom prior brief") == {}
    assert plans["bottom prior no top"].codes_of == "VQ-VAE-2 no top"
    assert plans["bottom prior brief"].codes_of == "VQ-VAE-2 brief"


@pytest.mark.parametrize(
    ("brief", "base"),
    [
        ("AE brief", "AE"),
        ("VQ-VAE-2 brief", "VQ-VAE-2"),
        ("bottom prior brief", "bottom prior"),
    ],
)
def test_what_is_brief_is_only_shorter(brief, base):
    plans = plan(blank((1, 16, 16)))
    first, second = plans[brief].recipe, plans[base].recipe
    assert first.fit.epochs < second.fit.epochs
    assert replace(first, fit=replace(first.fit, epochs=second.fit.epochs)) == second
    assert plans[brief].config == plans[base].config


def test_unknown_scale():
    with pytest.raises(ValueError, match="scale must be one of 'quick', 'full'; got 'huge'"):
        plan(blank((1, 16, 16)), "huge")


def test_controls_of_the_autoencoders():
    for shape in ((1, 32, 32), (3, 32, 32)):
        plans = plan(blank(shape))
        assert changed(plans, "AE relu", "AE") == {"code": "relu"}
        assert plans["AE convolutional"].recipe.fit == plans["VQ-VAE-2"].recipe.fit


@pytest.mark.parametrize("shape", [(1, 32, 32), (3, 16, 24)])
def test_the_grid_without_codes_has_a_number_for_each_bottom_code(shape):
    plans = plan(blank(shape))
    grid, vqvae = plans["AE convolutional"], plans["VQ-VAE-2"]
    height, width = vqvae.config.bottom_grid
    assert grid.config.latent_dim == height * width
    assert grid.config.hidden == vqvae.config.channels
    assert grid.recipe.fit == vqvae.recipe.fit
