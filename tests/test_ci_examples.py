"""The examples for CI: what GitHub and GitLab take, and commands that the farm takes."""

from __future__ import annotations

import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import pytest
import yaml

from farm.cli import cli

FOLDER = Path(__file__).parent.parent / "examples" / "ci"
SCHEMAS = {
    "github-actions.yml": ("vendor.github-workflows",),
    "gitlab-ci.yml": ("vendor.gitlab-ci", "--data-transform", "gitlab-ci"),
}


def texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for each in value.values():
            yield from texts(each)
    elif isinstance(value, list):
        for each in value:
            yield from texts(each)


def commands(name: str) -> list[list[str]]:
    document = yaml.safe_load((FOLDER / name).read_text())
    return [shlex.split(text)[1:] for text in texts(document) if text.startswith("farm ")]


def test_every_example_is_checked() -> None:
    assert {path.name for path in FOLDER.iterdir()} == set(SCHEMAS)


@pytest.mark.parametrize("name", SCHEMAS)
def test_it_is_what_its_reader_takes(name: str) -> None:
    line = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", *SCHEMAS[name], str(FOLDER / name)]
    done = subprocess.run(line, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("name", SCHEMAS)
def test_its_commands_are_the_farms(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    found = commands(name)
    assert len(found) == 2
    for line in found:
        command = cli.get_command(click.Context(cli), line[0])
        assert command is not None
        given = command.make_context(line[0], line[1:]).params
        assert (given["wait"], given["fail_on"]) == (True, "regression")
        assert given["changed_since"]
        assert given["commit"]
        assert given["timeout"] < 120 * 60  # it says so itself before the job is ended from outside


def test_what_others_may_choose_reaches_a_shell_by_the_environment_alone() -> None:
    document = yaml.safe_load((FOLDER / "github-actions.yml").read_text())
    for job in document["jobs"].values():
        for step in job["steps"]:
            assert "${{" not in step.get("run", "")
            assert "${{" not in step.get("with", {}).get("script", "")
    text = (FOLDER / "github-actions.yml").read_text()
    assert "pull_request_target" not in text
