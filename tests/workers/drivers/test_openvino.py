"""OpenVINO as a device: its profile, the precision that it really computes in, what it lacks before it runs, refusals."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np
import pytest

pytest.importorskip("onnx", reason="the openvino extra is not installed")
# By way of the driver, which sees to it that importing OpenVINO tells nobody.
ov = pytest.importorskip("workers.drivers.openvino", reason="the openvino extra is not installed").ov

from tests.workers.attempts import request_for  # noqa: E402
from tests.workers.bundles import branched, of_one  # noqa: E402
from tests.workers.policies import FP32  # noqa: E402
from workers.canary import canary_failure  # noqa: E402
from workers.driver import DeviceLost, DeviceOutOfMemory, LoadRejected  # noqa: E402
from workers.drivers.openvino import OpenVinoDriver  # noqa: E402
from workers.judging.compare import compare_outputs  # noqa: E402
from workers.outcome import Outcome  # noqa: E402
from workers.processes.attempt import run_attempt  # noqa: E402

HAS_BFLOAT16 = "BF16" in ov.Core().get_property("CPU", "OPTIMIZATION_CAPABILITIES")


class TestProfile:
    @pytest.mark.parametrize(
        ("profile", "said"),
        [
            ({"threads": 0}, "threads: must be a number from 1 on, not 0"),
            ({"precision": "int8"}, "precision: must be float32, bfloat16, float16, not 'int8'"),
        ],
    )
    def test_what_is_wrong_is_named(self, profile: dict[str, Any], said: str) -> None:
        with pytest.raises(ValueError, match=said):
            OpenVinoDriver(profile)

    def test_the_fingerprint_has_what_changes_a_result(self) -> None:
        found = OpenVinoDriver({"threads": 2}).fingerprint()
        assert (found["openvino"], found["precision"]) == (ov.__version__, "float32")
        assert "FP32" in found["capabilities"]
        assert found == OpenVinoDriver({}).fingerprint()  # threads change no kernel


class TestPrecision:
    def test_another_precision_than_the_one_asked_for_is_not_taken_in_silence(self) -> None:
        with (
            mock.patch.object(ov.Core, "get_property", return_value=ov.Type.bf16),
            pytest.raises(DeviceLost, match=r"precision: float16: OpenVINO computes in bf16 on this processor"),
        ):
            OpenVinoDriver({"precision": "float16"})

    @pytest.mark.skipif(not HAS_BFLOAT16, reason="this processor has no bfloat16")
    def test_bfloat16_is_what_is_computed_in_and_the_canary_lives(self) -> None:
        driver, network = OpenVinoDriver({"precision": "bfloat16"}), branched()
        assert canary_failure(driver) == ""
        sample = network.samples[0]
        found = driver.load(network.bundle()).run(sample.inputs)
        for name, golden in sample.outputs.items():
            error = np.abs(found[name] - golden).max() / np.abs(golden).max()
            assert 1e-4 < error < 2e-2
        assert compare_outputs(found, sample.outputs, FP32).outcome is Outcome.MISMATCH


class TestLacking:
    def test_an_op_without_a_form_is_named_with_the_reason(self) -> None:
        assert OpenVinoDriver({}).unsupported(of_one("cumprod", dim=1).graph) == [
            "cumprod: opset 20 has no running product"
        ]

    def test_what_openvino_refuses_is_known_before_the_network_is_loaded(self, tmp_path: Path) -> None:
        identity = of_one("hardshrink", lambd=-1.0).write(tmp_path / "tiny")
        report = run_attempt(request_for(tmp_path / "tiny", identity, driver="openvino"))
        assert (report.outcome, report.cases) == (Outcome.UNSUPPORTED_OP, ())
        (reason,) = report.unsupported
        assert reason.startswith("hardshrink: ")
        assert "must not be negative" in reason
        assert "\n" not in reason


class TestSizes:
    def test_where_a_form_needs_the_size_each_has_a_model_of_its_own(self) -> None:
        network = of_one("adaptive_avg_pool2d", output_size=(3, 5))
        session = OpenVinoDriver({}).load(network.bundle())
        for sample in network.samples:
            compared = compare_outputs(session.run(sample.inputs), sample.outputs, FP32)
            assert compared.outcome is Outcome.PASS, compared.message
        assert len(session._models.opened()) == len(network.samples)

    def test_a_size_that_the_graph_does_not_take_is_refused(self) -> None:
        session = OpenVinoDriver({}).load(branched().bundle())
        with pytest.raises(LoadRejected, match="outside"):
            session.run({"x": np.zeros((1, 3, 2, 2), np.float32)})


class TestErrors:
    def test_a_form_that_is_missing_at_load_is_a_rejection(self) -> None:
        with pytest.raises(LoadRejected, match="no ONNX model: cumprod"):
            OpenVinoDriver({}).load(of_one("cumprod", dim=1).bundle())

    def test_a_model_that_it_does_not_read_is_a_rejection_without_places_in_its_source(self) -> None:
        with pytest.raises(LoadRejected, match=r"^OpenVINO does not load it: Unable to read the model\.[^\n]*$"):
            OpenVinoDriver({}).request(b"no model")

    @pytest.mark.parametrize(
        ("text", "kind"),
        [
            ("Exception from a.cpp:1:\nstd::bad_alloc\n", DeviceOutOfMemory),
            ("Exception from a.cpp:1:\nshapes differ\n", LoadRejected),
        ],
    )
    def test_what_openvino_raises_is_sorted(self, text: str, kind: type[Exception]) -> None:
        session = OpenVinoDriver({}).load(branched().bundle())
        broken = mock.Mock()
        broken.infer.side_effect = RuntimeError(text)
        models = session._models
        models._open = {key: (broken, names) for key, (_, names) in models._open.items()}
        with pytest.raises(kind, match=r"(bad_alloc|does not run it: shapes differ)$"):
            session.run(branched().samples[0].inputs)


def test_importing_it_tells_nobody_and_leaves_nothing_in_the_home_folder(tmp_path: Path) -> None:
    probe = (
        "import workers.drivers.openvino, sys; print([m for m in sys.modules if m.startswith('openvino_telemetry.')])"
    )
    environment = {**os.environ, "HOME": str(tmp_path), "CI": ""}
    done = subprocess.run([sys.executable, "-c", probe], env=environment, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
    assert list(tmp_path.iterdir()) == []


def test_a_host_without_the_library_is_an_infra_matter(tmp_path: Path) -> None:
    probe = (
        "import sys; sys.modules['openvino'] = None\n"
        "from tests.workers.attempts import request_for\nfrom workers.processes.child import attempt\n"
        "from pathlib import Path\n"
        f"report = attempt(request_for(Path({str(tmp_path / 'tiny')!r}), {branched().write(tmp_path / 'tiny')!r}, "
        "driver='openvino'), lambda message: None)\n"
        "print(report.outcome, report.cause, report.message, sep='|')"
    )
    done = subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True, check=True)
    outcome, cause, message = done.stdout.strip().split("|")
    assert (outcome, cause) == ("INFRA_ERROR", "infra")
    assert message.startswith("this host lacks what driver 'openvino' needs: ")
