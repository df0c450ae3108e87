import json
import subprocess
import sys

import pytest


@pytest.mark.slow
def test_rows_say_what_was_compared() -> None:
    command = [sys.executable, "-m", "benchmarks.select", "--quick", "--json"]
    document = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
    assert next(iter(document.items())) == ("schema", "benchmark-select/1")
    cold, warm = document["rows"]
    assert (cold["run"], warm["run"]) == ("cold", "warm")
    for row in (cold, warm):
        assert row["architectures"] >= 28
        assert row["ratio"] == pytest.approx(row["ours_ms"] / row["peer_ms"], rel=0.05)
    assert cold["peer"] == warm["peer"] == "ast.parse"
