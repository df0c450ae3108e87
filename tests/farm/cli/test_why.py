"""``farm why`` in words and as a document."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from farm.database.engine import open_database
from tests.acceptance.tiny import FILES
from tests.farm.cli.conftest import Said
from tests.farm.conftest import Scratch
from tests.farm.tinyfarm import BLOCK, SMALL, TinyFarm

Command = Callable[..., Said]
KERNEL = {BLOCK: FILES[BLOCK].replace("channels, 3, padding=1", "channels, 5, padding=2")}
MANY = {BLOCK: KERNEL[BLOCK] + "".join(f"\n\ndef f{i:02}():\n    return {i}\n" for i in range(20))}
MANY[BLOCK] = MANY[BLOCK].replace(
    "return self.act(self.conv(x))", f"return self.act(self.conv(x)), {', '.join(f'f{i:02}()' for i in range(20))}"
)


def test_the_chain_to_what_changed(tiny: Scratch, farm: Command) -> None:
    tiny.commit(KERNEL, "Kernel")
    key = tiny.git("rev-parse", "HEAD")
    assert farm("why", "tiny", "--changed-since", "HEAD~1").out.splitlines() == [
        f"network tiny is selected at {key}: changed: Block.__init__ (models/basicblocks/block.py) via tiny",
        "  tiny (models/networks/small.py:9) → Block.__init__ (models/basicblocks/block.py:15)  changed",
    ]


def test_all_changes_up_to_some_and_all_of_them_in_the_document(tiny: Scratch, farm: Command) -> None:
    tiny.commit(MANY, "Many")
    lines = farm("why", "block:Block").out.splitlines()
    assert len(lines) == 1 + 1 + 1 + 12 + 1
    assert lines[2] == "also, nearest first:"
    assert lines[3] == "  Block (models/basicblocks/block.py:10) → f00 (models/basicblocks/block.py:24)  now reached"
    assert lines[-1] == "  and 8 more: --json lists them all"
    document = farm("why", "block:Block", "--json").document
    assert next(iter(document.items())) == ("schema", "farm-why/1")
    assert [(c["what"], c["parts"]) for c in document["changes"]] == [
        ("changed", ["__init__", "forward"]), *[("now reached", [])] * 20
    ]  # fmt: skip
    assert document["changes"][1]["chain"] == [
        {"definition": "models.basicblocks.block.Block", "file": BLOCK, "line": 10, "wildcard": None},
        {"definition": "models.basicblocks.block.f00", "file": BLOCK, "line": 24, "wildcard": None},
    ]
    assert (document["selected"], document["base"]) == (True, tiny.git("rev-parse", "HEAD~1"))
    assert document["closure"]["definitions"] == 22


def test_why_not(tiny: Scratch, farm: Command) -> None:
    tiny.commit(KERNEL, "Kernel")
    first, second = farm("why", "wide").out.splitlines()
    assert first.startswith("network wide is not selected at ")
    assert first.endswith(f": unchanged since {tiny.git('rev-parse', 'HEAD~1')[:10]}")
    assert second.startswith("  closure ")
    assert second.endswith(
        ": 2 definitions in 2 files, from models.networks.small.wide (models/networks/small.py:24)"
    )  # fmt: skip


def test_the_first_commit_has_nothing_to_be_compared_with(tiny: Scratch, farm: Command) -> None:
    assert "is selected" in farm("why", "tiny").out


def test_what_was_submitted_last_is_compared_with(tiny: Scratch, farm: Command) -> None:
    (tiny.root / ".farm").mkdir()
    (tiny.root / ".git" / "info" / "exclude").write_text(".farm/\n")
    database = open_database(f"sqlite:///{tiny.root / '.farm' / 'farm.sqlite'}")
    recorded = TinyFarm(tiny, database)
    recorded.submit()
    first = tiny.git("rev-parse", "HEAD")
    tiny.commit(KERNEL, "Kernel")
    tiny.write({SMALL: FILES[SMALL].replace("Conv2d(3, 16, 3)", "Conv2d(3, 16, 5)")})
    recorded.submit()  # uncommitted changes cannot be looked up again
    database.close()
    tiny.commit({}, "Stride")
    assert farm("why", "wide", "--json").document["base"] == first
    assert farm("why", "wide", "--commit", "HEAD", "--json").document["base"] == tiny.git("rev-parse", "HEAD~1")
    assert farm("why", "wide", "--changed-since", "HEAD", "--json").document["selected"] is False


def test_a_database_that_is_away_is_no_reason_not_to_answer(
    tiny: Scratch, farm: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    tiny.commit(KERNEL, "Kernel")
    monkeypatch.setenv("FARM_DATABASE_URL", "postgresql://farm:secret@127.0.0.1:1/farm")
    said = farm("why", "tiny")
    assert (said.code, "is selected" in said.out) == (0, True)
    assert "compared with the parent" in said.err


def test_whether_an_edit_somewhere_selects_it(tiny: Scratch, farm: Command) -> None:
    assert farm("why", "tiny", "--reaches", "Block.forward").out.splitlines() == [
        "network tiny reaches Block.forward: an edit there selects it",
        "  tiny (models/networks/small.py:9) → Block.forward (models/basicblocks/block.py:20)",
    ]
    said = farm("why", "wide", "--reaches", "Block.forward")
    assert (said.code, said.out) == (
        0, "network wide does not reach Block.forward: an edit there does not select it\n"
    )  # fmt: skip
    document = farm("why", "wide", "--reaches", BLOCK, "--json").document
    assert document["reaches"]["reached"] is True  # SIZES is in that file
    assert document["reaches"]["chain"][-1]["definition"] == "models.basicblocks.block.SIZES"


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["tyni"], 4, "no architecture named 'tyni'; did you mean tiny"),
        (["tiny", "--changed-since", "mian"], 4, "did you mean main?"),
        (["tiny", "--reaches", "Blok"], 4, "no definition or file named 'Blok'; did you mean Block"),
        ([], 2, "Missing argument 'NAME'"),
    ],
)
def test_a_bad_request_is_one_line(tiny: Scratch, farm: Command, arguments: list[str], code: int, said: str) -> None:
    done = farm("why", *arguments)
    assert (done.code, done.out) == (code, "")
    assert said in done.err
