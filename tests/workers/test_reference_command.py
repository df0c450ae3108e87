"""The reference of the file protocol as a program: what it refuses, and what it says then."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.workers.bundles import branched
from workers.exchange import Request, Result, read_result
from workers.reference_command import main

COMMAND = (sys.executable, "-m", "workers.reference_command")


def asked(folder: Path, **request: str) -> Result:
    (folder / "request.json").write_text(json.dumps({"schema": "farm-exchange/1", **request}))
    main(folder)
    return read_result((folder / "result.json").read_bytes())


def test_it_describes_itself(tmp_path: Path) -> None:
    result = asked(tmp_path, action="describe")
    assert result.status == "ok"
    assert result.fingerprint["runtime"] == "mcore.platform"


def test_a_graph_that_is_none_is_rejected_with_the_place(tmp_path: Path) -> None:
    (tmp_path / "graph.0.json").write_text("{}")
    result = asked(tmp_path, action="check", graph="graph.0.json")
    assert result.status == "rejected"
    assert "graph.json" in result.message


def test_weights_that_are_cut_off_are_rejected(tmp_path: Path) -> None:
    branched().write(tmp_path / "tiny")
    for name in ("graph.json", "weights.safetensors"):
        data = (tmp_path / "tiny" / name).read_bytes()
        (tmp_path / name).write_bytes(data[:-50] if name.startswith("weights") else data)
    result = asked(tmp_path, action="run", graph="graph.json", weights="weights.safetensors", inputs="x", outputs="y")
    assert result.status == "rejected"
    assert "weights.safetensors" in result.message


@pytest.mark.parametrize(
    ("arguments", "request_text", "said"),
    [
        ((), None, "usage: python -m workers.reference_command FOLDER"),
        (("{folder}",), None, "No such file or directory"),
        (("{folder}",), '{"schema": "farm-exchange/7"}', "request.json: Invalid enum value 'farm-exchange/7'"),
        (("{folder}",), "{", "request.json: "),
    ],
)
def test_what_is_no_request_is_one_line_and_an_exit_code(
    arguments: tuple[str, ...], request_text: str | None, said: str, tmp_path: Path
) -> None:
    if request_text is not None:
        (tmp_path / "request.json").write_text(request_text)
    given = [argument.format(folder=tmp_path) for argument in arguments]
    done = subprocess.run([*COMMAND, *given], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert said in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_requests_and_results_leave_out_what_is_not_said() -> None:
    import msgspec

    assert msgspec.json.encode(Request("farm-exchange/1", "describe")) == (
        b'{"schema":"farm-exchange/1","action":"describe"}'
    )
    assert msgspec.json.encode(Result("farm-exchange/1", "ok")) == b'{"schema":"farm-exchange/1","status":"ok"}'
