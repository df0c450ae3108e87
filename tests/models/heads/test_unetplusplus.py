"""U-Net++'s decoder over features."""

import pytest
import torch

from models.heads import UNetPlusPlusDecoder
from tests.models.features import features


def small(**parameters):
    given = {"in_channels": (4, 8, 16), "in_strides": (2, 4, 8), "num_classes": 3, "widths": (6, 5), **parameters}
    return UNetPlusPlusDecoder(**given).eval()


@pytest.mark.parametrize("sizes", [((16, 24), (8, 12), (4, 6)), ((17, 23), (9, 12), (5, 6)), ((5, 4), (3, 2), (2, 1))])
@pytest.mark.parametrize("deep_supervision", [False, True])
def test_it_ends_at_the_size_of_the_finest_map(sizes, deep_supervision):
    head = small(deep_supervision=deep_supervision)
    assert head.output_stride == 2
    assert head(features(sizes, (4, 8, 16))).shape == (1, 3, *sizes[0])


def test_nodes_form_a_triangle_and_each_joins_all_before_it():
    """Node X of level i and column j takes j maps of its level and the one below; widths 5 at the finest level, 6 below it."""
    head = small()
    assert [len(column) for column in head.columns] == [2, 1]
    joined = [[node.conv[0][0].in_channels for node in column] for column in head.columns]
    assert joined == [[4 + 8, 8 + 16], [4 + 5 + 6]]
    assert [[node.conv[1][0].out_channels for node in column] for column in head.columns] == [[5, 6], [5]]


def test_number_of_parameters_is_that_of_the_nodes():
    def node(joined, width):
        return 9 * joined * width + 9 * width * width + 2 * 2 * width

    expected = node(12, 5) + node(24, 6) + node(15, 5) + 5 * 3 + 3
    assert sum(p.numel() for p in small().parameters()) == expected


def test_every_map_matters():
    head, given = small(), features(((16, 16), (8, 8), (4, 4)), (4, 8, 16))
    before = head(given)
    for i in range(3):
        assert not torch.allclose(head([f + 1.0 if i == j else f for j, f in enumerate(given)]), before)


def test_scores_under_deep_supervision_are_the_mean_over_the_finest_level():
    head, given = small(deep_supervision=True), features(((16, 16), (8, 8), (4, 4)), (4, 8, 16))
    nodes = []
    for column in head.columns:
        column[0].register_forward_hook(lambda module, inputs, output: nodes.append(output))
    with torch.no_grad():
        found = head(given)
        expected = torch.stack([score(node) for score, node in zip(head.scores, nodes, strict=True)]).mean(0)
    torch.testing.assert_close(found, expected)


@pytest.mark.parametrize(
    ("parameters", "text"),
    [
        ({"in_strides": (2, 4, 4)}, "each of two or more features has twice the stride of the one before"),
        ({"widths": (8,)}, r"2 levels below 3 features need as many widths, got \(8,\)"),
    ],
)
def test_features_that_it_cannot_climb_are_refused(parameters, text):
    with pytest.raises(ValueError, match=f"^UNetPlusPlusDecoder: {text}"):
        small(**parameters)
