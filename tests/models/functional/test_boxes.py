"""Boxes of places and anchors, by their definitions."""

import pytest
import torch

from models.functional import anchor_rows, cells, corners, moved, places, rows


def test_rows_go_place_by_place_and_anchor_by_anchor():
    x = torch.arange(2 * 6 * 2 * 3).reshape(2, 6, 2, 3)
    found = rows(x, 2)
    assert tuple(found.shape) == (2, 18, 2)
    for row in range(2):
        for column in range(3):
            for anchor in range(3):
                expected = x[:, 2 * anchor : 2 * anchor + 2, row, column]
                assert torch.equal(found[:, (row * 3 + column) * 3 + anchor], expected)
                assert torch.equal(cells(x, 2)[:, row * 3 + column, anchor], expected)


def test_places_are_columns_and_rows_in_pixels():
    found = places(torch.zeros(1, 1, 2, 3), 8, 0.5)
    assert found.tolist() == [[4, 4], [12, 4], [20, 4], [4, 12], [12, 12], [20, 12]]


def test_corners_are_half_a_side_from_the_centre():
    assert corners(torch.tensor([10.0, 20.0]), torch.tensor([4.0, 6.0])).tolist() == [8, 17, 12, 23]


def test_anchors_stand_at_every_place_of_every_map_in_the_order_of_rows():
    maps = [torch.zeros(1, 1, 1, 2), torch.zeros(1, 1, 1, 1)]
    centres, sizes = anchor_rows(maps, (8, 16), (((1, 2), (3, 4)), ((5, 6),)), 0.0)
    assert centres.tolist() == [[0, 0], [0, 0], [8, 0], [8, 0], [0, 0]]
    assert sizes.tolist() == [[1, 2], [3, 4], [1, 2], [3, 4], [5, 6]]


def test_an_anchor_moves_by_parts_of_its_size_and_grows_by_an_exponential_that_is_limited():
    centres, sizes = torch.tensor([[10.0, 20.0]]), torch.tensor([[4.0, 8.0]])
    changes = torch.tensor([[[0.5, -0.25, 0.0, 1.0]], [[0.0, 0.0, 100.0, 0.0]]])
    found = moved(changes, centres, sizes)
    height = 8 * torch.tensor(1.0).exp().item()
    assert found[0, 0].tolist() == pytest.approx([10, 18 - height / 2, 14, 18 + height / 2])
    assert (found[1, 0, 2] - found[1, 0, 0]).item() == pytest.approx(4 * 1000 / 16)
