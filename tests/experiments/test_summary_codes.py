"""Tables of the experiments on codes: the numbers of a result stand in them."""

from __future__ import annotations

from tests.experiments.test_ledger_codebooks import books
from tests.experiments.test_ledger_pipeline import HIERARCHY, IDENTITIES, PRIORS
from vqtutor.experiments.summary import summarize


def lines(result):
    """Cells of each line of the table, without the title and the rule below it."""
    return [line.split() for line in summarize({"it": result}).splitlines()[2:]]


def test_exact_checks():
    assert "".join(lines(IDENTITIES)[1]) == "top30of320of10,00001.0e-081.0e-06"


def test_codebooks_with_their_perplexities():
    rows = {row[0]: row for row in lines(books(average=0.75)) if row}
    assert rows["trained"][-1] == "-"
    assert rows["moving"] == "moving average 0.0030 20.0 of 32 10.0 of 16 0.750".split()


def test_levels_and_variants():
    rows = lines(HIERARCHY)
    assert rows[1] == "top codes exchanged 60.0 % 50.0 % 60.0 %".split()
    assert ["add", "0.0030", "1.020", "-"] in rows
    assert ["no", "top", "0.0030", "1.000", "1.200"] in rows


def test_priors_by_what_they_are_given():
    text = summarize({"it": PRIORS})
    assert "the cache is 40 times as fast, 0 of 80,000 codes differ" in text
    assert "bottom codes, given another" in text
    assert "2.500    3.500" in text
