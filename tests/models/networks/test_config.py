"""The form of a config: references, order, and errors that name the path."""

import copy

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.networks.config import ConfigError, Reference, read

CONFIG = {
    "name": "Two",
    "components": {
        "mask": {"type": "FCNHead", "of": "pyramid[-1]", "num_classes": 4},
        "pyramid": {"type": "FPN", "of": "backbone", "out_channels": 64},
        "backbone": {"type": "ResNet18"},
    },
    "outputs": {"mask": "mask"},
}


THERE = "; there are mask, pyramid, backbone"
FORMS = " is no reference; write name, name[2] or name[1:3]"


def changed(path, value):
    """The config with another value at a path; ``...`` deletes."""
    config = copy.deepcopy(CONFIG)
    *before, last = path.split(".")
    home = config
    for key in before:
        home = home[key]
    if value is ...:
        del home[last]
    else:
        home[last] = value
    return config


def test_components_come_after_what_they_take_whatever_their_order_in_the_file():
    config = read(CONFIG)
    assert [c.name for c in config.components] == ["backbone", "pyramid", "mask"]
    assert config.components[1].parameters == {"out_channels": 64}
    assert config.outputs == {"mask": "mask"}
    assert not config.single


def test_one_output_may_be_named_alone():
    config = read(changed("outputs", "mask"))
    assert config.single
    assert config.outputs == {"out": "mask"}


@pytest.mark.parametrize(
    ("text", "items"),
    [
        ("backbone", [0, 1, 2, 3]),
        ("backbone[0]", [0]),
        ("backbone[-1]", [3]),
        ("backbone[-2]", [2]),
        ("backbone[1:3]", [1, 2]),
        ("backbone[:2]", [0, 1]),
        ("backbone[2:]", [2, 3]),
        ("backbone[-2:]", [2, 3]),
        ("backbone[:-1]", [0, 1, 2]),
    ],
)
def test_a_reference_takes_what_python_takes(text, items):
    (reference,) = (c.of for c in read(changed("components.mask.of", text)).components if c.name == "mask")
    assert list(range(4))[reference.maps] == items


@given(st.none() | st.integers(-5, 5), st.none() | st.integers(-5, 5))
def test_a_reference_is_read_back_as_written(start, stop):
    reference = Reference("backbone", start, stop)
    (again,) = (c.of for c in read(changed("components.mask.of", str(reference))).components if c.name == "mask")
    assert again == reference


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        ("outputs", ..., "config: lacks outputs"),
        ("title", "x", "config: has no key 'title'; its keys are components, name, outputs"),
        ("name", "two words", "name: 'two words' is not a name of letters, digits and underscores"),
        ("components", [], "components: must be a mapping, it is list"),
        ("components", {}, "components: there are none"),
        ("components.mask", "FCNHead", "components.mask: must be a mapping, it is str"),
        ("components.mask.type", ..., "components.mask: lacks type"),
        ("components.mask.type", 3, "components.mask.type: 3 is not a name of letters, digits and underscores"),
        ("components.mask.of", "neck", "components.mask.of: names 'neck', which is no component" + THERE),
        ("components.mask.of", "pyramid[", "components.mask.of: 'pyramid['" + FORMS),
        ("components.mask.of", "pyramid[]", "components.mask.of: 'pyramid[]'" + FORMS),
        ("components.mask.of", 7, "components.mask.of: 7" + FORMS),
        ("components.backbone.of", "mask", "components: mask, pyramid, backbone take each other's features in a circle"),
        ("outputs", {}, "outputs: there are none"),
        ("outputs", "masks", "outputs: names 'masks', which is no component" + THERE),
        ("outputs.mask", "m", "outputs.mask: names 'm', which is no component" + THERE),
        ("outputs.a b", "mask", "outputs: 'a b' is not a name of letters, digits and underscores"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_one_line_that_names_the_path(path, value, message):
    with pytest.raises(ConfigError) as caught:
        read(changed(path, value))
    assert str(caught.value) == message


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=8),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(st.sampled_from(["name", "components", "outputs", "type", "of", "a"]), inner, max_size=3)
        ),
        max_leaves=12,
    )
)
def test_any_data_is_read_or_refused(data):
    try:
        config, refused = read(data), ""
    except ConfigError as error:
        config, refused = None, str(error)
    assert config.components if config else refused
    assert "\n" not in refused
