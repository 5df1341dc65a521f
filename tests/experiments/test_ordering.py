"""Orders of codes: brute force, a line that has an order, and indices that have none."""

import math
from itertools import pairwise, permutations

import pytest
import torch

from tests.experiments.standins import make_data, make_vqvae
from vqtutor.experiments import latents, ordering
from vqtutor.experiments.estimates import Estimate, estimate, median, ratio_of_medians, share


def line(count=12):
    """Vectors on a line, and the changes between them."""
    vectors = torch.arange(float(count)).unsqueeze(1)
    return vectors, (vectors - vectors.T).abs().double()


def test_roughness_is_the_mean_of_the_steps():
    changes = torch.rand(5, 5)
    orders = torch.tensor(list(permutations(range(5))))
    for order, found in zip(orders.tolist(), ordering.roughness(changes, orders), strict=True):
        by_hand = sum(changes[a, b] for a, b in pairwise(order)) / 4
        torch.testing.assert_close(found, by_hand)


def test_neighbors_on_a_line_are_found_from_its_end():
    vectors, _ = line(9)
    shuffle = torch.randperm(9)
    order = ordering.nearest_neighbor_order(vectors[shuffle])
    along = vectors[shuffle][order].flatten().tolist()
    assert along in (sorted(along), sorted(along, reverse=True))
    assert sorted(order.tolist()) == list(range(9))


def test_an_order_is_seen_and_a_shuffled_one_is_not():
    vectors, changes = line()
    sorted_ = ordering.compare_orders(changes, vectors, 999, seed=0)
    assert sorted_.by_index == sorted_.by_vector == 1
    assert sorted_.index_p == sorted_.vector_p == pytest.approx(1 / 1000)
    assert sorted_.random == pytest.approx(13 / 3, rel=0.02)  # mean distance of two of 12
    shuffle = torch.tensor([7, 0, 5, 10, 2, 9, 4, 11, 1, 8, 3, 6])
    mixed = ordering.compare_orders(changes[shuffle][:, shuffle], vectors[shuffle], 999, seed=0)
    assert mixed.index_p > 0.1
    assert mixed.vector_ratio == pytest.approx(1 / mixed.random)
    assert mixed.index_ratio == pytest.approx(mixed.by_index / mixed.random)
    assert mixed.by_vector == 1
    assert mixed.random == pytest.approx(sorted_.random, rel=0.02)


def test_where_all_orders_are_alike_none_is_smooth():
    vectors = torch.eye(4)
    order = ordering.compare_orders(1 - torch.eye(4).double(), vectors, 99, seed=0)
    assert order.index_p == order.vector_p == 1
    assert order.index_ratio == order.vector_ratio == 1
    still = ordering.compare_orders(torch.zeros(4, 4).double(), vectors, 99, seed=0)
    assert math.isnan(still.index_ratio)
    assert math.isnan(still.vector_ratio)


def test_changes_are_those_of_the_decoded_images():
    data = make_data()
    model = make_vqvae(data)
    with latents.inference(model):
        codes = latents.encode(model, data.test.images[:3])
        rows, positions = torch.tensor([0, 2]), torch.tensor([5, 19])  # the first and last bottom
        changes = ordering.code_changes(model, data, codes, rows, positions, 4, batch_size=3)
        expected = torch.zeros(4, 4)
        for row, position in zip(rows, positions, strict=True):
            images = []
            for code in range(4):
                bottom = codes.bottom[row].clone()
                bottom.view(-1)[position - 4] = code
                changed = type(codes)(codes.top[row, None], bottom[None])
                images.append(data.unpad(latents.decode(model, changed))[0])
            for first in range(4):
                for second in range(4):
                    change = (images[first] - images[second]).square().mean()
                    expected[first, second] += change / 2
    torch.testing.assert_close(changes.float(), expected)
    assert expected.max() > 0


def test_both_levels_have_an_order():
    data = make_data()
    model = make_vqvae(data)
    with latents.inference(model):
        codes = latents.encode(model, data.test.images[:3])
        how = {"num_orders": 50, "seed": 0, "batch_size": 512}
        few = ordering.index_orders(model, data, codes, num_places=2, **how)
        every = ordering.index_orders(model, data, codes, num_places=1000, **how)
        rows, positions = torch.arange(3).repeat_interleave(16), 4 + torch.arange(16).repeat(3)
        changes = ordering.code_changes(model, data, codes, rows, positions, 4, 512)
    assert list(few) == list(every) == ["top", "bottom"]
    by_index = sum(changes[code, code + 1] for code in range(3)) / 3
    assert every["bottom"].by_index == pytest.approx(by_index.item())
    assert few["bottom"] != every["bottom"]


def test_estimates_are_what_they_center_on():
    values = torch.tensor([[1.0, 10.0], [3.0, float("nan")], [5.0, 40.0]])
    assert estimate(values).value == 3
    assert estimate(values, median).value == 5
    assert estimate(values, ratio_of_medians(1)).value == pytest.approx(3 / 10)  # lower of two
    found = share(torch.tensor([True] * 30 + [False] * 10))
    assert found.value == 0.75
    assert 0.55 < found.low < 0.75 < found.high < 0.9
    constant = estimate(torch.full((4,), 2.0))
    assert constant == Estimate(2, 2, 2)


def test_an_estimate_clears_a_threshold_with_all_of_its_interval():
    found = Estimate(0.5, 0.4, 0.6)
    assert (found.above(0.4), found.above(0.41)) == (True, False)
    assert (found.below(0.6), found.below(0.59)) == (True, False)
