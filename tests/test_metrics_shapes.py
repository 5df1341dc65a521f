"""Holes against a flood fill and drawn shapes; detail and change against closed forms."""

from __future__ import annotations

import itertools
import math

import pytest
import torch
from torch import Tensor

from vqtutor import metrics


def drawn(*rows: str) -> Tensor:
    """(1, 1, H, W) from rows of text: "#" is ink."""
    return torch.tensor([[[[float(mark == "#") for mark in row] for row in rows]]])


@pytest.mark.parametrize(
    ("rows", "holes"),
    [
        (("....", "....", "...."), 0),
        (("####", "####", "####"), 0),
        ((".##.", "#..#", ".##."), 1),  # strokes join diagonally
        (("###.", "#..#", "###."), 1),
        (("###.", "#...", "###."), 0),  # open to the right
        (("#####", "#.#.#", "#####"), 2),
        (("#####", "#.###", "##.##", "#####"), 2),  # background does not join diagonally
        (("#.#", "#.#", "###"), 0),  # open at the border
        (("#######", "#.....#", "#.###.#", "#.#.#.#", "#.###.#", "#.....#", "#######"), 2),
    ],
)
def test_holes_of_drawn_shapes(rows, holes):
    assert metrics.count_holes(drawn(*rows)).tolist() == [holes]


def flood_fill_holes(ink: list[list[bool]]) -> int:
    """Background regions that reach no border, pixel by pixel."""
    height, width = len(ink), len(ink[0])
    seen: set[tuple[int, int]] = set()
    holes = 0
    for start in itertools.product(range(height), range(width)):
        if ink[start[0]][start[1]] or start in seen:
            continue
        waiting, enclosed = [start], True
        seen.add(start)
        while waiting:
            row, column = waiting.pop()
            for near in (
                (row + 1, column),
                (row - 1, column),
                (row, column + 1),
                (row, column - 1),
            ):
                inside = 0 <= near[0] < height and 0 <= near[1] < width
                enclosed &= inside
                if inside and not ink[near[0]][near[1]] and near not in seen:
                    seen.add(near)
                    waiting.append(near)
        holes += enclosed
    return holes


def test_holes_equal_a_flood_fill_image_by_image():
    images = torch.rand(40, 1, 9, 11, generator=torch.Generator().manual_seed(0))
    for threshold in (0.3, 0.5):
        expected = [flood_fill_holes((image[0] > threshold).tolist()) for image in images]
        assert metrics.count_holes(images, threshold).tolist() == expected
        assert len(set(expected)) > 3
    with pytest.raises(ValueError, match=r"images .* with C = 1, got \(2, 3, 4, 4\)"):
        metrics.count_holes(torch.zeros(2, 3, 4, 4))


def test_holes_do_not_join_across_images():
    ring = drawn("#####", "#...#", "#...#", "#####")
    assert metrics.count_holes(torch.cat([ring, 0 * ring, ring])).tolist() == [1, 0, 1]


def waves(frequency: float, size: int = 16) -> Tensor:
    """A cosine of so many cycles per pixel along W, (1, 1, size, size)."""
    wave = torch.cos(2 * math.pi * frequency * torch.arange(size))
    return wave.expand(1, 1, size, size)


def test_fine_detail_of_waves_is_their_share_of_the_energy():
    slow, fast = waves(2 / 16), waves(6 / 16)
    mixed = torch.cat([slow, fast, fast.mT, 2 * slow + fast, 3 + 0 * slow])
    shares = metrics.fine_detail(mixed)
    torch.testing.assert_close(shares, torch.tensor([0, 1, 1, 1 / 5, 0]), atol=1e-6, rtol=0)
    diagonal = torch.cos(2 * math.pi * 3 / 16 * (torch.arange(16)[:, None] + torch.arange(16)))
    both = diagonal.view(1, 1, 16, 16)  # 3 / 16 along each axis: a length of 0.265
    assert metrics.fine_detail(both) == pytest.approx(1)
    assert metrics.fine_detail(both, above=0.27) == pytest.approx(0, abs=1e-6)
    torch.testing.assert_close(metrics.fine_detail(5 + 2 * mixed), shares, atol=1e-6, rtol=0)


def test_fine_detail_of_white_noise_is_the_area_share():
    noise = torch.randn(20, 1, 32, 32, generator=torch.Generator().manual_seed(0))
    frequencies = torch.fft.fftfreq(32)
    area = (torch.hypot(frequencies[:, None], frequencies) > 0.25).double().mean().item()
    # 20 * 1024 energies of standard deviation 1 times their mean.
    assert metrics.fine_detail(noise).mean() == pytest.approx(area, abs=4 / math.sqrt(20 * 1024))


def test_laplacian_of_a_parabola_is_constant_and_of_a_wave_its_closed_form():
    along = torch.arange(8.0)
    parabola = (along.square() + along[:, None].square()).expand(1, 2, 8, 8)
    assert metrics.laplacian_variance(parabola).tolist() == [0]
    wave = waves(1 / 8, size=10)  # 8 inner pixels: one whole period
    factor = 2 * math.cos(2 * math.pi / 8) - 2
    expected = factor**2 / 2  # variance of a cosine
    assert metrics.laplacian_variance(wave) == pytest.approx(expected, rel=1e-5)
    assert metrics.laplacian_variance(3 * wave + 1) == pytest.approx(9 * expected, rel=1e-4)
    assert metrics.laplacian_variance(wave.mT) == pytest.approx(expected, rel=1e-5)
    with pytest.raises(ValueError, match="a Laplacian needs at least 3x3 pixels"):
        metrics.laplacian_variance(torch.zeros(1, 1, 2, 5))


def test_mcnemar_equals_the_binomial_by_hand():
    assert metrics.mcnemar(0, 0) == 1
    assert metrics.mcnemar(3, 3) == 1
    assert metrics.mcnemar(5, 0) == pytest.approx(2 / 2**5)
    assert metrics.mcnemar(1, 7) == metrics.mcnemar(7, 1) == pytest.approx(2 * (1 + 8) / 2**8)
    assert 0 <= metrics.mcnemar(3000, 1000) < 1e-100
    with pytest.raises(ValueError, match="numbers of pairs, got -1 and 2"):
        metrics.mcnemar(-1, 2)
