import json
import subprocess
import sys
from typing import Any

import pytest

COLUMNS = ["network", "peer", "threads", "ratio", "ours_ms", "peer_ms", "mode"]


def document(module: str, *arguments: str) -> dict[str, Any]:
    command = [sys.executable, "-m", f"benchmarks.{module}", "--json", *arguments]
    return json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)


@pytest.mark.slow
def test_rows_say_what_was_compared() -> None:
    made = document("runtime", "--quick", "--runs", "3")
    assert next(iter(made.items())) == ("schema", "benchmark-runtime/1")
    assert set(made["machine"]) == {"processor", "blas", "numpy", "torch"}
    rows = made["rows"]
    assert [row["network"] for row in rows] == ["resnet18@224", "mobilenetv2@224"]
    for row in rows:
        assert list(row) == COLUMNS
        assert (row["peer"], row["threads"], row["mode"]) == ("torch eager", 1, "default")
        assert row["ratio"] == pytest.approx(row["ours_ms"] / row["peer_ms"], abs=2e-3)
        assert row["ours_ms"] > 0.5


@pytest.mark.slow
def test_each_peer_mode_and_number_of_threads_has_a_row() -> None:
    for name in ("onnx", "onnxruntime", "onnxscript"):
        pytest.importorskip(name, reason="a peer of the bench extra")
    rows = document("runtime", "--network", "mobilenetv2", "--runs", "1")["rows"]
    assert {(row["peer"], row["threads"], row["mode"]) for row in rows} == {
        (peer, threads, mode)
        for peer in ("torch eager", "torch channels_last", "onnxruntime", "onnx reference")
        for threads in (1, 2)
        for mode in ("default", "fast")
        if (peer, threads) != ("onnx reference", 2)
    }


def test_a_table_has_a_line_for_each_network_mode_and_number_of_threads() -> None:
    code = (
        "from benchmarks.runtime.table import markdown\n"
        "def row(peer, threads, mode, ratio): return dict(network='net@8', peer=peer, threads=threads, ratio=ratio,"
        " ours_ms=12.34, peer_ms=1, mode=mode)\n"
        "print(markdown([row('a', 1, 'default', 0.7), row('b', 1, 'default', 0.0123), row('a', 2, 'fast', 0.5)],"
        " {'numpy': '2'}))"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout.splitlines() == [
        "| network | threads | mode | ms | × a | × b |",
        "|---|---|---|---|---|---|",
        "| net@8 | 1 | default | 12.3 | 0.7 | 0.0123 |",
        "| net@8 | 2 | fast | 12.3 | 0.5 |  |",
        "",
        "numpy 2",
    ]


def test_processor_time_is_for_one_thread() -> None:
    command = [sys.executable, "-m", "benchmarks.runtime", "--cpu", "--threads", "2"]
    result = subprocess.run(command, capture_output=True, text=True)
    assert result.returncode == 2
    assert "tells nothing of several threads" in result.stderr


def test_a_wrong_result_is_not_timed() -> None:
    code = (
        "import numpy as np; from benchmarks.runtime.timing import check; right = np.ones(4); wrong = right + 1e-3; "
        "check('resnet18', right, right, 2e-4); check('resnet18', wrong, right, 2e-4)"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert result.returncode == 1
    assert "resnet18: off by 1.0e-03 of the peak" in result.stderr


def test_calls_are_timed_by_turns_and_slow_ones_less_often() -> None:
    code = (
        "from benchmarks.runtime.timing import by_turns; seen = []; now = [0.0]\n"
        "def call(name, seconds):\n"
        "    def run(): seen.append(name); now[0] += seconds\n"
        "    return run\n"
        "times = by_turns({'a': call('a', 1), 'b': call('b', 2)}, 2, {'b': 3}, lambda: now[0])\n"
        "print(''.join(seen), times)"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout == "abababa {'a': 1000.0, 'b': 2000.0}\n"


@pytest.mark.slow
def test_memory_and_cold_start_are_of_fresh_processes() -> None:
    (memory,) = document("runtime.memory", "--network", "mobilenetv2")["rows"]
    assert memory["ratio"] == pytest.approx(memory["ours_mib"] / memory["peer_mib"], abs=2e-3)
    assert memory["ours_mib"] > 30
    (start,) = document("runtime.cold_start", "--quick", "--network", "mobilenetv2")["rows"]
    assert start["ratio"] == pytest.approx(start["ours_ms"] / start["peer_ms"], abs=2e-3)
    assert start["ours_cpu_ms"] < start["peer_cpu_ms"]


@pytest.mark.slow
def test_the_runtime_is_about_as_accurate_as_torch() -> None:
    rows = document("runtime.accuracy", "--network", "mobilenetv2")["rows"]
    assert [row["mode"] for row in rows] == ["default", "fast", "exact"]
    for row in rows:
        assert row["lost_db"] == pytest.approx(row["peer_db"] - row["ours_db"], abs=0.02)
        assert row["lost_db"] < 6


@pytest.mark.slow
def test_two_cases_at_once() -> None:
    (row,) = document("runtime.pairs", "--quick", "--network", "mobilenetv2")["rows"]
    assert row["gain"] == pytest.approx(2 * row["one_ms"] / row["two_ms"], abs=0.01)


@pytest.mark.slow
def test_two_lanes_share_most_of_the_work() -> None:
    (row,) = document("runtime.lanes", "--quick", "--network", "resnet18")["rows"]
    assert row["share"] == pytest.approx(row["longest_ms"] / row["all_ms"], abs=2e-3)
    assert 0.5 <= row["share"] < 0.7
