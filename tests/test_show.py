"""What chapters show in words: the text is what the library says of itself."""

import pytest
import torch
from torch import nn

from vqtutor import show
from vqtutor.experiments.provenance import Provenance
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
