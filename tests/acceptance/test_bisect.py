"""A commit that breaks a network on one device: found without a broker, and its failure replayed where there is no farm."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.acceptance.farm_processes import Farm, ModelRepository
from tests.acceptance.tiny import write_tiny
from tests.workers.capsule.capsules import make_machine, replay

SMALL = "models/networks/small.py"
FAULT = "profile: {mode: exact, faults: [{name: wrong_kernel, op: sigmoid}]}"

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]


def test_the_commit_the_layer_and_a_capsule_of_it(tmp_path: Path) -> None:
    repository = ModelRepository(tmp_path / "repository", write_tiny)
    repository.replace("inventory.yaml", "profile: {mode: exact}", FAULT)
    repository.replace(SMALL, "Conv2d, Linear", "Conv2d, Linear, Sigmoid")
    repository.commit("The device is broken, and nobody has met it")
    repository.replace(SMALL, "self.conv = Conv2d(3, 16, 3)", "self.conv, self.gate = Conv2d(3, 16, 3), Sigmoid()")
    repository.replace(SMALL, "return self.conv(x)", "y = self.conv(x)\n        return y * self.gate(y)")
    culprit = repository.commit("Gate it")
    repository.replace(SMALL, "y = self.conv(x)", "z = self.conv(x)\n        y = z")
    repository.commit("Call it something else")
    (tmp_path / "logs").mkdir()
    farm = Farm(repository.root, tmp_path / "logs", {"FARM_STORE_URL": str(tmp_path / "store")})

    found = farm.document("bisect", "wide", "--device", "exact", "--good", "HEAD~2")
    assert found["culprit"]["commit"] == culprit
    assert found["culprit"]["outcome"] == "MISMATCH"
    assert found["culprit"]["changes"][0]["parts"] == ["__init__", "forward"]
    layer = found["culprit"]["first_divergent_layer"]
    assert (layer["module"], layer["op"], layer["introduced_here"]) == ("gate", "sigmoid", True)
    assert (found["bundles"], found["conversions"], found["runs"]) == (2, 3, 3)

    code, said, _ = farm.here("repro", found["culprit"]["attempt"][:12], "--output", str(tmp_path / "capsule"))
    assert code == 0, said
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    done = replay(tmp_path / "capsule", make_machine(tmp_path / "machine"), elsewhere)
    assert (done.returncode, done.stdout.splitlines()[-1]) == (0, "the same verdict and the same figures"), done.stderr
