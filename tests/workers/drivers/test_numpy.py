"""The simulated device: its profile, its fingerprint, and what it refuses."""

import re
import subprocess
import sys
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from mcore.platform.graph import Guard
from tests.workers.bundles import H, branched
from workers.canary import canary_bundle
from workers.driver import LoadRejected
from workers.drivers.numpy import NumpyDriver
from workers.judging.compare import compare_outputs
from workers.outcome import Outcome
from workers.policy import Policy

CLOSE = Policy("close", 1, "float32", 1e-5, 1e-5, 100.0, 0.999999)


class TestProfile:
    @pytest.mark.parametrize(
        ("profile", "said"),
        [
            ({"mode": "turbo"}, "mode: .*'turbo'.*default, fast, exact"),
            ({"threads": 0}, "threads: must be a number from 1 on, not 0"),
            ({"threads": "two"}, "threads: must be a number from 1 on, not 'two'"),
            ({"threads": True}, "threads: must be a number from 1 on, not True"),
            ({"precision": "int4"}, "precision: .*float32, float16, bfloat16, int8, not 'int4'"),
            ({"missing_ops": ["conv9d"]}, "missing_ops: no op 'conv9d'"),
            ({"missing_ops": "conv2d"}, "missing_ops: must be a list"),
            ({"missing_ops": [3]}, "missing_ops: must be a list"),
            ({"faults": ["gremlins"]}, "faults: no fault 'gremlins'"),
            ({"fault": []}, "no key 'fault'"),
        ],
    )
    def test_what_is_wrong_is_named(self, profile: dict[str, Any], said: str) -> None:
        with pytest.raises(ValueError, match=said):
            NumpyDriver(profile)

    def test_missing_ops_are_those_of_the_graph_in_order(self) -> None:
        driver = NumpyDriver({"missing_ops": ["tanh", "gelu", "cat"]})
        assert driver.unsupported(branched().graph) == ["cat", "tanh"]
        assert NumpyDriver({}).unsupported(branched().graph) == []


class TestFingerprint:
    def test_all_that_changes_a_result_shows(self) -> None:
        profiles: list[dict[str, Any]] = [
            {},
            {"mode": "exact"},
            {"mode": "fast"},
            {"mode": "reference"},
            {"missing_ops": ["cat"]},
            {"faults": ["nan"]},
            {"faults": [{"name": "nan", "unit": True}]},
            {"faults": [{"name": "wrong_kernel", "op": "relu"}]},
            {"faults": [{"name": "wrong_kernel", "op": "conv2d", "value": "v1"}]},
        ]
        prints = [tuple(sorted(NumpyDriver(profile).fingerprint().items())) for profile in profiles]
        assert len(set(prints)) == len(profiles)

    def test_what_changes_nothing_does_not(self) -> None:
        assert (
            NumpyDriver({"mode": "default", "threads": 2, "missing_ops": [], "faults": []}).fingerprint()
            == NumpyDriver({}).fingerprint()
        )

    @pytest.mark.parametrize("file", ["convolution.py", "precision.py", "int8.py", "bfloat16.py", "strikes.py"])
    def test_it_follows_the_code_that_computes_and_rounds(self, file: str) -> None:
        code = NumpyDriver({}).fingerprint()["runtime"]
        assert re.fullmatch("[0-9a-f]{16}", code)
        probe = (
            "from pathlib import Path; from unittest import mock; read = Path.read_bytes\n"
            f"patch = lambda p: read(p) + (b'#' if p.name == '{file}' else b'')\n"
            "from workers.drivers.numpy import NumpyDriver\n"
            "with mock.patch.object(Path, 'read_bytes', patch): print(NumpyDriver({}).fingerprint()['runtime'])"
        )
        changed = subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True, check=True)
        assert re.fullmatch("[0-9a-f]{16}\n", changed.stdout)
        assert changed.stdout.strip() != code


class TestNetworks:
    def test_the_modes_agree_closely(self) -> None:
        network = branched()
        for mode in ("default", "fast", "exact"):
            session = NumpyDriver({"mode": mode}).load(network.bundle())
            for sample in network.samples:
                assert compare_outputs(session.run(sample.inputs), sample.outputs, CLOSE).outcome is Outcome.PASS

    def test_a_size_that_the_graph_was_not_captured_for_is_refused_with_the_reason(self) -> None:
        network = branched()
        graph = replace(network.graph, guards=(Guard(">", H, 14, "stem (model.py:3)"),))
        session = NumpyDriver({}).load(replace(network.bundle(), graphs=(graph,)))
        session.run(network.samples[0].inputs)
        with pytest.raises(LoadRejected, match=r"not captured: needs H > 14 \(stem"):
            session.run(network.samples[1].inputs)

    def test_weights_that_do_not_fit_are_refused(self) -> None:
        network = branched()
        weights = {**network.weights, "stem.weight": np.zeros((6, 3, 1, 1), np.float32)}
        session = NumpyDriver({}).load(replace(network.bundle(), weights=weights))
        with pytest.raises(LoadRejected, match=r"stem\.weight"):
            session.run(network.samples[0].inputs)

    def test_nothing_of_a_network_is_held_after_closing(self) -> None:
        session = NumpyDriver({}).load(branched().bundle())
        session.close()
        with pytest.raises(AssertionError):
            session.run(branched().samples[0].inputs)


def test_it_is_light() -> None:
    """A host of simulated devices has no torch, and its children start quickly."""
    heavy = "('torch', 'scipy', 'celery', 'sqlalchemy')"
    probe = (
        f"import sys, workers.processes.child, workers.drivers.numpy; print([m for m in {heavy} if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


def test_a_fault_of_the_stack_does_not_reach_the_canary_and_one_of_the_unit_does() -> None:
    for unit, refused in ((False, False), (True, True)):
        driver = NumpyDriver({"faults": [{"name": "load_rejected", "unit": unit}]})
        with pytest.raises(LoadRejected):
            driver.load(branched().bundle())
        if refused:
            with pytest.raises(LoadRejected):
                driver.load(canary_bundle())
        else:
            driver.load(canary_bundle()).close()
