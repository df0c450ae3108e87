import json
import subprocess
import sys

import pytest

FIELDS = (
    *("network", "peer", "ratio", "ours_s", "peer_s", "ratio_cpu", "ours_cpu_s", "peer_cpu_s", "stages", "error"),
)
PEERS = ["torch.onnx.export", "torch.onnx.export (legacy)"]
STAGES = {"calibrate", "capture", "samples", "verify", "write"}


@pytest.mark.slow
def test_rows_say_what_was_compared_and_add_up() -> None:
    pytest.importorskip("onnxscript", reason="the bench extra is not installed")
    command = [sys.executable, "-m", "benchmarks.convert", "--json", "mobilenetv2"]
    document = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
    assert next(iter(document.items())) == ("schema", "benchmark-convert/1")
    rows = document["rows"]
    assert [(row["network"], row["peer"]) for row in rows] == [(n, p) for n in ("mobilenetv2", "total") for p in PEERS]
    for row in rows:
        assert tuple(row) == FIELDS
        assert row["error"] == ""
        assert row["ratio"] == pytest.approx(row["ours_s"] / row["peer_s"], abs=2e-3)
        assert row["stages"].keys() == STAGES
        assert 0.5 * row["ours_s"] < sum(row["stages"].values()) <= row["ours_s"]


@pytest.mark.slow
def test_a_peer_that_fails_is_a_row_and_not_the_end() -> None:
    code = (
        "import benchmarks.convert as b, torch, json\n"
        "from mcore.sampling import Sampling\n"
        "def export(*_): raise RuntimeError('no such op\\nmore')\n"
        "b.export = export\n"
        "model = torch.nn.Conv2d(3, 4, 3); model.sampling = Sampling.image()\n"
        "rows = list(b.rows_of('tiny', model)); rows.append(b.total(b.PEERS[0], []))\n"
        "print('\\n'.join(map(b.text, rows)))\n"
        "assert [r.peer_s for r in rows] == [None] * 3 and [r.ratio for r in rows] == [None] * 3\n"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    first, second, last = result.stdout.splitlines()
    assert "torch.onnx.export          failed: RuntimeError: no such op" in first
    assert "(legacy) failed: RuntimeError: no such op" in second
    assert "exported nothing" in last
