"""The ledger's rules: one answer per seed, missing results, and what is written comes back."""

import csv
import io
from dataclasses import dataclass, replace

import pytest

from vqtutor.experiments import ledger, results
from vqtutor.experiments.ledger import core
from vqtutor.experiments.ledger.core import (
    Claim,
    Evidence,
    Finding,
    Ledger,
    Missing,
    build,
    decide,
)
from vqtutor.experiments.provenance import Provenance
from vqtutor.experiments.seeds import figure


@dataclass(frozen=True)
class Measured:
    value: float


def made(seed=0):
    return Provenance.collect("m", config={}, data="d", seed=seed, device="cpu", seconds=1.0)


def above_one(evidence):
    values = [one.value for one in evidence.all(Measured, "measured")]
    verdict = decide([value > 1 for value in values], [value < 0 for value in values])
    return Finding(verdict, {"model": figure(values)}, note="Held to one.")


CLAIM = Claim(
    3, "A", "It is large.", "value", "above 1", "below 0", above_one, seeds=2, headline=True
)


@pytest.mark.parametrize(
    ("confirmed", "refuted", "verdict"),
    [
        ([True, True], [False, False], "confirmed"),
        ([False, False], [True, True], "refuted"),
        ([True, False], [False, False], "undecided"),
        ([True, False], [False, True], "undecided"),
        ([False], [False], "undecided"),
    ],
)
def test_all_seeds_must_agree(confirmed, refuted, verdict):
    assert decide(confirmed, refuted) == verdict


def test_seeds_that_do_not_make_sense():
    with pytest.raises(ValueError, match="one answer per seed, got 0 and 0"):
        decide([], [])
    with pytest.raises(ValueError, match="one answer per seed, got 1 and 2"):
        decide([True], [True, False])
    with pytest.raises(ValueError, match="cannot both confirm and refute"):
        decide([True, False], [True, False])


def test_evidence_finds_every_seed(tmp_path):
    for folder, value in (("mnist-full-seed12", 3.0), ("mnist-full", 1.0), ("mnist-full-seed2", 2)):
        results.save(Measured(value), tmp_path / folder, "measured", made())
    results.save(Measured(9.0), tmp_path / "mnist-quick", "measured", made())
    results.save(Measured(9.0), tmp_path / "mnist-full-seedling", "measured", made())
    for seed in (30, 7, 100, 5, 4, 21, 9):
        folder = tmp_path / f"photos-full-seed{seed}"
        results.save(Measured(float(seed)), folder, "measured", made())
    evidence = Evidence(tmp_path)
    assert list(evidence.by_seed(Measured, "measured", "photos")) == [4, 5, 7, 9, 21, 30, 100]
    assert evidence.by_seed(Measured, "measured") == {
        0: Measured(1),
        2: Measured(2),
        12: Measured(3),
    }
    assert [one.value for one in evidence.all(Measured, "measured")] == [1, 2, 3]
    assert Evidence(str(tmp_path), "quick").all(Measured, "measured") == [Measured(9.0)]


def test_images_under_another_name_count(tmp_path):
    results.save(Measured(1.0), tmp_path / "cifar10-jpeg-full", "measured", made())
    results.save(Measured(2.0), tmp_path / "cifar10-jpeg-full-seed1", "measured", made())
    evidence = Evidence(tmp_path)
    assert evidence.all(Measured, "measured", "cifar10") == [Measured(1.0), Measured(2.0)]
    results.save(Measured(3.0), tmp_path / "cifar10-full", "measured", made())
    assert evidence.all(Measured, "measured", "cifar10") == [Measured(3.0), Measured(2.0)]


def test_missing_evidence_names_the_command(tmp_path):
    with pytest.raises(
        Missing, match=r"`python -m vqtutor\.experiments beta --data mnist --scale f"
    ):
        Evidence(tmp_path).all(Measured, "beta")
    with pytest.raises(Missing, match="--data cifar10"):
        Evidence.of(measured=[Measured(1.0)]).all(Measured, "measured", "cifar10")


def test_a_claim_without_results_is_not_tested(tmp_path):
    row = build([CLAIM], Evidence(tmp_path)).rows[0]
    assert (row.verdict, row.values) == ("not tested", {})
    assert row.note.startswith("Missing: `python -m vqtutor.experiments measured --data mnist")


def test_rows_hold_claim_and_finding():
    row = build([CLAIM], Evidence.of(measured=[Measured(2.0), Measured(4.0)])).rows[0]
    assert (row.number, row.section, row.planned_seeds, row.headline) == (3, "A", 2, True)
    assert (row.statement, row.metric) == ("It is large.", "value")
    assert (row.confirmed_if, row.refuted_if) == ("above 1", "below 0")
    assert row.verdict == "confirmed"
    assert row.values == {"model": figure([2.0, 4.0])}
    assert row.note == "Held to one."


def test_fewer_seeds_than_planned_are_said():
    row = build([CLAIM], Evidence.of(measured=[Measured(2.0)])).rows[0]
    assert row.note == "1 of 2 planned seeds. Held to one."


def test_values_of_different_numbers_of_seeds():
    def judge(_):
        return Finding("undecided", {"a": figure([1.0, 2.0]), "b": figure([1.0])})

    row = build([replace(CLAIM, judge=judge, seeds=3)], Evidence()).rows[0]
    assert row.note == "1 to 2 of 3 planned seeds."
    assert build([replace(CLAIM, judge=judge, seeds=1)], Evidence()).rows[0].note == ""


def test_the_ledger_is_written_and_read(tmp_path):
    other = replace(CLAIM, number=4, statement='It is "large", too;\nreally.')
    found = build([CLAIM, other], Evidence.of(measured=[Measured(2.0), Measured(4.0)]))
    paths = core.write(found, tmp_path, made())
    assert [path.name for path in paths] == ["ledger.json", "ledger.csv"]
    loaded, _ = results.load(Ledger, tmp_path, "ledger")
    assert [row.verdict for row in loaded.rows] == ["confirmed", "confirmed"]
    assert loaded.rows[0].values["model"].spread == pytest.approx(2**0.5, rel=1e-5)
    rows = list(csv.DictReader(io.StringIO(paths[1].read_text("utf-8"))))
    assert [row["number"] for row in rows] == ["3", "4"]
    assert rows[1]["statement"] == other.statement
    assert rows[0]["values"] == "model: 3 ± 1.4"
    assert rows[0]["floor"] == ""
    assert loaded.count("confirmed") == 2
    assert loaded.count("refuted") == 0


# --- the claims themselves -----------------------------------------------------------------------

SECTIONS = {
    "A": range(1, 7),
    "B": range(7, 17),
    "C": range(17, 22),
    "D": range(22, 35),
    "E": range(35, 42),
    "F": range(42, 48),
    "G": range(48, 53),
    "H": range(53, 58),
    "I": range(58, 62),
    "J": range(62, 76),
}


def test_every_claim_stands_in_its_section_once():
    assert [claim.number for claim in ledger.CLAIMS] == list(range(1, 76))
    for claim in ledger.CLAIMS:
        assert claim.number in SECTIONS[claim.section]


def test_plan_of_seeds_and_headlines():
    """More seeds and headlines as they were fixed before anything was measured."""
    more = {*range(1, 4), 9, *range(30, 33), *range(40, 46), *range(48, 52), *range(53, 57)}
    more |= {*range(58, 68), 69, 72, 73}
    assert {claim.number for claim in ledger.CLAIMS if claim.seeds == 5} == more
    assert {claim.seeds for claim in ledger.CLAIMS} == {3, 5}
    headlines = {1, 2, 3, 4, 9, 15, 18, 25, 26, 27, 36, 40, 41, *range(42, 47), 50, 52}
    headlines |= {*range(53, 57), *range(58, 67), 72}
    assert {claim.number for claim in ledger.CLAIMS if claim.headline} == headlines


def test_claims_can_be_read():
    for claim in ledger.CLAIMS:
        assert claim.statement.endswith("."), claim.number
        for text in (claim.statement, claim.metric, claim.confirmed_if, claim.refuted_if):
            assert text == " ".join(text.split()) != "", claim.number


def test_without_any_result_nothing_is_tested(tmp_path):
    found = ledger.write_ledger(tmp_path / "out", Evidence(tmp_path), command="me")
    tested = [row.number for row in found.rows if row.verdict != "not tested"]
    assert tested in ([], [75])  # what needs no result at all
    loaded, provenance = results.load(Ledger, tmp_path / "out", "ledger")
    assert loaded == found
    assert (provenance.command, provenance.config) == ("me", {"scale": "full"})
