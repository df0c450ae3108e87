"""A config file is plain data, or one line with its place."""

from __future__ import annotations

from pathlib import Path

import pytest

from farm.conversion.config_file import read_config
from farm.errors import UsageError


def test_yaml_and_json_are_read(tmp_path: Path) -> None:
    file = tmp_path / "experiment.yaml"
    file.write_text("name: One\ncomponents: {body: {type: ResNet18}}\noutputs: body\n")
    data = {"name": "One", "components": {"body": {"type": "ResNet18"}}, "outputs": "body"}
    assert read_config(file) == data
    file.write_text('{"name": "One", "components": {"body": {"type": "ResNet18"}}, "outputs": "body"}')
    assert read_config(file) == data


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("name: [1\nx", r":2: not YAML: "),
        ("- 1", r": a config is a mapping with a name, components and outputs$"),
        ("", r": a config is a mapping with a name, components and outputs$"),
        ("name: 3", r": a config is a mapping with a name, components and outputs$"),
        ("name: !!python/object/apply:os.getcwd []", r":1: not YAML: "),
        ("name: One\nmade: 2024-13-45", r": not YAML: month must be in 1..12$"),
        ("name: One\nmade: " + "[" * 2000, r": not YAML: "),
    ],
)
def test_what_is_no_config_is_one_line_with_its_place(tmp_path: Path, text: str, message: str) -> None:
    file = tmp_path / "experiment.yaml"
    file.write_text(text)
    with pytest.raises(UsageError, match=message) as caught:
        read_config(file)
    assert "\n" not in str(caught.value)
    assert str(caught.value).startswith(str(file))


def test_a_file_that_is_not_there_and_one_that_is_too_large(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot be read"):
        read_config(tmp_path / "none.yaml")
    large = tmp_path / "large.yaml"
    large.write_bytes(b"#" * ((1 << 20) + 1))
    with pytest.raises(UsageError, match="larger than"):
        read_config(large)
