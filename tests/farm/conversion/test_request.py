"""What a person asks the converter for."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from farm.conversion.request import LONGEST, architecture_target, asked_item, key_of
from farm.conversion.wire import Item
from farm.errors import NotFoundError, UsageError
from farm.git import Repository
from tests.acceptance.tiny import FILES
from tests.farm.conftest import Scratch
from tests.farm.tinyfarm import tiny_inventory


@pytest.fixture
def tiny(scratch: Scratch) -> Scratch:
    both = 'from models.basicblocks.block import Block, Block as tiny\n\n__all__ = ["Block", "tiny"]\n'
    scratch.commit({**FILES, "models/basicblocks/__init__.py": both, "exclusions.yaml": "wide: too wide\n"})
    return scratch


def asked(scratch: Scratch, name: str | None = None, **more: Any) -> Item:
    tree = Repository.find(scratch.root).working_tree()
    options: dict[str, Any] = {"kind": None, "parts": {}, "parameters": {}, "overwrite": False, "weights": "keep"}
    return asked_item(tree, tiny_inventory(), name=name, out=Path("/out"), **{**options, **more})


def test_an_architecture_by_name(tiny: Scratch) -> None:
    item = asked(tiny, "Block", overwrite=True)
    assert (item.key, item.kind, item.target) == ("Block", "block", "models.basicblocks:Block")
    assert (item.folder, item.parameters) == ("/out/Block", {})
    assert (item.overwrite, item.weights) == (True, "keep")


def test_parameters_are_part_of_the_key(tiny: Scratch) -> None:
    item = asked(tiny, "Block", parameters={"in_channels": 4, "channels": 2})
    assert item.key == "Block+channels=2+in_channels=4"
    assert item.folder == "/out/Block+channels=2+in_channels=4"
    assert item.parameters == {"in_channels": 4, "channels": 2}


def test_an_excluded_architecture_can_be_asked_for(tiny: Scratch) -> None:
    assert asked(tiny, "wide").target == "models.networks:wide"


def test_a_name_of_two_levels_needs_its_kind(tiny: Scratch) -> None:
    with pytest.raises(UsageError, match="'tiny' is the name of several: say --kind network or block"):
        asked(tiny, "tiny")
    assert asked(tiny, "tiny", kind="block").target == "models.basicblocks:tiny"
    assert asked(tiny, "tiny", kind="network").target == "models.networks:tiny"


@pytest.mark.parametrize(("name", "kind"), [("Blok", None), ("Block", "network")])
def test_a_name_that_is_not_there(tiny: Scratch, name: str, kind: str | None) -> None:
    with pytest.raises(NotFoundError, match=r"did you mean (block:)?Block"):
        asked(tiny, name, kind=kind)


def test_an_assembly_of_parts(tiny: Scratch) -> None:
    parts = {"backbone": "ResNet18", "neck": "FPN", "head": "FCNHead"}
    item = asked(tiny, parts=parts, parameters={"num_classes": 3})
    assert (item.key, item.kind) == ("ResNet18+FPN+FCNHead+num_classes=3", "network")
    assert item.target == "models.networks.assembly:assemble"
    assert item.parameters == {**parts, "num_classes": 3}
    assert asked(tiny, parts={"backbone": "A", "head": "B"}).key == "A+B"


@pytest.mark.parametrize(
    ("name", "parts", "said"),
    [
        (None, {}, "name one architecture"),
        ("tiny", {"backbone": "A", "head": "B"}, "name one architecture"),
        (None, {"backbone": "A"}, "needs --backbone and --head"),
        (None, {"neck": "A", "head": "B"}, "needs --backbone and --head"),
    ],
)
def test_neither_both_nor_half(tiny: Scratch, name: str | None, parts: dict[str, str], said: str) -> None:
    with pytest.raises(UsageError, match=said):
        asked(tiny, name, parts=parts)


def test_the_target_is_the_level_of_the_kind() -> None:
    assert architecture_target(tiny_inventory(), "network", "wide") == "models.networks:wide"


values = st.none() | st.booleans() | st.integers() | st.text(max_size=20) | st.lists(st.integers(), max_size=3)


@given(st.dictionaries(st.text(max_size=12), values, max_size=4))
def test_a_key_is_a_folder_of_its_own_whatever_the_parameters(parameters: dict[str, Any]) -> None:
    key = key_of("net", parameters)
    assert key.startswith("net")
    assert (Path("/out") / key).resolve().parent == Path("/out")
    assert key == key_of("net", dict(reversed(parameters.items())))


@pytest.mark.parametrize("name", ["", ".", ".."])
def test_a_name_of_dots_is_no_folder_that_is_there(name: str) -> None:
    assert key_of(name, {}) == f"_{name}"


def test_a_long_key_is_cut_and_stays_one_of_its_own() -> None:
    keys = {key_of("net", {"widths": [*range(200), last]}) for last in (0, 1)}
    assert {len(key) for key in keys} == {LONGEST}
    assert len(keys) == 2


CONFIG = {"name": "Two", "components": {}, "outputs": "mask"}


def test_a_config_is_given_whole_to_what_the_catalogue_builds_with(tiny: Scratch) -> None:
    item = asked(tiny, config=CONFIG)
    assert (item.key, item.kind, item.target) == ("Two", "network", "models.networks.configured:ConfiguredNetwork")
    assert item.parameters == {"config": CONFIG}


def test_a_config_is_not_mixed_with_a_name_parts_or_parameters(tiny: Scratch) -> None:
    with pytest.raises(UsageError, match="or --config"):
        asked(tiny, "Block", config=CONFIG)
    with pytest.raises(UsageError, match="or --config"):
        asked(tiny, parts={"backbone": "A", "head": "B"}, config=CONFIG)
    with pytest.raises(UsageError, match="stand in its config"):
        asked(tiny, config=CONFIG, parameters={"a": 1})


def test_a_default_variant_takes_pretrained_weights_where_there_are_some(
    tiny: Scratch, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FARM_CHECKPOINTS", str(tmp_path))
    assert asked(tiny, "wide", weights="calibrated").checkpoint == ""
    (tmp_path / "pretrained" / "small" / "wide").mkdir(parents=True)
    assert asked(tiny, "wide", weights="calibrated").checkpoint == "small/wide"
    assert asked(tiny, "wide", weights="keep").checkpoint == ""
    tuned = asked(tiny, "tiny", kind="network", weights="calibrated", parameters={"num_classes": 3})
    assert tuned.checkpoint == ""
