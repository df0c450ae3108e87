"""The conversion report of a manifest as text."""

from __future__ import annotations

import pytest

from mcore.platform.report import report_lines

GRAPH = {"nodes": 18, "serves": ["8x8", "9x7"], "traced": ["2x9x7", "3x8x8"], "guards": []}
EMPTY = {"canonicalised": {}, "fallback": "", "constants": [], "unused": [], "remarks": []}


def test_one_graph_without_anything_to_say_of_it_is_one_line():
    assert report_lines({"graphs": [GRAPH], **EMPTY}) == [
        "graph: 18 nodes; samples 8x8, 9x7; traced at 2x9x7, 3x8x8",
    ]


def test_several_graphs_are_numbered_and_their_guards_told():
    other = {**GRAPH, "serves": ["16x16"], "guards": ["H > 8 (net.py, Net.forward: if h > 8:)"]}
    assert report_lines({"graphs": [GRAPH, other], **EMPTY})[1:] == [
        "graph 1: 18 nodes; samples 16x16; traced at 2x9x7, 3x8x8",
        "  needs H > 8 (net.py, Net.forward: if h > 8:)",
    ]


def test_the_rest_is_told_where_there_is_something_to_tell():
    report = {
        "graphs": [GRAPH],
        "canonicalised": {"in-place made functional": 3, "dropout dropped": 2},
        "fallback": "net.py:3: makes a plain number of a size by int()",
        "constants": ["anchors.0"],
        "unused": [f"auxiliary.{i}" for i in range(10)],
        "remarks": ["no noise floor at 8x8"],
    }
    assert report_lines(report)[1:] == [
        "one graph for each size, and no other sizes: net.py:3: makes a plain number of a size by int()",
        "canonicalised: 2 dropout dropped, 3 in-place made functional",
        "constants: anchors.0",
        "weights that no output needs: " + ", ".join(f"auxiliary.{i}" for i in range(8)) + " and 2 more",
        "remarks: no noise floor at 8x8",
    ]


def test_a_bundle_that_was_not_converted_has_no_report():
    assert report_lines({}) == []


@pytest.mark.parametrize(
    ("weights", "line"),
    [
        ({"origin": "calibrated"}, "weights: calibrated"),
        ({"origin": "model"}, "weights: as the model had them"),
        (
            {"origin": "pretrained", "source": "torchvision", "sha256": "0123456789abcdef" * 4},
            "weights: pretrained, from torchvision (sha256 0123456789ab)",
        ),
        (
            {"origin": "checkpoint", "id": "20260101T000000000-00000000", "sha256": "0123456789abcdef" * 4},
            "weights: checkpoint 20260101T000000000-00000000 (sha256 0123456789ab)",
        ),
    ],
)
def test_where_the_weights_are_from(weights, line):
    assert report_lines({"graphs": [GRAPH], **EMPTY, "weights": weights})[1:] == [line]
