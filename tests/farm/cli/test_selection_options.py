"""What ``farm plan`` and ``farm submit`` can be asked to select, and the end-to-end way of a change through git to a plan."""

from __future__ import annotations

import json
from typing import Any

import pytest

from farm.cli import main
from tests.acceptance.tiny import FILES
from tests.farm.conftest import Scratch
from tests.farm.tinyfarm import BLOCK, SMALL


@pytest.fixture
def tiny(scratch: Scratch, monkeypatch: pytest.MonkeyPatch) -> Scratch:
    scratch.commit({**FILES, "exclusions.yaml": "wide: too wide\n"}, "Start")
    monkeypatch.chdir(scratch.root)
    for name in ("FARM_INVENTORY", "FARM_DATABASE_URL", "FARM_BROKER_URL", "FARM_STORE_URL"):
        monkeypatch.delenv(name, raising=False)
    return scratch


@pytest.fixture
def plan(tiny: Scratch, capsys: pytest.CaptureFixture[str]) -> Any:
    """Selected names, in order, and the document."""

    def make(*options: str) -> tuple[list[str], dict[str, Any]]:
        with pytest.raises(SystemExit) as stop:
            main(["plan", *options, "--json"])
        assert stop.value.code == 0
        document = json.loads(capsys.readouterr().out)
        chosen = sorted((a for a in document["architectures"] if a["selected"]), key=lambda a: a["priority"])
        return [a["name"] for a in chosen], document

    return make


def test_only_the_exclusions(plan: Any) -> None:
    assert plan("--exclusions-only")[0] == ["wide"]
    assert plan("--exclusions-only", "--all")[0] == ["wide"]
    assert plan("--exclusions-only", "--name", "tiny")[0] == []
    assert "wide" not in plan("--all")[0]


def test_only_the_exclusions_that_changed(plan: Any, tiny: Scratch) -> None:
    tiny.commit({SMALL: FILES[SMALL].replace("Conv2d(3, 16, 3)", "Conv2d(3, 16, 3, stride=2)")}, "Stride")
    assert plan("--exclusions-only", "--changed-since", "HEAD~1")[0] == ["wide"]
    tiny.commit({SMALL: "# A comment.\n" + FILES[SMALL]}, "Back, with a comment")
    assert plan("--exclusions-only", "--changed-since", "HEAD~2")[0] == []


@pytest.mark.parametrize("command", ["plan", "submit"])
@pytest.mark.parametrize("options", [[], ["--all", "--name", "tiny"], ["--exclusions-only", "--all", "--name", "x"]])
def test_one_way_to_select_is_needed(
    tiny: Scratch, capsys: pytest.CaptureFixture[str], command: str, options: list[str]
) -> None:
    with pytest.raises(SystemExit) as stop:
        main([command, *options])
    assert stop.value.code == 2
    assert "say either --changed-since REV, --all or --name NAME, or --exclusions-only" in capsys.readouterr().err


class TestCommits:
    """Through real commits, a merge and a revert among them."""

    def test_an_edit_a_comment_a_revert(self, plan: Any, tiny: Scratch) -> None:
        edited = FILES[BLOCK].replace("channels, 3, padding=1", "channels, 5, padding=2")
        assert edited != FILES[BLOCK]
        tiny.commit({BLOCK: edited}, "Edit")
        chosen, document = plan("--changed-since", "HEAD~1")
        assert set(chosen) == {"tiny", "Block"}
        chain = next(a for a in document["architectures"] if a["name"] == "tiny")["chain"]
        assert (chain[0]["file"], chain[-1]["file"]) == (SMALL, BLOCK)
        tiny.commit({BLOCK: "# A comment.\n" + edited}, "Comment")
        assert plan("--changed-since", "HEAD~1")[0] == []
        tiny.commit({BLOCK: FILES[BLOCK]}, "Revert")
        assert set(plan("--changed-since", "HEAD~1")[0]) == {"tiny", "Block"}
        assert plan("--changed-since", "HEAD~3")[0] == []

    def test_uncommitted_and_deleted_files(self, plan: Any, tiny: Scratch) -> None:
        (tiny.root / BLOCK).write_text(FILES[BLOCK].replace("channels, 3, padding=1", "channels, 5, padding=2"))
        chosen, document = plan("--changed-since", "HEAD")
        assert set(chosen) == {"tiny", "Block"}
        assert "+dirty." in document["commit"]

    def test_a_file_that_nothing_imports(self, plan: Any, tiny: Scratch) -> None:
        tiny.write({"models/networks/more.py": "from models.networks.small import tiny as more\n"})
        assert plan("--changed-since", "HEAD")[0] == []


@pytest.mark.parametrize(
    "command", [("plan", "--name", "wide"), ("submit", "--name", "wide"), ("why", "wide"), ("convert", "wide")]
)
def test_a_name_whose_file_cannot_be_parsed_is_said_to_be_that(
    tiny: Scratch, capsys: pytest.CaptureFixture[str], command: tuple[str, ...]
) -> None:
    tiny.write({SMALL: FILES[SMALL] + "def (\n"})
    with pytest.raises(SystemExit) as stop:
        main(command)
    assert stop.value.code == 4
    line = FILES[SMALL].count("\n") + 1
    assert capsys.readouterr().err.endswith(
        f"farm: no architecture named 'wide': {SMALL}:{line}: cannot be parsed: invalid syntax\n"
    )
