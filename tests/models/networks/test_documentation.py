"""The documentation of a config: every component, every parameter with its value and meaning, every paper."""

import pytest

from models.networks.config import ConfigError
from models.networks.documentation import documentation
from tests.models.networks.test_configured import TWO

PAGE = documentation(TWO)


def section(name):
    (found,) = (part for part in PAGE.split("\n## ") if part.startswith(f"{name}: "))
    return found


def test_the_table_says_what_each_component_takes_and_gives():
    assert PAGE.startswith("# TwoAnswers\n\nTask: segmentation+classification.\n")
    assert "| gated | SqueezeExcitation | `backbone[1:]` | the maps, weighted |" in PAGE
    assert "| pyramid | FPN | `gated` | 16 at 1/4, 16 at 1/8, 16 at 1/16, 16 at 1/16 |" in PAGE
    assert "| mask | UNetDecoder | `pyramid[:3]` | segmentation, a map at 1/4 |" in PAGE
    assert "Outputs: `mask` = mask, `label` = label." in PAGE


def test_parameters_have_their_values_and_the_meaning_from_the_docstring():
    assert "| num_classes | 4 | channels of the scores. |" in section("mask")
    assert "| in_strides | 4, 8, 16 (from the features) | of the feature maps, each twice the one before. |" in section(
        "mask"
    )
    assert "| act | SiLU | class, called without arguments. |" in section("backbone")
    assert "| norm | BatchNorm2d (default) | class, called with the number of channels. |" in section("backbone")


def test_every_parameter_of_every_component_has_a_meaning():
    rows = [line.split("|") for line in PAGE.splitlines() if line.startswith("| ") and line.count("|") == 4]
    assert len(rows) > 20
    assert [row[1].strip() for row in rows if not row[3].strip()] == []


def test_every_component_leads_to_its_papers():
    for name in ("backbone", "gated", "pyramid", "mask", "label"):
        assert "Papers: <https://arxiv.org/abs/" in section(name)


def test_markup_is_markdowns():
    assert "``" not in PAGE
    assert ":class:" not in PAGE


def test_what_cannot_be_built_cannot_be_described():
    with pytest.raises(ConfigError):
        documentation({"name": "x"})
