"""Topics run one after the other, each in a process of its own; what one measured outlasts the failure of another."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from benchmarks.__main__ import main
from benchmarks.report.document import BEGIN, END, write_document, write_results
from benchmarks.report.run import Ran, run_all
from benchmarks.report.topics import BY_NAME, Topic

READING, CHAOS, RUNTIME = (BY_NAME[name] for name in ("reading", "chaos", "runtime"))
ROW = {"query": "table", "database": "sqlite", "results": 40_000, "median_ms": 12.345, "cpu_ms": 8.0}
GOOD = {"schema": READING.schema, "rows": [ROW]}
KNOWN = {"commit": "c0ffee", "machine": {"processor": "slow", "cores": "2"}}
QUICK = {"quick": True, **KNOWN}


class Script:
    """Stands for every topic's command, and counts how often each runs."""

    def __init__(self, **codes: str) -> None:
        self.codes, self.ran = codes, []

    def __call__(self, topic: Topic, quick: bool) -> Sequence[str]:
        self.ran.append((topic.name, quick))
        return [sys.executable, "-S", "-c", self.codes[topic.name]]


def says(document: Any) -> str:
    return f"print({json.dumps(json.dumps(document))})"


def test_one_that_fails_does_not_lose_the_others(tmp_path: Path) -> None:
    script = Script(
        runtime="import sys; sys.exit('no torch\\nnot here')",
        reading=says(GOOD),
        chaos=says({"schema": CHAOS.schema, "jobs": 3}),
    )
    runs = run_all([RUNTIME, READING, CHAOS], tmp_path, KNOWN, quick=["reading"], command=script)
    assert [run.topic for run in runs] == ["runtime", "reading", "chaos"]
    failed, good, short = runs
    assert (failed.error, failed.document) == ("exit code 1: not here", None)
    assert (good.error, good.document) == ("", GOOD)
    assert "a row of chaos without kills" in short.error
    assert script.ran == [("runtime", False), ("reading", True), ("chaos", False)]


def test_it_goes_on_where_it_was_stopped(tmp_path: Path) -> None:
    script = Script(reading=says(GOOD), runtime="print('{')")
    first = run_all([READING, RUNTIME], tmp_path, KNOWN, command=script)
    assert run_all([READING, RUNTIME], tmp_path, KNOWN, command=script)[0] == first[0]
    assert [name for name, _ in script.ran] == ["reading", "runtime", "runtime"]
    run_all([READING], tmp_path, KNOWN, quick=["reading"], command=script)
    assert script.ran[-1] == ("reading", True)
    before = len(script.ran)
    for others in ({**KNOWN, "commit": "f00"}, {**KNOWN, "machine": {}}):
        run_all([READING], tmp_path, others, command=script)
        before += 1
        assert len(script.ran) == before
    run_all([READING], tmp_path, others, command=script)
    run_all([READING], tmp_path, others, again=True, command=script)
    assert len(script.ran) == before + 1


def test_what_was_measured_of_another_commit_stands_where_that_is_wanted(tmp_path: Path) -> None:
    script = Script(reading=says(GOOD))
    first = run_all([READING], tmp_path, KNOWN, command=script)
    for commit in ("f00", "f00+dirty"):
        assert run_all([READING], tmp_path, {**KNOWN, "commit": commit}, any_commit=True, command=script) == first
    run_all([READING], tmp_path, {**KNOWN, "machine": {}}, any_commit=True, command=script)
    run_all([READING], tmp_path, {**KNOWN, "machine": {}}, quick=["reading"], any_commit=True, command=script)
    assert [quick for _, quick in script.ran] == [False, False, True]


def test_a_tree_with_changes_has_no_name_to_find_it_by(tmp_path: Path) -> None:
    script, dirty = Script(reading=says(GOOD)), {**KNOWN, "commit": "c0ffee+dirty"}
    for _ in range(2):
        run_all([READING], tmp_path, dirty, command=script)
    assert len(script.ran) == 2


def test_what_is_half_written_is_measured_again(tmp_path: Path) -> None:
    script = Script(reading=says(GOOD))
    (tmp_path / "topics").mkdir()
    (tmp_path / "topics" / "reading.json").write_text('{"topic": "rea')
    (run,) = run_all([READING], tmp_path, KNOWN, command=script)
    assert run.document == GOOD
    assert not list((tmp_path / "topics").glob("*.new"))


def test_what_takes_too_long_is_ended_with_all_that_it_started(tmp_path: Path) -> None:
    left = tmp_path / "left"
    child = f"import time, pathlib; time.sleep(3); pathlib.Path({str(left)!r}).touch()"
    code = f"import subprocess, sys; subprocess.run([sys.executable, '-S', '-c', {child!r}])"
    (run,) = run_all([READING], tmp_path, KNOWN, command=Script(reading=code), limit_s=0.5)
    assert run.error == "took more than 0.5 s"
    assert run.seconds < 3
    assert not left.exists()


def ran(**more: Any) -> Ran:
    return Ran("reading", QUICK, "2026-01-02T03:04:05+00:00", 61.2, "0.3", more.get("error", ""), GOOD)


def test_a_run_leaves_results_tables_and_charts(tmp_path: Path) -> None:
    lost = Ran("chaos", QUICK, "2026-01-02T03:05:00+00:00", 1.0, "", "exit code 3: no redis", None)
    write_results([ran(), lost], tmp_path)
    document = json.loads((tmp_path / "results.json").read_text())
    assert document["schema"] == "benchmarks/1"
    assert [run["topic"] for run in document["runs"]] == ["reading", "chaos"]
    text = (tmp_path / "tables.md").read_text()
    assert "slow; cores 2." in text
    assert "2026-01-02T03:04:05+00:00, `--quick`, 61 s, load 0.3 before, commit `c0ffee`." in text
    assert "| table | sqlite | 40,000 | 12.3 | 8 |" in text
    assert "**Failed: exit code 3: no redis**" in text
    assert [path.name for path in (tmp_path / "charts").iterdir()] == ["reading.svg"]
    assert "(charts/reading.svg)" in text


def test_the_document_keeps_what_is_written_by_hand(tmp_path: Path) -> None:
    (tmp_path / "benchmarks.md").write_text(f"# By hand\n\n{BEGIN}\nold\n{END}\nafter\n")
    write_document([ran()], tmp_path)
    text = (tmp_path / "benchmarks.md").read_text()
    assert text.startswith("# By hand\n")
    assert text.endswith(f"{END}\nafter\n")
    assert "old" not in text
    assert "(benchmarks/reading.svg)" in text
    assert (tmp_path / "benchmarks" / "reading.svg").is_file()


@pytest.mark.parametrize("wrong", [["--only", "speed"], ["--document", "--only", "queue"]])
def test_what_is_asked_wrongly_runs_nothing(wrong: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(wrong)
    assert ended.value.code == 2
    assert "benchmarks" in capsys.readouterr().err
