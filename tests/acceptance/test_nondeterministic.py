"""``farm submit`` on a network that is another one each time it is built: said, shown, and converted until it is mended."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.acceptance.farm_processes import Farm, ModelRepository
from tests.acceptance.tiny import write_tiny

pytestmark = pytest.mark.timeout(300)
SMALL = "models/networks/small.py"


def test_a_network_that_differs_each_time_is_said_and_mended(tmp_path: Path) -> None:
    repository = ModelRepository(tmp_path / "repository", write_tiny)
    farm = Farm(repository.root, tmp_path, {"FARM_CACHE": str(tmp_path / "cache")})
    repository.replace("inventory.yaml", "repeat_share: 0", "repeat_share: 1")
    repository.replace(SMALL, "Conv2d(3, 16, 3)", "Conv2d(3, 16, 3)\n        self.drawn = __import__('time').time_ns()")
    repository.replace(SMALL, "return self.conv(x)", "return self.conv(x) + self.drawn % 1009 / 1009")
    repository.commit("Draw")
    done = farm.run_here("submit", "--all")
    assert done.returncode == 1
    assert "network:wide NONDETERMINISTIC: graph.json: nodes[1].attributes.other: 0." in done.stderr
    assert "network:tiny is the same again" in done.stderr
    assert "wide on numpy: FAILED (NONDETERMINISTIC, unknown): converted again, it is another bundle:" in done.stdout
    (cell, _) = farm.document("status", "wide")["cells"]
    assert (cell["verdict"], cell["outcome"]) == ("FAILED", "NONDETERMINISTIC")
    assert "nodes[1].attributes.other" in cell["message"]
    assert "✗ FAILED (NONDETERMINISTIC)" in farm.run_here("table", "--kind", "network").stdout
    repository.replace("models/basicblocks/block.py", "convolution and an", "convolution, then an")
    repository.commit("Say")
    plan = farm.document("plan", "--changed-since", "HEAD~1")
    reasons = {a["name"]: a["reason"] for a in plan["architectures"] if a["selected"]}
    assert reasons.keys() == {"wide"}
    assert reasons["wide"].startswith("in doubt: conversions of the same code differ: graph.json: nodes[1]")
    repository.replace(SMALL, "self.drawn % 1009 / 1009", "0.5")
    repository.commit("Draw no more")
    done = farm.run_here("submit", "--changed-since", "HEAD~1")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "network:wide is the same again" in done.stderr
    again = farm.run_here("submit", "--changed-since", "HEAD~1")
    assert "0 to convert, 1 known" in again.stderr
