"""Claims 48-52 on both sides of every threshold."""

from __future__ import annotations

import numpy as np
import pytest

from vqtutor.experiments.coordinates import Coordinates
from vqtutor.experiments.estimates import Estimate
from vqtutor.experiments.ledger.coordinates import CLAIMS
from vqtutor.experiments.ledger.core import Evidence, Finding, Missing
from vqtutor.experiments.ledger.looks import share_bounds
from vqtutor.experiments.ordering import Order
from vqtutor.experiments.sweeps import Field, Sweep

JUDGES = {claim.number: claim.judge for claim in CLAIMS}
PICTURES = np.zeros((0, 9, 1, 4, 4), np.uint8)
KINDS = ("-1 to 1", "quantiles")


def around(value: float, half: float = 0.01) -> Estimate:
    return Estimate(value, value - half, value + half)


def make_sweep(
    steady: dict[str, tuple[float, ...]] | None = None,
    degrees: tuple[float, ...] = (5.0, 20.0),
    error: float = 0.5,
    field: tuple[float, float, float] = (0.3, 1.0, 1.0),
) -> Sweep:
    area, inside, largest = field
    shares = {"brightness": (0.5, 0.1), "slant": (0.5, 0.1), "width": (0.2, 0.3)} | (steady or {})
    return Sweep(
        (0.1, 0.1),
        0.2,
        (0.5, 0.1),
        (0.5, 0.1),
        degrees,
        (),
        PICTURES,
        width=(0.1, 0.1),
        slant_range_error=(error, error),
        steady=shares,
        num_images=200,
        field=Field((area,) * 2, (inside,) * 2, (largest,) * 2, 0.4),
    )


def make(
    vectors: Sweep | None = None,
    bottom: Sweep | None = None,
    *,
    model: str = "VQ-VAE-2",
    area: float = 0.1,
    ratio: float = 0.4,
    by_ink: dict[str, Estimate] | None = None,
    p: tuple[float, float] = (0.5, 0.5),
) -> Coordinates:
    """One seed: sweeps of the two vectors, of one VQ-VAE-2's bottom codes, and orders."""
    name = f"{model}, bottom"
    sweeps = {f"{one}, {kind}": vectors or make_sweep() for one in ("AE", "VAE") for kind in KINDS}
    by_ink = by_ink or {"AE": around(0.4), "VAE": around(0.4)}
    grid = {f"AE convolutional, -1 to 1 / {one}, -1 to 1": around(0.3) for one in ("AE", "VAE")}
    return Coordinates(
        {**sweeps, name: bottom or make_sweep()},
        {},
        PICTURES[:0, 0],
        {},
        areas={"AE, -1 to 1": around(0.25), name: around(area)},
        ratios={f"{name} / AE, -1 to 1": around(ratio)},
        ratios_by_ink={f"{name} / {one}, -1 to 1": value for one, value in by_ink.items()} | grid,
        orders={
            f"{model}, {level}": Order(0.9, 1.0, 0.3, index_p, 0.001)
            for level, index_p in zip(("top", "bottom"), p, strict=True)
        },
    )


def judge(number: int, *seeds: Coordinates, controls: tuple[Coordinates, ...] = ()) -> Finding:
    found = {"coordinates": list(seeds)}
    if controls:
        found["coordinates-controls"] = list(controls)
    return JUDGES[number](Evidence.of(**found))


def brightness(best: float) -> Coordinates:
    return make(make_sweep({"brightness": (0.1, best)}))


def test_a_coordinate_for_brightness_exists_or_does_not():
    found = judge(48, brightness(0.9), brightness(0.88))
    assert found.verdict == "confirmed"
    assert found.values["AE, -1 to 1: best share of images"].mean == pytest.approx(0.89)
    assert found.values["the same coordinate on width: share of images"].mean == 0.3
    assert "by seed: 2, 2" in found.note
    assert judge(48, brightness(0.7), brightness(0.6)).verdict == "refuted"
    assert judge(48, brightness(0.9), brightness(0.6)).verdict == "undecided"
    assert judge(48, brightness(0.83)).verdict == "undecided"  # the interval holds 80 %


def test_the_interval_allows_for_the_search_among_coordinates():
    few, many = make_sweep({"slant": (0.85,)}), make_sweep({"slant": (0.85,) * 50})
    assert share_bounds(few, "slant")[0][0] > share_bounds(many, "slant")[0][0]
    assert share_bounds(few, "slant")[0] == pytest.approx((0.794, 0.893), abs=0.001)


def slant(best: float, degrees: float, error: float = 0.5) -> Coordinates:
    return make(make_sweep({"slant": (0.1, best)}, degrees=(90.0, degrees), error=error))


@pytest.mark.parametrize(
    ("best", "degrees", "error", "verdict"),
    [
        (0.9, 12, 0.5, "confirmed"),
        (0.9, 12, 2.0, "undecided"),  # 12 degrees give or take 4
        (0.9, 8, 0.5, "refuted"),
        (0.6, 12, 0.5, "refuted"),
        (0.83, 12, 0.5, "undecided"),
    ],
)
def test_slant_needs_steadiness_and_range_in_one_coordinate(best, degrees, error, verdict):
    found = judge(49, slant(best, degrees, error))
    assert found.verdict == verdict
    assert found.values["the same coordinate: range in degrees"].mean == degrees


@pytest.mark.parametrize(
    ("area", "field", "ratio", "verdict"),
    [
        (0.1, (0.3, 1.0, 1.0), 0.4, "confirmed"),
        (0.145, (0.3, 1.0, 1.0), 0.4, "undecided"),  # the interval reaches above 15 %
        (0.1, (0.41, 1.0, 1.0), 0.4, "undecided"),  # too large a field
        (0.1, (0.3, 0.94, 1.0), 0.4, "undecided"),  # too much outside
        (0.2, (0.3, 1.0, 1.0), 0.99, "undecided"),
        (0.2, (0.3, 1.0, 1.0), 1.02, "refuted"),
        (0.1, (0.3, 1.0, 1.0), 1.02, "refuted"),  # small, but not smaller than the AE's
    ],
)
def test_one_code_is_local_inside_a_small_field(area, field, ratio, verdict):
    result = make(bottom=make_sweep(field=field), area=area, ratio=ratio)
    found = judge(50, result)
    assert found.verdict == verdict
    assert found.values["VQ-VAE-2, bottom: median A90"].mean == area
    assert found.values["VQ-VAE-2, bottom: area of the field"].mean == pytest.approx(field[0])
    assert found.values["AE: median A90"].mean == 0.25
    assert "not measured" in found.note


def test_the_sizes_of_the_original_stand_beside_and_decide_nothing():
    original = make(model="VQ-VAE-2 original", area=0.3, ratio=1.5)
    found = judge(50, make(), make(), controls=(original, original))
    assert found.verdict == "confirmed"
    assert found.note.endswith("At the original's sizes: refuted.")
    assert found.values["VQ-VAE-2 original, bottom: median A90"].mean == 0.3


@pytest.mark.parametrize(
    ("autoencoder", "variational", "verdict"),
    [
        (0.48, 0.48, "confirmed"),
        (0.495, 0.3, "undecided"),
        (0.3, 0.6, "undecided"),
        (0.3, 0.92, "refuted"),
        (0.92, 0.3, "refuted"),
        (0.895, 0.895, "undecided"),
    ],
)
def test_contrast_to_both_vectors(autoencoder, variational, verdict):
    result = make(by_ink={"AE": around(autoencoder), "VAE": around(variational)})
    original = make(model="VQ-VAE-2 original")
    found = judge(51, result, controls=(original,))
    assert found.verdict == verdict
    assert found.values["VQ-VAE-2, bottom / AE"].mean == autoencoder
    assert "it is the grid" in found.cause
    assert "original's sizes: confirmed" in found.note
    assert judge(51, result).verdict == verdict


@pytest.mark.parametrize(
    ("p", "verdict"),
    [
        ((0.009, 0.0001), "confirmed"),
        ((0.01, 0.5), "refuted"),
        ((0.009, 0.5), "undecided"),
        ((0.5, 0.009), "undecided"),
    ],
)
def test_index_order_by_its_p_at_both_levels(p, verdict):
    found = judge(52, make(p=p))
    assert found.verdict == verdict
    assert found.values["VQ-VAE-2, top: p of the index order"].mean == p[0]
    along = "change along nearest vectors / random orders"
    assert found.values[f"VQ-VAE-2, bottom: {along}"].mean == pytest.approx(0.3)


def test_results_from_before_are_missing():
    old = Coordinates({}, {}, PICTURES[:0, 0], {})
    for number, ask in JUDGES.items():
        with pytest.raises(Missing, match="experiments coordinates"):
            ask(Evidence.of(coordinates=[old]))
        with pytest.raises(Missing, match="experiments coordinates"):
            ask(Evidence())
        assert number in range(48, 53)
