"""The figure of a decision shows every interval, and the verdict that the ledger would give."""

from __future__ import annotations

import pytest

from vqtutor import plots
from vqtutor.experiments.estimates import Estimate
from vqtutor.plots.decisions import verdict_of

CLEAR = [Estimate(0.7, 0.6, 0.8), Estimate(0.75, 0.7, 0.8)]
ONE_OFF = [CLEAR[0], Estimate(0.78, 0.72, 0.84)]
WORSE = [Estimate(1.1, 1.0, 1.2)]


@pytest.mark.parametrize(
    ("seeds", "verdict"), [(CLEAR, "confirmed"), (ONE_OFF, "undecided"), (WORSE, "refuted")]
)
def test_verdicts_on_both_sides(seeds, verdict):
    assert verdict_of(seeds, 0.8, 1.0) == verdict
    turned = [Estimate(-one.value, -one.high, -one.low) for one in seeds]
    assert verdict_of(turned, -0.8, -1.0) == verdict


def test_figure_holds_every_interval_and_verdict():
    cases = {"clear": CLEAR, "one off": ONE_OFF, "worse": WORSE}
    ax = plots.plot_decisions(cases, confirmed=0.8, refuted=1.0, label="error")
    drawn = [tuple(line.get_xdata()) for line in ax.lines if len(line.get_xdata()) == 2]
    assert drawn == [(one.low, one.high) for seeds in cases.values() for one in seeds]
    assert [text.get_text() for text in ax.texts] == ["confirmed", "undecided", "refuted"]
    assert [label.get_text() for label in ax.get_yticklabels()] == list(cases)
    assert ax.get_xlabel() == "error"


@pytest.mark.parametrize(("confirmed", "refuted"), [(0.8, 1.0), (1.0, 0.8)])
def test_zones_meet_at_the_thresholds(confirmed, refuted):
    ax = plots.plot_decisions({"": CLEAR}, confirmed=confirmed, refuted=refuted, label="error")
    zones = {patch.get_label(): patch.get_extents() for patch in ax.patches}
    inverse = ax.transData.inverted()
    spans = {}
    for name, box in zones.items():
        (left, _), (right, _) = inverse.transform([(box.x0, 0), (box.x1, 0)])
        spans[name] = (left, right)
    assert spans["undecided"] == pytest.approx((0.8, 1.0))
    first, last = ("confirmed", "refuted") if confirmed < refuted else ("refuted", "confirmed")
    assert spans[first][1] == pytest.approx(0.8)
    assert spans[last][0] == pytest.approx(1.0)


def test_equal_thresholds_are_refused():
    with pytest.raises(ValueError, match=r"must differ, got 0\.8 twice"):
        plots.plot_decisions({"": CLEAR}, confirmed=0.8, refuted=0.8, label="error")
