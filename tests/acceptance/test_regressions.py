"""A regression from its first day to its last, by commands alone: on a device whose kernel of one op is wrong."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.acceptance.farm_processes import Farm, ModelRepository
from tests.acceptance.tiny import write_tiny

pytestmark = pytest.mark.timeout(300)

BLOCK = "models/basicblocks/block.py"
BOARD = "  board: {driver: numpy, policy: fp32, profile: {faults: [{name: wrong_kernel, op: gelu}]}}\n"


def write(root: Path) -> None:
    """The tiny repository with one device, which gets GELU wrong, and the block alone as what is tested."""
    write_tiny(root)
    inventory = (root / "inventory.yaml").read_text()
    head, _, rest = inventory.partition("devices:\n")
    (root / "inventory.yaml").write_text(f"{head}devices:\n{BOARD}{rest[rest.index('conversion:') :]}")


def test_a_commit_breaks_a_block_and_another_mends_it(tmp_path: Path) -> None:
    repository = ModelRepository(tmp_path / "repository", write)
    farm = Farm(repository.root, tmp_path, {"FARM_CACHE": str(tmp_path / "cache")})
    good = repository.git("rev-parse", "HEAD")
    assert farm.run_here("submit", "--name", "Block").returncode == 0

    text = (repository.root / BLOCK).read_text()
    (repository.root / BLOCK).write_text(text.replace("ReLU", "GELU"))
    bad = repository.commit("Use GELU")
    assert farm.run_here("submit", "--name", "Block").returncode == 1
    (one,) = farm.document("regressions")["regressions"]
    assert (one["last_good"]["commit"], one["first_bad"]["commit"], one["state"]) == (good, bad, "open")
    assert (one["definition"], one["cause"]) == ("models.basicblocks.block.Block", "model code")
    assert one["signature_text"].startswith("MISMATCH | device stack | gelu(float32[#, #, #, #]) | ")

    repository.git("revert", "--no-edit", "HEAD")
    assert farm.run_here("submit", "--name", "Block").returncode == 0  # no device runs for it
    assert farm.document("regressions")["regressions"] == []
    shown = farm.document("regressions", "show", "1")
    assert (shown["state"], shown["fixed"]) == ("fixed", repository.git("rev-parse", "HEAD"))
    assert [(c["commit"], c["subject"]) for c in shown["range"]] == [(bad, "Use GELU")]
    assert [place["result"] for place in shown["evidence"]] == ["passes", "fails"]
