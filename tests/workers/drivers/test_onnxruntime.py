"""ONNX Runtime as a device: its profile, what it lacks before it runs, fallback to the CPU, sizes, and refusals."""

from dataclasses import replace
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np
import pytest

pytest.importorskip("onnx", reason="the onnx extra is not installed")
ort = pytest.importorskip("onnxruntime", reason="the onnx extra is not installed")

from mcore.platform.dtypes import DType  # noqa: E402
from mcore.platform.graph import TensorType  # noqa: E402
from tests.workers.attempts import request_for  # noqa: E402
from tests.workers.bundles import Draft, branched, of_one  # noqa: E402
from tests.workers.policies import FP32  # noqa: E402
from workers.driver import DeviceLost, DeviceOutOfMemory, LoadRejected  # noqa: E402
from workers.drivers.onnxruntime import OnnxRuntimeDriver  # noqa: E402
from workers.judging.compare import compare_outputs  # noqa: E402
from workers.outcome import Cause, Outcome  # noqa: E402
from workers.processes.attempt import run_attempt  # noqa: E402

#: An execution provider of every build that takes no operator: all of them fall back.
TAKES_NOTHING = "AzureExecutionProvider"
needs_it = pytest.mark.skipif(
    TAKES_NOTHING not in ort.get_available_providers(), reason=f"this ONNX Runtime has no {TAKES_NOTHING}"
)


class TestProfile:
    @pytest.mark.parametrize(
        ("profile", "said"),
        [
            ({"threads": 0}, "threads: must be a number from 1 on, not 0"),
            ({"threads": True}, "threads: must be a number from 1 on, not True"),
            ({"optimization": "most"}, "optimization: must be all, basic, none, not 'most'"),
            ({"precision": "int8"}, "precision: .*float32, not in 'int8'"),
            ({"providers": "CPUExecutionProvider"}, "providers: must be a list"),
            ({"providers": []}, "providers: must be a list"),
            ({"providers": [3]}, "providers: each is a name or {name: options}, not 3"),
            ({"providers": [{"A": {}, "B": {}}]}, "providers: each is a name"),
            ({"providers": [{"A": "fast"}]}, "providers: the options of A must be a mapping, not 'fast'"),
        ],
    )
    def test_what_is_wrong_is_named(self, profile: dict[str, Any], said: str) -> None:
        with pytest.raises(ValueError, match=said):
            OnnxRuntimeDriver(profile)

    def test_a_provider_that_the_host_has_not_is_the_hosts_matter(self) -> None:
        with pytest.raises(DeviceLost, match=r"providers: AbacusProvider: this host's ONNX Runtime has .*CPUExec"):
            OnnxRuntimeDriver({"providers": ["AbacusProvider", "CPUExecutionProvider"]})

    def test_the_fingerprint_has_all_that_changes_a_result(self) -> None:
        profiles: list[dict[str, Any]] = [
            {},
            {"optimization": "none"},
            {"providers": [{"CPUExecutionProvider": {"arena_extend_strategy": "kSameAsRequested"}}]},
        ]
        prints = [OnnxRuntimeDriver(profile).fingerprint() for profile in profiles]
        assert len({tuple(p.items()) for p in prints}) == len(profiles)
        assert prints[0]["onnxruntime"] == ort.__version__
        assert prints[2]["providers"] == "CPUExecutionProvider arena_extend_strategy=kSameAsRequested"


class TestLacking:
    def test_an_op_without_a_form_is_named_with_the_reason(self) -> None:
        graph = of_one("cumprod", dim=1).graph
        assert OnnxRuntimeDriver({}).unsupported(graph) == ["cumprod: opset 20 has no running product"]

    def test_attributes_without_a_form_are_named_with_the_reason(self) -> None:
        draft = Draft({"x": 3})
        weight = draft.weight("up", 3, 2, 3, 3)
        graph = draft.network(out=draft.node("conv_transpose2d", "x", weight, dilation=3, output_padding=2)).graph
        assert OnnxRuntimeDriver({}).unsupported(graph) == [
            "conv_transpose2d: output_padding 2 is not smaller than the stride 1"
        ]

    def test_an_operator_without_an_implementation_for_its_type_is_named(self) -> None:
        draft = Draft({"x": 3})
        draft.types["x"] = TensorType(DType.FLOAT64, draft.types["x"].shape)
        value = draft.node("erf", "x")
        graph = replace(branched().graph, inputs={"x": draft.types["x"]}, nodes=tuple(draft.nodes), types=draft.types)
        graph = replace(graph, outputs={"out": value}, weights={})
        (reason,) = OnnxRuntimeDriver({}).unsupported(graph)
        assert reason.startswith("erf: ")
        assert "Could not find an implementation for Erf" in reason

    def test_it_is_known_before_the_network_is_loaded(self, tmp_path: Path) -> None:
        identity = of_one("cumprod", dim=1).write(tmp_path / "tiny")
        report = run_attempt(request_for(tmp_path / "tiny", identity, driver="onnxruntime"))
        assert (report.outcome, report.cases) == (Outcome.UNSUPPORTED_OP, ())
        assert report.unsupported == ("cumprod: opset 20 has no running product",)

    def test_the_same_kind_of_node_is_tried_once(self) -> None:
        driver, graph = OnnxRuntimeDriver({}), branched().graph
        with mock.patch.object(driver._lacking, "_refuses", wraps=driver._lacking._refuses) as tried:
            driver.unsupported(graph)
            first = tried.call_count
            driver.unsupported(graph)
        assert 0 < first == tried.call_count <= len(graph.nodes)


class TestFallback:
    def test_on_the_cpus_own_provider_nothing_falls_back(self) -> None:
        session = OnnxRuntimeDriver({}).load(branched().bundle())
        session.run(branched().samples[0].inputs)
        placement = session.placement()
        assert placement is not None
        assert placement.accelerated >= 6
        assert str(placement) == f"all {placement.accelerated} operators ran on the accelerator"

    def test_a_build_that_does_not_tell_is_good_for_the_cpu_alone(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("workers.drivers.onnxruntime._TELLS", False)
        monkeypatch.setattr(ort, "get_available_providers", lambda: ["NpuExecutionProvider", "CPUExecutionProvider"])
        session = OnnxRuntimeDriver({}).load(branched().bundle())
        assert session.placement() is None
        with pytest.raises(DeviceLost, match=f"ONNX Runtime {ort.__version__} does not say which operators fell back"):
            OnnxRuntimeDriver({"providers": ["NpuExecutionProvider"]})

    @needs_it
    def test_what_an_accelerator_leaves_to_the_cpu_is_a_pass_by_fallback(self, tmp_path: Path) -> None:
        identity = branched().write(tmp_path / "tiny")
        request = request_for(tmp_path / "tiny", identity, driver="onnxruntime", providers=[TAKES_NOTHING])
        report = run_attempt(request)
        assert (report.outcome, report.cause) == (Outcome.PASS_FALLBACK, Cause.UNKNOWN)
        assert "operators fell back to the CPU: " in report.message
        assert "Conv" in report.message


class TestSizes:
    def test_one_model_serves_every_size_where_it_can(self) -> None:
        network = branched()
        session = OnnxRuntimeDriver({}).load(network.bundle())
        for sample in network.samples:
            session.run(sample.inputs)
        assert len(session._models.opened()) == 1

    def test_where_a_form_needs_the_size_each_has_a_model_of_its_own(self) -> None:
        network = of_one("adaptive_avg_pool2d", output_size=(3, 5))
        session = OnnxRuntimeDriver({}).load(network.bundle())
        for sample in [*network.samples, *network.samples]:
            compared = compare_outputs(session.run(sample.inputs), sample.outputs, FP32)
            assert compared.outcome is Outcome.PASS, compared.message
        assert len(session._models.opened()) == len(network.samples)

    def test_a_size_that_the_graph_does_not_take_is_refused(self) -> None:
        session = OnnxRuntimeDriver({}).load(branched().bundle())
        with pytest.raises(LoadRejected, match="outside"):
            session.run({"x": np.zeros((1, 3, 2, 2), np.float32)})

    def test_nothing_is_held_after_closing(self) -> None:
        session = OnnxRuntimeDriver({}).load(branched().bundle())
        session.close()
        with pytest.raises(AssertionError):
            session.run(branched().samples[0].inputs)


class TestErrors:
    def test_a_form_that_is_missing_at_load_is_a_rejection(self) -> None:
        with pytest.raises(LoadRejected, match="no ONNX model: cumprod"):
            OnnxRuntimeDriver({}).load(of_one("cumprod", dim=1).bundle())

    @pytest.mark.parametrize(
        ("text", "kind"),
        [
            ("[ONNXRuntimeError] : 6 : RUNTIME_EXCEPTION : Failed to allocate memory for buffer", DeviceOutOfMemory),
            ("[ONNXRuntimeError] : 1 : FAIL : Non-zero status code\nmore", LoadRejected),
        ],
    )
    def test_what_onnx_runtime_raises_is_sorted(self, text: str, kind: type[Exception]) -> None:
        session = OnnxRuntimeDriver({}).load(branched().bundle())
        broken = mock.Mock()
        broken.run.side_effect = ort.capi.onnxruntime_pybind11_state.Fail(text)
        models = session._models
        models._open = {key: (broken, names) for key, (_, names) in models._open.items()}
        with pytest.raises(kind, match=r"(Failed to allocate|does not run it: 1 : FAIL : Non-zero status code$)"):
            session.run(branched().samples[0].inputs)


def test_a_host_without_the_library_is_an_infra_matter(tmp_path: Path) -> None:
    import subprocess
    import sys

    probe = (
        "import sys; sys.modules['onnxruntime'] = None\n"
        "from tests.workers.attempts import request_for\nfrom workers.processes.child import attempt\n"
        "from pathlib import Path\n"
        f"report = attempt(request_for(Path({str(tmp_path / 'tiny')!r}), {branched().write(tmp_path / 'tiny')!r}, "
        "driver='onnxruntime'), lambda message: None)\n"
        "print(report.outcome, report.cause, report.message, sep='|')"
    )
    done = subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True, check=True)
    outcome, cause, message = done.stdout.strip().split("|")
    assert (outcome, cause) == ("INFRA_ERROR", "infra")
    assert message.startswith("this host lacks what driver 'onnxruntime' needs: ")
