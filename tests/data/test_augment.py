import pytest
import torch

from vqtutor.data import vary


def numbered(count: int = 64, height: int = 6, width: int = 5) -> torch.Tensor:
    """Images whose two channels hold the row and the column of each pixel."""
    rows, columns = torch.meshgrid(torch.arange(height), torch.arange(width), indexing="ij")
    return torch.stack([rows, columns]).float().expand(count, -1, -1, -1)


def test_nothing_asked_for_changes_nothing():
    images = torch.rand(4, 3, 6, 5)
    assert torch.equal(vary(images), images)


def test_every_image_is_shifted_by_its_own_whole_number_of_pixels():
    torch.manual_seed(0)
    varied = vary(numbered(), shift=2)
    shifts = set()
    for rows, columns in varied:
        down, right = (2 - rows[2, 2]).int().item(), (2 - columns[2, 2]).int().item()
        shifts.add((down, right))
        for step in range(6):  # reflection: 0 1 2 comes before 0 as 2 1
            wanted = abs(step - down)
            wanted = wanted if wanted < 6 else 10 - wanted
            assert (rows[step] == wanted).all()
    assert {down for down, _ in shifts} == {right for _, right in shifts} == {-2, -1, 0, 1, 2}
    assert len(shifts) > 10  # the two directions are drawn apart


def test_about_half_are_mirrored_and_nothing_else_happens():
    torch.manual_seed(0)
    images = torch.rand(400, 1, 4, 4)
    varied = vary(images, mirror=True)
    same = (varied == images).flatten(1).all(dim=1)
    assert torch.equal(varied[~same], images[~same].flip(3))
    assert 160 < int(same.sum()) < 240


def test_channels_move_together():
    torch.manual_seed(0)
    gray = torch.rand(8, 1, 6, 6)
    varied = vary(gray.expand(-1, 3, -1, -1), shift=2, mirror=True)
    assert torch.equal(varied[:, :1].expand_as(varied), varied)


@pytest.mark.parametrize("shift", [-1, 5])
def test_a_shift_out_of_the_image_is_refused(shift):
    with pytest.raises(ValueError, match=r"0\.\.4 pixels for images of 6x5"):
        vary(numbered(), shift=shift)
