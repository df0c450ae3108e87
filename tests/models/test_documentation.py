"""``docs/architectures.md`` says what the code does: its folders, its example and the error it shows are run here."""

import re

import pytest
import torch
import yaml

from models.networks.assembly import assemble
from models.networks.configured import ConfiguredNetwork
from tests.models.catalogue import FAMILIES, ROOT

PAGE = (ROOT / "docs" / "architectures.md").read_text()
BLOCKS = re.findall(r"```(\w*)\n(.*?)```", PAGE, flags=re.DOTALL)


def test_every_family_has_a_row():
    rows = re.findall(r"^\| `(\w+)` \| (\w+) \|", PAGE, flags=re.MULTILINE)
    assert [folder for folder, _ in rows] == list(FAMILIES)
    assert [kind for _, kind in rows] == ["network", "backbone", "neck", "head", "attention", "block"]


def test_the_example_of_assembly_runs():
    (example,) = (code for _, code in BLOCKS if "assemble(" in code)
    names: dict = {}
    exec(example, names)
    assert names["model"].parts == {"backbone": "ResNet18", "neck": "FPN", "head": "UNetDecoder"}


def test_the_example_of_detections_runs():
    (example,) = (code for _, code in BLOCKS if "select_detections(" in code)
    names: dict = {"images": torch.randn(1, 3, 64, 64)}
    with torch.no_grad():
        exec(example, names)
    assert {name: tuple(value.shape) for name, value in names["first"].items()} == {
        "boxes": (100, 4),
        "scores": (100,),
        "labels": (100,),
    }


def test_the_errors_that_are_shown_are_the_errors_that_are_raised():
    mismatch, reference = (text.strip() for language, text in BLOCKS if not language)
    with pytest.raises(ValueError, match=f"^{re.escape(mismatch)}$"):
        assemble(backbone="ResNet50", backbone_parameters={"output_stride": 8}, head="UNetDecoder")
    config = example_config()
    config["components"]["mask"]["of"] = "pyramd"
    with pytest.raises(ValueError, match=f"^{re.escape(reference)}$"):
        ConfiguredNetwork(config=config)


def example_config():
    (text,) = (code for language, code in BLOCKS if language == "yaml")
    return yaml.safe_load(text)


def test_the_example_of_a_config_is_a_network():
    assert ConfiguredNetwork(config=example_config()).task == "segmentation+classification"


@pytest.mark.parametrize("path", sorted(set(re.findall(r"`((?:models|tests)/[\w/.]+\.py)`", PAGE))))
def test_files_that_are_named_exist(path):
    assert (ROOT / path).is_file()


def test_the_imports_of_the_table_work():
    statements = re.findall(r"`((?:from|import) [^`]+)`", PAGE)
    assert len(statements) == 5
    for statement in statements:
        exec(statement, {})
