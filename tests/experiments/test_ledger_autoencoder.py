"""Claims 7 to 16 on both sides of every threshold, with results made for the purpose."""

from dataclasses import replace

import numpy as np
import pytest

from vqtutor.experiments import ledger
from vqtutor.experiments.bottleneck import Bottleneck
from vqtutor.experiments.conversion import Conversion
from vqtutor.experiments.disturbance import Disturbance, NoiseResult, Robustness
from vqtutor.experiments.estimates import Estimate
from vqtutor.experiments.ledger.autoencoder import CLAIMS
from vqtutor.experiments.ledger.core import Evidence, Missing
from vqtutor.experiments.sizes import Gain, SizeResult
from vqtutor.experiments.sweeps import Sweep

JUDGES = {claim.number: claim.judge for claim in CLAIMS}
SIZES = (2, 4, 8, 16, 32, 64, 128)
NOTHING = np.zeros((0, 1, 2, 2), np.uint8)
FINE = Gain(0.01, 0.001)


def size(dim, **changes):
    """Errors of 1 / D^2: the ratio of neighbors would be 4; PCA is twice as bad."""
    one = SizeResult(
        latent_dim=dim,
        body="convolutional",
        train_mse=(0.3, 0.2),
        validation_mse=(0.25, 0.21),
        best_epoch=1,
        test_mse=0.2 / dim**2,
        pca_mse=0.4 / dim**2,
        seconds=1.0,
        test_curve=(0.26, 0.21),
        mse_error=1e-5,
        ssim=0.9,
        accuracy=0.9,
        accuracy_interval=(0.89, 0.91) if dim > 2 else (0.4, 0.42),
        gains={name: FINE for name in ("mse", "ssim", "accuracy") if dim > 2},
    )
    return replace(one, **changes)


def sweep(effects):
    none = (0.0,) * len(effects)
    return Sweep(tuple(effects), 0.5, none, none, none, (), NOTHING)


def estimated(low, high):
    return Estimate((low + high) / 2, low, high)


def study(of=None, linked=None, **changes):
    """of : changes of some sizes, by size; linked : of the fully connected network."""
    sizes = [size(dim, **(of or {}).get(dim, {})) for dim in SIZES]
    dense = {"body": "linked", "test_mse": 0.006, "accuracy_interval": (0.975, 0.985)}
    sizes.append(size(128, **(dense | (linked or {}))))
    result = Bottleneck(
        tuple(sizes),
        NOTHING,
        NOTHING,
        NoiseResult(64, (0.0, 1.0, 4.0), (0.0,) * 3, (0.99, 0.6, 0.1), NOTHING, NOTHING),
        {"-1 to 1": sweep([0.05] * 16), "quantiles": sweep([0.05] * 16)},
        NOTHING,
        64,
        sweep_dim=16,
        inside=(0.5, 0.4),
        original_accuracy=0.99,
        conversion=Conversion(
            ("2", "7"), 5, estimated(1.9, 2.1), estimated(0.08, 0.12), (1, 0.5, 0), (0, 0.5, 1)
        ),
        garbage_floor=0.03,
        garbage_ceiling=1.0,
    )
    return replace(result, **changes)


def verdict(number, *found, **others):
    return JUDGES[number](Evidence.of(bottleneck=found, **others)).verdict


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, "confirmed"),
        ({"mse_error": 0.003}, "undecided"),  # the interval crosses 0.010
        ({"accuracy_interval": (0.969, 0.98)}, "undecided"),
        ({"test_mse": 0.011}, "undecided"),
        ({"test_mse": 0.021}, "refuted"),
        ({"test_mse": 0.021, "mse_error": 0.001}, "undecided"),
        ({"accuracy_interval": (0.88, 0.899)}, "refuted"),
    ],
)
def test_the_linked_network(changes, expected):
    assert verdict(7, study(linked=changes)) == expected
    found = JUDGES[7](Evidence.of(bottleneck=[study(linked=changes)]))
    assert found.floor.mean == 0.99


@pytest.mark.parametrize(
    ("dim", "ratio", "expected"),
    [
        (2, 1.14, "confirmed"),
        (32, 1.16, "undecided"),
        (64, 1.29, "confirmed"),  # only sizes up to 32 must be near 1
        (128, 1.31, "refuted"),
        (2, 1.31, "refuted"),
    ],
)
def test_ratio_of_the_last_epoch(dim, ratio, expected):
    assert verdict(8, study(of={dim: {"test_curve": (0.1, 0.2 * ratio)}})) == expected


def test_validation_stands_in_for_a_curve_that_was_not_watched():
    blind = study(of={dim: {"test_curve": ()} for dim in SIZES})
    found = JUDGES[8](Evidence.of(bottleneck=[blind]))
    assert found.verdict == "confirmed"
    assert "Validation images in place" in found.note
    assert found.values["epoch of the lowest validation error, D = 2"].mean == 2
    watched = JUDGES[8](Evidence.of(bottleneck=[study()]))
    assert watched.note == ""
    assert watched.values["epoch of the lowest test error, D = 2"].mean == 2


@pytest.mark.parametrize(
    ("gain", "pca", "expected"),
    [
        (Gain(0.0021, 0.001), 1.0, "confirmed"),
        (Gain(0.0019, 0.001), 1.0, "undecided"),
        (Gain(0.0, 0.001), 1.0, "refuted"),
        (Gain(0.01, 0.001), 0.0, "undecided"),  # PCA does better: the control fails
    ],
)
def test_every_doubling_must_gain(gain, pca, expected):
    changed = {8: {"gains": {"mse": gain}, "pca_mse": pca}}
    assert verdict(9, study(of=changed)) == expected


def test_sizes_beyond_the_claimed_ones_do_not_count():
    worse = {128: {"gains": {name: Gain(-1.0, 0.1) for name in ("mse", "ssim", "accuracy")}}}
    assert verdict(9, study(of=worse)) == "confirmed"
    assert verdict(11, study(of=worse)) == "confirmed"


def with_ratios(*ratios):
    """Errors whose successive ratios are these."""
    error, changes = 1.0, {2: {"test_mse": 1.0}}
    for dim, ratio in zip(SIZES[1:], ratios, strict=True):
        error /= ratio
        changes[dim] = {"test_mse": error}
    return study(of=changes)


@pytest.mark.parametrize(
    ("ratios", "expected"),
    [
        ((2, 1.9, 1.8, 1.7, 1.6, 1.5), "confirmed"),
        ((1.2, 1.9, 1.8, 1.7, 1.6, 1.5), "confirmed"),
        ((1.1, 1.2, 1.3, 1.4, 1.5, 1.6), "refuted"),
        ((2, 1.9, 1.8, 1.7, 1.6, 1.7), "undecided"),
    ],
)
def test_ratios_of_neighbors(ratios, expected):
    assert verdict(10, with_ratios(*ratios)) == expected
    found = JUDGES[10](Evidence.of(bottleneck=[with_ratios(*ratios)]))
    assert found.values["MSE(64) / MSE(128)"].mean == pytest.approx(ratios[-1])


@pytest.mark.parametrize(
    ("dim", "changes", "expected"),
    [
        (16, {}, "confirmed"),
        (16, {"gains": {"ssim": Gain(-0.0015, 0.001), "accuracy": FINE}}, "undecided"),
        (16, {"gains": {"ssim": Gain(-0.003, 0.001), "accuracy": FINE}}, "refuted"),
        (16, {"gains": {"ssim": FINE, "accuracy": Gain(-0.003, 0.001)}}, "refuted"),
        (2, {"accuracy_interval": (0.79, 0.80)}, "undecided"),  # 9 points at least
    ],
)
def test_pictures(dim, changes, expected):
    assert verdict(11, study(of={dim: changes})) == expected


def test_the_table_must_hold_every_curve():
    assert verdict(12, study()) == "confirmed"
    assert verdict(12, study(of={4: {"validation_mse": (0.1,)}})) == "refuted"
    assert verdict(12, study(of={4: {"gains": {"psnr": FINE}}})) == "refuted"  # no such column
    found = JUDGES[12](Evidence.of(bottleneck=[study()]))
    assert (found.values["rows"].mean, found.values["networks"].mean) == (16, 8)


def test_the_epoch_chosen_on_test_looks_better():
    one = {dim: {"test_curve": (0.1, 0.2)} for dim in SIZES}
    found = JUDGES[12](Evidence.of(bottleneck=[study(of=one)]))
    assert found.values["lowest over chosen test error"].mean == pytest.approx(0.5)


def noisy(*accuracy, levels=(0.0, 1.0, 4.0)):
    noise = study().noise
    return study(noise=replace(noise, levels=levels, accuracy=accuracy))


@pytest.mark.parametrize(
    ("accuracy", "expected"),
    [
        ((0.99, 0.6, 0.1), "confirmed"),
        ((0.99, 0.6, 0.51), "undecided"),  # never half
        ((0.99, 0.2, 0.3), "undecided"),  # not falling
        ((0.99, 0.6, 0.99), "refuted"),
    ],
)
def test_noise(accuracy, expected):
    assert verdict(13, noisy(*accuracy)) == expected


def test_half_point_too_early():
    early = noisy(0.99, 0.01, 0.005, levels=(0.0, 0.25, 4.0))
    assert early.noise.robustness.half_point == pytest.approx(0.125)
    assert verdict(13, early) == "undecided"


def test_other_models_are_compared_where_they_were_measured():
    curve = Robustness((0.0, 2.0), (0.0, 0.0), (1.0, 0.0))
    flat = replace(curve, accuracy=(1.0, 1.0))
    more = Disturbance({"AE": curve, "VAE": flat}, {"AE relu": (0.2, 0.4)})
    evidence = Evidence.of(bottleneck=[study()], disturbance=[more])
    values = JUDGES[13](evidence).values
    assert values["AE, half right at σ"].mean == 1
    assert "VAE, half right at σ" not in values
    assert JUDGES[15](evidence).values["AE relu"].mean == pytest.approx(0.3)


@pytest.mark.parametrize(
    ("strong", "expected"), [(12, "confirmed"), (11, "undecided"), (4, "undecided"), (3, "refuted")]
)
def test_coordinates_that_act(strong, expected):
    effects = [0.03] * strong + [0.02] * (16 - strong)
    assert verdict(14, study(sweeps={"-1 to 1": sweep(effects)})) == expected


@pytest.mark.parametrize(
    ("inside", "expected"),
    [((0.9, 0.7), "confirmed"), ((0.5, 0.5), "undecided"), ((0.6, 0.39), "refuted")],
)
def test_share_of_codes_in_the_range(inside, expected):
    assert verdict(15, study(inside=inside)) == expected


@pytest.mark.parametrize(
    ("jumpiness", "interval", "expected"),
    [
        ((2.9, 3.0), (0.08, 0.15), "confirmed"),
        ((2.9, 3.1), (0.08, 0.15), "undecided"),
        ((2.9, 3.0), (0.08, 0.16), "undecided"),
        ((6.1, 6.2), (0.0, 0.1), "refuted"),
        ((5.9, 6.2), (0.0, 0.1), "undecided"),
        ((2.0, 2.1), (0.51, 0.6), "refuted"),
        ((2.0, 2.1), (0.49, 0.6), "undecided"),
    ],
)
def test_conversion(jumpiness, interval, expected):
    paths = replace(
        study().conversion, jumpiness=estimated(*jumpiness), garbage_rate=estimated(*interval)
    )
    assert verdict(16, study(conversion=paths)) == expected


def test_seeds_must_agree():
    for number, other in (
        (7, study(linked={"test_mse": 0.03})),
        (8, study(of={2: {"test_curve": (0.1, 0.3)}})),
        (9, study(of={4: {"gains": {"mse": Gain(-1.0, 0.1)}}})),
        (13, noisy(0.5, 0.5, 0.5)),
        (14, study(sweeps={"-1 to 1": sweep([0.0] * 16)})),
    ):
        assert verdict(number, study()) == "confirmed"
        assert verdict(number, other) == "refuted"
        assert verdict(number, study(), other) == "undecided"


def test_results_of_an_older_version_do_not_decide():
    old = study(conversion=None, inside=(), original_accuracy=None)
    rows = {row.number: row for row in ledger.build(CLAIMS, Evidence.of(bottleneck=[old])).rows}
    assert [number for number in rows if rows[number].verdict == "not tested"] == [
        7,
        11,
        13,
        15,
        16,
    ]
    assert rows[16].note.startswith("Missing: the paths from 2 to 7 in the results of `python -m")
    with pytest.raises(Missing, match=r"sizes \[128\]"):
        JUDGES[8](Evidence.of(bottleneck=[study(of={128: {"body": "linked"}})]))
