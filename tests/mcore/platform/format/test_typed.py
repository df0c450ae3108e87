import pytest

from mcore.platform.dims import symbol
from mcore.platform.dtypes import DType
from mcore.platform.errors import FormatError
from mcore.platform.format import limits
from mcore.platform.format.typed import Item, is_name

H = symbol("H")


def refused(call, message: str) -> None:
    with pytest.raises(FormatError) as caught:
        call()
    assert str(caught.value) == message


def test_every_value_knows_its_place():
    root = Item({"nodes": [{"inputs": ["x", 3]}], "weights": {"a.b": 1}}, "graph.json")
    fields = root.record(("nodes", "weights"))
    inputs = fields["nodes"].items()[0].record(("inputs",))["inputs"]
    refused(lambda: inputs.each(Item.name), "graph.json: nodes[0].inputs[1]: expected a name, got 3")
    refused(lambda: fields["weights"].mapping()["a.b"].text(), "graph.json: weights['a.b']: expected text, got 1")
    refused(lambda: root.text(), "graph.json: expected text, got an object")


def test_a_record_has_its_fields_and_no_others():
    item = Item({"a": 1, "b": 2}, "f", "p")
    assert set(item.record(("a",), ("b", "c"))) == {"a", "b"}
    refused(lambda: item.record(("a", "z")), "f: p: field 'z' is missing")
    refused(lambda: item.record(("a",)), "f: p: unknown field 'b' (written by a newer Platform?)")
    refused(lambda: Item([1], "f").record(("a",)), "f: expected an object, got a list")


def test_counts_are_capped():
    refused(lambda: Item([1, 2, 3], "f").items(2), "f: 3 items, the limit is 2")
    refused(lambda: Item({"a": 1, "b": 1}, "f").mapping(1), "f: 2 entries, the limit is 1")
    refused(lambda: Item([1] * 17, "f").shape(), "f: 17 items, the limit is 16")


@pytest.mark.parametrize("name", ["x", "layer1.0.conv1.weight", "größe", "a/b@c[0]", "n" * limits.NAME])
def test_names(name):
    assert is_name(name)
    assert Item(name, "f").name() == name


@pytest.mark.parametrize("name", ["", " ", "a b", "a\nb", "a\0", "\ud800", "\u200b", "n" * (limits.NAME + 1)])
def test_no_names(name):
    assert not is_name(name)
    with pytest.raises(FormatError, match="is not a name"):
        Item(name, "f").name()
    with pytest.raises(FormatError, match="is not a name"):
        Item({name: 1}, "f").mapping()


@pytest.mark.parametrize("value", [True, False, 1.0, "1", None, [1], -1, 11])
def test_an_integer_is_one_and_in_range(value):
    with pytest.raises(FormatError, match="f: expected an integer from 0 to 10, got"):
        Item(value, "f").integer(0, 10)
    assert Item(10, "f").integer(0, 10) == 10


@pytest.mark.parametrize("value", [True, "1", None, -0.5])
def test_a_figure_is_a_number_from_0_on(value):
    with pytest.raises(FormatError, match="f: expected a number from 0 on"):
        Item(value, "f").number()
    assert Item(2, "f").number() == 2.0


def test_texts_are_printable_and_short():
    assert Item("stem (models/x.py:3)", "f").text() == "stem (models/x.py:3)"
    for text in ("a\nb", "\x1b[31m", "x" * (limits.TEXT + 1), "\ud800"):
        with pytest.raises(FormatError, match="control characters"):
            Item(text, "f").text()


def test_element_types_and_sizes():
    assert Item("int8", "f").dtype() is DType.INT8
    assert Item(["N", 3, ["//", "H", 2]], "f").shape() == (symbol("N"), 3, H // 2)
    assert Item(-3, "f").size() == -3
    refused(lambda: Item("float8", "f").dtype(), "f: unknown element type 'float8'")
    refused(lambda: Item([], "f").dtype(), "f: unknown element type a list")
    refused(lambda: Item([-1], "f", "shape").shape(), "f: shape: a shape with a negative size")
    refused(lambda: Item(["//", "H", 0], "f").size(), "f: size expression divided by zero")


def test_long_values_are_cut_in_messages():
    with pytest.raises(FormatError) as caught:
        Item("x" * 5000, "f").integer(0, 1)
    assert len(str(caught.value)) < 200
