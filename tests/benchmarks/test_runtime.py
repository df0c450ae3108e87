import json
import subprocess
import sys

import pytest


@pytest.mark.slow
def test_rows_say_what_was_compared() -> None:
    command = [sys.executable, "-m", "benchmarks.runtime", "--quick", "--json"]
    document = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
    assert next(iter(document.items())) == ("schema", "benchmark-runtime/1")
    rows = document["rows"]
    assert [row["network"] for row in rows] == ["resnet18@224", "mobilenetv2@224"]
    for row in rows:
        assert list(row) == ["network", "peer", "threads", "ratio", "ours_ms", "peer_ms"]
        assert (row["peer"], row["threads"]) == ("torch eager", 1)
        assert row["ratio"] == pytest.approx(row["ours_ms"] / row["peer_ms"], abs=2e-3)
        assert row["ours_ms"] > 0.5


@pytest.mark.slow
def test_a_wrong_result_is_not_timed() -> None:
    code = (
        "import numpy as np, benchmarks.runtime as b; right = np.ones(4); wrong = right + 1e-3; "
        "b.check(b.CASES[0], right, right); b.check(b.CASES[0], wrong, right)"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert result.returncode == 1
    assert "resnet18: the runtime is off by 1.0e-03 of the peak" in result.stderr
