"""Checks of a repository's state, each on one that has something to find, and the command that prints them."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from farm.cli import main
from farm.git import Repository
from farm.installation import checks
from farm.planning import plan as planning
from farm.planning.doctor import CHECKS, Examined, Finding, Level, examine
from farm.planning.plan import SourceReader, make_plan
from tests.acceptance.tiny import FILES
from tests.farm.conftest import Scratch
from tests.farm.tinyfarm import BLOCK, SMALL, tiny_inventory

DYNAMIC = {
    "models/utils/__init__.py": "",
    "models/utils/load.py": "from importlib import import_module\n\n\ndef load(kind, name):\n"
    "    return getattr(import_module(f'models.{kind}'), name)\n",
    SMALL: FILES[SMALL].replace(
        "class tiny(Module):", "from models.utils.load import load\n\n\nclass tiny(Module):\n    made = load\n"
    ),
}  # fmt: skip


def found(scratch: Scratch) -> dict[str, tuple[Finding, ...]]:
    inventory = tiny_inventory()
    reader = SourceReader(Repository.find(scratch.root), inventory)
    return examine(Examined(make_plan(reader, inventory, changed_since=None), reader.repository.tree("HEAD").unread))


def test_a_repository_without_faults(scratch: Scratch) -> None:
    scratch.commit(FILES)
    assert found(scratch) == dict.fromkeys(CHECKS, ())


def test_what_discovery_cannot_make_sense_of(scratch: Scratch) -> None:
    scratch.commit({**FILES, "exclusions.yaml": "gone: too slow\n"})
    (finding,) = found(scratch)["discovery"]
    assert (finding.level, finding.where) == (Level.PROBLEM, "exclusions")
    assert finding.what == "gone: matches no architecture; correct the name or remove the line"


def test_a_module_that_cannot_be_parsed(scratch: Scratch) -> None:
    broken = {"models/broken.py": "x = (\n", BLOCK: FILES[BLOCK] + "\n\nfrom models import broken\n"}
    scratch.commit({**FILES, **broken})
    (finding,) = found(scratch)["imports"]
    assert finding.level is Level.PROBLEM
    assert finding.where == "models/broken.py:1"
    assert finding.what == "models.broken cannot be parsed; 3 of 3 architectures"


def test_an_import_of_what_is_gone(scratch: Scratch) -> None:
    scratch.commit({**FILES, BLOCK: FILES[BLOCK] + "\n\nfrom models.gone import x\n"})
    (finding,) = found(scratch)["imports"]
    assert finding.where == BLOCK
    assert finding.what.startswith(
        "models.basicblocks.block cannot be imported: from models.gone import x finds nothing; "
    )
    assert finding.details["architectures"] == ["block:Block", "network:tiny", "network:wide"]


def test_wildcards_say_their_place_what_they_may_reach_and_whom_they_touch(scratch: Scratch) -> None:
    scratch.commit({**FILES, **DYNAMIC})
    (finding,) = found(scratch)["wildcards"]
    assert finding.level is Level.NOTE
    assert finding.where == "models/utils/load.py:5"
    assert finding.what.startswith("import_module(f'models.{kind}') may reach anything in models.* (")
    assert finding.what.endswith("; 1 of 3 architectures")
    details = finding.details
    assert (details["file"], details["line"], details["scope"]) == ("models/utils/load.py", 5, "models.*")
    assert details["architectures"] == ["network:tiny"]
    assert "models.networks.small.wide" in details["definitions"]


def test_each_check_says_what_it_looks_for() -> None:
    for check in CHECKS.values():
        assert check.__doc__


def with_submodule(scratch: Scratch, new_scratch: Callable[[str], Scratch]) -> None:
    """At ``models/vendor``, with a module ``net``."""
    inner = new_scratch("inner")
    inner.commit({"net.py": "class Net:\n    pass\n"})
    add = ("submodule", "--quiet", "add", str(inner.root), "models/vendor")
    scratch.git("-c", "protocol.file.allow=always", *add)


def test_what_lies_in_a_submodule_is_named_with_it(scratch: Scratch, new_scratch: Callable[[str], Scratch]) -> None:
    with_submodule(scratch, new_scratch)
    networks = "models/networks/__init__.py"
    vendored = f"from models.vendor.net import Net\n{FILES[networks]}".replace("__all__ = [", '__all__ = ["Net", ')
    scratch.commit({**FILES, networks: vendored, BLOCK: FILES[BLOCK] + "\n\nfrom models.vendor import net\n"})
    checked = found(scratch)
    why = "lies in the submodule models/vendor, whose files are not read"
    assert [finding.what for finding in checked["discovery"]] == [f"Net: models.vendor.net {why}"]
    assert {finding.what.partition("; ")[0] for finding in checked["imports"]} == {
        f"models.basicblocks.block cannot be imported: from models.vendor import net, which {why}, finds nothing",
        f"models.networks cannot be imported: from models.vendor.net import Net, which {why}, finds nothing",
    }
    (finding,) = checked["submodules"]
    assert (finding.level, finding.where) == (Level.NOTE, "models/vendor")


def test_a_level_that_is_a_submodule(scratch: Scratch, new_scratch: Callable[[str], Scratch]) -> None:
    with_submodule(scratch, new_scratch)
    scratch.commit(FILES)
    inventory = tiny_inventory()
    levels = {**inventory.catalogue.levels, "head": "models/vendor"}
    inventory = inventory.model_copy(update={"catalogue": inventory.catalogue.model_copy(update={"levels": levels})})
    plan = make_plan(SourceReader(Repository.find(scratch.root), inventory), inventory, changed_since=None)
    assert list(map(str, plan.problems)) == [
        "models/vendor/__init__.py: head: lies in the submodule models/vendor, whose files are not read"
    ]


def test_a_module_that_is_a_link(scratch: Scratch) -> None:
    scratch.commit({**FILES, BLOCK: FILES[BLOCK] + "\n\nfrom models.linked import x\n", "shared.py": "x = 1\n"})
    (scratch.root / "models" / "linked.py").symlink_to("../shared.py")
    scratch.commit({})
    (finding,) = found(scratch)["imports"]
    assert "lies behind the symbolic link models/linked.py, which is not followed, finds nothing" in finding.what


class TestCommand:
    @pytest.fixture
    def doctor(
        self, scratch: Scratch, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> Any:
        """Exit code, standard output and standard error in a repository of the given files."""

        def make(files: dict[str, str], *options: str) -> tuple[int, str, str]:
            scratch.commit(files)
            monkeypatch.chdir(scratch.root)
            for name in ("FARM_INVENTORY", "FARM_DATABASE_URL", "FARM_BROKER_URL", "FARM_STORE_URL"):
                monkeypatch.delenv(name, raising=False)
            monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
            monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
            with pytest.raises(SystemExit) as stop:
                main(["doctor", *options])
            printed = capsys.readouterr()
            return int(str(stop.value.code)), printed.out, printed.err

        return make

    def test_wildcards_alone_are_no_failure(self, doctor: Any) -> None:
        code, out, err = doctor({**FILES, **DYNAMIC})
        assert code == 0
        assert "discovery: fine\nimports: fine\nsubmodules: fine\nwildcards: fine, 1 to know of\n" in out
        assert out.splitlines()[-1].startswith("  models/utils/load.py:5: import_module(f'models.{kind}') may reach")
        assert err.startswith("farm: 3 architectures at ")

    def test_a_problem_is(self, doctor: Any) -> None:
        code, out, _ = doctor({**FILES, "exclusions.yaml": "gone: too slow\n"})
        assert code == 1
        place = out.splitlines().index("discovery: 1 to mend")
        assert out.splitlines()[place + 2].startswith("  exclusions: gone: matches no architecture")

    def test_json(self, doctor: Any, scratch: Scratch) -> None:
        code, out, _ = doctor({**FILES, **DYNAMIC}, "--json", "--commit", "HEAD")
        document = json.loads(out)
        assert code == 0
        assert next(iter(document)) == "schema"
        assert document["schema"] == "farm-doctor/1"
        assert document["commit"] == scratch.git("rev-parse", "HEAD")
        assert document["architectures"] == 3
        assert [check["name"] for check in document["checks"]] == [*checks.CHECKS, *CHECKS]
        (finding,) = document["checks"][-1]["findings"]
        assert finding["level"] == "note"
        assert finding["details"]["line"] == 5

    def test_a_state_that_was_read_before_is_not_read_again(self, doctor: Any, monkeypatch: pytest.MonkeyPatch) -> None:
        first = doctor({**FILES, **DYNAMIC})
        monkeypatch.setattr(planning, "discover", lambda *_, **__: pytest.fail("read again"))
        again = doctor({})
        assert again[:2] == first[:2]

    def test_a_commit_that_does_not_exist(self, doctor: Any) -> None:
        code, _, err = doctor(dict(FILES), "--commit", "mian")
        assert code == 4
        assert "did you mean main?" in err
