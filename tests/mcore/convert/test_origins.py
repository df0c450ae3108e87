"""What metadata keep of the model: written, read back, and refused where they are not such as a conversion writes."""

from __future__ import annotations

from dataclasses import replace

import pytest

from mcore.convert import Rebuilt, capture
from mcore.convert.origins import Origins
from mcore.platform.errors import FormatError
from tests.mcore.convert import modules
from tests.mcore.convert.harness import IMAGE


@pytest.fixture(scope="module")
def captured():
    return capture(modules.Shared(), IMAGE)


@pytest.fixture(scope="module")
def graph(captured):
    return captured.graph


@pytest.mark.parametrize(
    "origins",
    [
        Origins("out", {}),
        Origins("out", {"second.weight": "first.weight"}, ("first.bias",), ("first.weight",), 32, True),
        Origins({"list": ["out"]}, {}),
        Origins({"dict": [["a", {"tuple": ["out"]}]]}, {}, unit=2),
    ],
)
def test_what_is_written_is_read(origins, graph):
    assert Origins.of(replace(graph, metadata=origins.to_json())) == origins


def test_what_is_as_usual_is_not_written():
    assert Origins("out", {}).to_json() == {"result": "out"}


def test_a_graph_from_elsewhere_gives_its_outputs_as_a_dict(captured):
    assert Origins.of(replace(captured.graph, metadata={})).form == {"dict": [["out", "out"]]}


@pytest.mark.parametrize(
    ("metadata", "where", "what"),
    [
        ({"result": "other"}, "result", "does not name each output once"),
        ({"result": {"list": ["out", "out"]}}, "result", "does not name each output once"),
        ({"result": {"set": ["out"]}}, "result", "not the form of a result"),
        ({"result": {"dict": [["out"]]}}, "result", "not the form of a result"),
        ({"result": {"dict": {"out": "out"}}}, "result", "not the form of a result"),
        ({"result": 3}, "result", "not the form of a result"),
        ({"aliases": {"a": "nothing"}}, "aliases", "an alias of something that is no weight"),
        ({"aliases": ["a"]}, "aliases", "an alias of something that is no weight"),
        ({"buffers": ["nothing"]}, "buffers", "a list of names of weights"),
        ({"constants": {"first.bias": 1}}, "constants", "a list of names of weights"),
        ({"buffers": [3]}, "buffers", "a list of names of weights"),
        ({"unit": 0}, "unit", "0 is not a number of pixels"),
        ({"unit": "3"}, "unit", "'3' is not a number of pixels"),
        ({"unit": True}, "unit", "True is not a number of pixels"),
    ],
)
def test_what_no_conversion_writes_is_refused_with_its_place(metadata, where, what, captured):
    strange = replace(captured.graph, metadata=metadata)
    with pytest.raises(FormatError, match=f"graph.json: metadata.{where}: .*{what}"):
        Rebuilt(strange, captured.weights)
