"""What chapters show in words: the text is what the library says of itself."""

import pytest
import torch
from torch import nn

from vqtutor import show
from vqtutor.experiments.ledger.core import Ledger, Row
from vqtutor.experiments.provenance import Provenance
from vqtutor.experiments.seeds import figure
from vqtutor.models import ClassifierConfig, WarmupCNN


def test_source_is_the_code_of_the_library():
    text = str(show.source(WarmupCNN))
    assert text.startswith("`vqtutor/models/classifier.py`\n\n```python\nclass WarmupCNN(")
    assert text.endswith("\n```")
    assert "self.head = nn.Linear(num_features, config.num_classes)" in text


def test_source_of_a_method_starts_at_the_margin():
    assert "```python\ndef forward(self" in str(show.source(WarmupCNN.forward))


def test_notebooks_get_markdown():
    shown = show.text("""
        A line,
          and one that is further in.
    """)
    assert shown._repr_markdown_() == str(shown) == "A line,\n  and one that is further in."


def test_table_sets_numbers_to_the_right():
    lines = str(show.table(["name", "count", "share"], [["a|b", 1234, 0.123456]])).split("\n")
    assert lines == [
        "| name | count | share |",
        "| :--- | ---: | ---: |",
        "| a\\|b | 1,234 | 0.1235 |",
    ]


def test_row_of_another_length_is_named():
    with pytest.raises(ValueError, match=r"2 entries, .* got 1: \('a',\)"):
        show.table(["name", "count"], [["a"]])


def test_shapes_follow_the_images_and_count_every_weight():
    model = WarmupCNN(ClassifierConfig("5x5", image_shape=(1, 28, 28)))
    model.train()
    text = str(show.shapes(model, torch.zeros(2, 1, 28, 28)))
    assert "| `Conv2d(1, 16, 5x5)`, `ReLU` | 16 × 28 × 28 | 416 |" in text
    assert "| `Flatten`, `Dropout` | 1568 | 0 |" in text
    assert text.endswith("| together |  | 28,938 |")
    assert model.training
    assert not any(layer._forward_hooks for layer in model.modules())


def test_shapes_follow_another_method():
    model = nn.ModuleDict({"used": nn.Linear(4, 2), "other": nn.Linear(4, 3)})
    model.encode = lambda inputs: model["used"](inputs)
    text = str(show.shapes(model, torch.zeros(1, 4), call="encode"))
    assert "Linear(4, 2)" in text
    assert "Linear(4, 3)" not in text


def test_provenance_says_where_a_result_is_from():
    config = {"epochs": 3}
    origin = Provenance.collect(
        "warmup", config=config, data="mnist", seed=7, device="cpu", seconds=75, command="run me"
    )
    text = str(show.provenance(origin))
    for part in (
        "mnist",
        "**seed** 7",
        "cpu",
        "1 min 15 s",
        origin.date,
        "`run me`",
        '"epochs": 3',
    ):
        assert part in text


def make_row(number=3, section="A", **changes):
    fields = {
        "statement": "It is large.",
        "metric": "its size",
        "confirmed_if": "above 1",
        "refuted_if": "below 0",
        "verdict": "confirmed",
        "values": {"AE": figure([1.0, 3.0]), "VAE": figure([0.25])},
        "floor": figure([0.5]),
        "ceiling": None,
        "cause": "It grew.",
        "note": "One seed.",
        "planned_seeds": 3,
        "headline": False,
    }
    return Row(number, section, **fields | changes)


def test_ledger_shows_what_was_measured_beside_each_claim():
    found = Ledger((make_row(), make_row(4, "B", verdict="not tested", values={}, floor=None)))
    lines = str(show.ledger(found)).split("\n")
    assert lines[2] == (
        "| 3 | It is large. | AE: 2 ± 1.4<br>VAE: 0.25<br>real images: 0.5 | **confirmed** "
        "| It grew. One seed. |"
    )
    assert lines[3].startswith("| 4 | It is large. |  | **not tested** |")
    assert len(lines) == 4
    assert str(show.ledger(found, section="B")).count("\n") == 2
    assert "| 3 |" in str(show.ledger(found, numbers=(3, 9)))
    with pytest.raises(ValueError, match=r"no claim in section 'B' with a number in \(3,\)"):
        show.ledger(found, "B", (3,))


def test_claim_names_its_thresholds():
    text = str(show.claim(make_row(ceiling=figure([9.0]))))
    assert text.split("\n") == [
        "**3. It is large.**",
        "",
        "- measured: its size",
        "- confirmed if: above 1",
        "- refuted if: below 0",
        "- AE: 2 ± 1.4",
        "- VAE: 0.25",
        "- real images: 0.5",
        "- noise: 9",
        "- **confirmed**. It grew. One seed.",
    ]
