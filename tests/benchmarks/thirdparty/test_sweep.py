"""The sweep: which networks are due, what is written when, and a whole turn."""

import json
import re
import subprocess
import sys

import pytest

from benchmarks.thirdparty import packages, sweep
from benchmarks.thirdparty.convert import convert_in_child
from benchmarks.thirdparty.row import Row, read_rows
from benchmarks.thirdparty.sweep import Run, turn
from tests.benchmarks.thirdparty.rows import PASSED, REFUSED, write_rows
from tests.servers import NOT_INSTALLED, missing

BOTH = [PASSED.architecture, REFUSED.architecture]


@pytest.fixture
def turns(monkeypatch):
    """Networks that were given a turn, without one being converted."""
    given = []

    def quick(architecture, *, time_s, memory_bytes):
        given.append(architecture)
        return Row(architecture, "PASS", margin=0.5)

    monkeypatch.setattr(sweep, "turn", quick)
    return given


@pytest.mark.parametrize(
    ("again", "due"), [("never", ["timm:new"]), ("failed", [BOTH[1], "timm:new"]), ("all", [*BOTH, "timm:new"])]
)
def test_who_is_due(again, due, tmp_path, turns):
    path = tmp_path / "rows.jsonl"
    write_rows(path, [PASSED, REFUSED])
    rows = list(Run(path, again=again).rows([*BOTH, "timm:new"]))
    assert turns == due == [row.architecture for row in rows]
    assert read_rows(path)["timm:new"].margin == 0.5


def test_a_row_is_written_before_the_next_network_has_its_turn(tmp_path, turns):
    path = tmp_path / "rows.jsonl"
    running = Run(path).rows(["timm:a", "timm:b"])
    next(running)
    running.close()
    assert turns == ["timm:a"]
    list(Run(path).rows(["timm:a", "timm:b"]))
    assert turns == ["timm:a", "timm:b"]


@pytest.fixture
def installed():
    try:
        packages.torchvision()
    except ImportError:
        missing("torchvision", NOT_INSTALLED)


@pytest.mark.slow
@pytest.mark.usefixtures("installed")
def test_a_turn_is_a_conversion_and_a_replay():
    row = turn("classification:squeezenet1_1")
    assert (row.outcome, row.reason, row.error) == ("PASS", "", "")
    assert (row.parameters, row.takes, row.sizes) == (1_235_496, "any", ("224x224", "128x192", "97x129"))
    assert (row.graphs, row.guards, row.nodes) == (1, 0, 65)
    assert row.margin > 0.9
    assert {"torch", "torchvision", "numpy", "commit", "blas"} <= row.versions.keys()


@pytest.mark.slow
@pytest.mark.usefixtures("installed")
def test_a_whole_detector_is_refused_with_a_reason(tmp_path):
    row, identity = convert_in_child(
        "detection:ssdlite320_mobilenet_v3_large", tmp_path / "b", time_s=60, memory_bytes=8 << 30
    )
    assert (row.passed, identity) == (False, "")
    assert row.reason
    assert row.error in ("CaptureRefused", "ModelFailed")


@pytest.mark.slow
@pytest.mark.usefixtures("installed")
@pytest.mark.parametrize(
    ("limits", "reason"),
    [
        ({"time_s": 0.0, "memory_bytes": 8 << 30}, "takes longer than 0 s"),
        ({"time_s": 60.0, "memory_bytes": 1 << 20}, "MemoryError|ended by itself|memory"),
    ],
)
def test_a_child_beyond_its_limits_is_a_row_too(limits, reason, tmp_path):
    row, identity = convert_in_child("classification:vgg11", tmp_path / "bundle", **limits)
    assert (row.outcome, identity) == ("CONVERT_FAILED", "")
    assert re.search(reason, row.reason)


def test_the_command_takes_a_part_of_the_catalogue_and_runs_nothing_twice(tmp_path):
    path = tmp_path / "rows.jsonl"
    write_rows(path, [PASSED])
    command = [sys.executable, "-m", "benchmarks.thirdparty", PASSED.architecture, "--results", str(path), "--json"]
    document = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
    assert document == {"schema": "benchmark-thirdparty/1", "rows": []}
