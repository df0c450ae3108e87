"""Running topics as child processes, one after the other; what one has measured is kept before the next begins."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from benchmarks.report.topics import Topic

ROOT = Path(__file__).parents[2]
SCHEMA = "benchmarks/1"
#: A whole `submit --all` twice, on a slow machine.
LIMIT_S = 8 * 3600.0
TAIL = 400
GRACE_S = 30.0


@dataclass(frozen=True, slots=True)
class Ran:
    """A topic's run. ``error`` is empty where its document came and keeps the contract; ``document`` is null without one.

    ``conditions`` are what another run must have in common with this one to stand for it.
    """

    topic: str
    conditions: Mapping[str, Any]
    began: str
    seconds: float
    load: str
    error: str
    document: Mapping[str, Any] | None


Command = Callable[[Topic, bool], Sequence[str]]


def module(topic: Topic, quick: bool) -> list[str]:
    """The command line of a topic."""
    return [sys.executable, *topic.arguments(quick=quick)]


def run_all(
    topics: Sequence[Topic],
    folder: Path,
    conditions: Mapping[str, Any],
    *,
    quick: Collection[str] = (),
    again: bool = False,
    any_commit: bool = False,
    say: Callable[[str], None] = lambda _: None,
    load: Callable[[], str] = lambda: "",
    command: Command = module,
    limit_s: float = LIMIT_S,
) -> list[Ran]:
    """Run each topic that ``folder`` has no good run of, under these conditions; in the order that was asked for.

    Args:
        conditions: machine and commit. A tree with changes that are not committed has no name, so nothing that was measured
            of one stands for another.
        quick: names of topics whose small run is wanted.
        again: run what is there, too.
        any_commit: a run of another commit stands for one of this.
    """
    (folder / "topics").mkdir(parents=True, exist_ok=True)
    found = []
    for topic in topics:
        path = folder / "topics" / f"{topic.name}.json"
        wanted = {"quick": topic.name in quick, **conditions}
        kept = None if again else _kept(path, wanted, any_commit=any_commit)
        if kept:
            say(f"{topic.name}: as it was measured {kept.began}")
        else:
            say(f"{topic.name}: runs")
            kept = _run(topic, wanted, command, load(), limit_s)
            _write(path, asdict(kept))
            say(f"{topic.name}: {kept.error or 'done'} ({kept.seconds:.0f} s)")
        found.append(kept)
    return found


def _run(topic: Topic, conditions: Mapping[str, Any], command: Command, load: str, limit_s: float) -> Ran:
    began, start = datetime.now(UTC).isoformat(timespec="seconds"), time.monotonic()
    code, out, err = _finished(command(topic, conditions["quick"]), limit_s)
    document, error = _read(topic, out)
    if code is None:
        error = f"took more than {limit_s:g} s"
    elif code:
        last = " ".join(err.strip().splitlines()[-1:])[-TAIL:]
        error = f"exit code {code}" + (f": {last}" if last else "")
    return Ran(topic.name, dict(conditions), began, round(time.monotonic() - start, 1), load, error, document)


def _finished(command: Sequence[str], limit_s: float) -> tuple[int | None, str, str]:
    """Exit code (``None`` where the time was over), and both outputs; nothing of it is left then."""
    process = subprocess.Popen(
        command,
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        out, err = process.communicate(timeout=limit_s)
    except subprocess.TimeoutExpired:
        return None, "", ""
    finally:
        _end(process)
    return process.returncode, out, err


def _end(process: subprocess.Popen[str]) -> None:
    """A topic that still runs ends what it has started; what is left of its group then is killed."""
    if process.poll() is None:
        process.terminate()
        with suppress(subprocess.TimeoutExpired):
            process.wait(GRACE_S)
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    for pipe in (process.stdout, process.stderr):
        if pipe is not None:
            pipe.close()


def _read(topic: Topic, out: str) -> tuple[dict[str, Any] | None, str]:
    """The document, and what is wrong with it."""
    try:
        document = json.loads(out)
    except ValueError:
        return None, "no document"
    return (document if isinstance(document, dict) else None), "; ".join(topic.faults(document))


def _kept(path: Path, conditions: Mapping[str, Any], *, any_commit: bool) -> Ran | None:
    """A good run under these conditions, where there is one."""
    try:
        ran = Ran(**json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return None
    same = ran.conditions == (conditions if not any_commit else {**conditions, "commit": ran.conditions.get("commit")})
    dirty = str(conditions["commit"]).endswith("+dirty") and not any_commit
    return ran if same and not dirty and not ran.error else None


def _write(path: Path, document: Mapping[str, Any]) -> None:
    """Whole or not at all."""
    new = path.with_suffix(".new")
    new.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
    new.replace(path)
