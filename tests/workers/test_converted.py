"""A torch module, converted and replayed: the way that every architecture of the farm takes."""

from pathlib import Path

import pytest

torch = pytest.importorskip("torch")

from mcore.convert import toplatform  # noqa: E402
from mcore.sampling import Sampling  # noqa: E402
from tests.workers.attempts import request_for  # noqa: E402
from workers.outcome import Cause, Outcome  # noqa: E402
from workers.processes.attempt import run_attempt  # noqa: E402

SIZES = ((24, 24), (16, 32), (17, 21))


class Net(torch.nn.Module):  # type: ignore[misc]
    """A stem, a residual branch, a classifier."""

    sampling = Sampling.image(3, SIZES, minimum=8)

    def __init__(self) -> None:
        super().__init__()
        self.stem = torch.nn.Conv2d(3, 8, 3, stride=2, padding=1)
        self.norm = torch.nn.BatchNorm2d(8)
        self.branch = torch.nn.Conv2d(8, 8, 3, padding=1, groups=2)
        self.classify = torch.nn.Linear(8, 5)

    def forward(self, x):  # type: ignore[no-untyped-def]
        x = torch.relu(self.norm(self.stem(x)))
        x = x + self.branch(x)
        return {"logits": self.classify(x.mean((2, 3))), "features": x}


@pytest.fixture(scope="module")
def converted(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """The bundle of a network with seeded weights."""
    folder = tmp_path_factory.mktemp("bundles") / "net"
    with torch.random.fork_rng():
        torch.manual_seed(0)
        model = Net().eval()
    return folder, str(toplatform(model, folder, architecture="net", kind="network").manifest.identity)


@pytest.mark.parametrize("driver", ["numpy", "torch", "onnxruntime", "openvino"])
def test_it_passes_on_every_device(converted: tuple[Path, str], driver: str) -> None:
    if driver in ("onnxruntime", "openvino"):
        pytest.importorskip("onnx", reason="the onnx extra is not installed")
        pytest.importorskip(f"workers.drivers.{driver}", reason=f"{driver} is not installed")
    report = run_attempt(request_for(*converted, driver))
    assert report.outcome is Outcome.PASS, report.message
    assert {case.sample for case in report.cases} == {f"{height}x{width}" for height, width in SIZES}
    for case in report.cases:
        assert {error.output for error in case.tensors} == {"logits", "features"}
        assert all(error.margin > 0.9 for error in case.tensors)
    assert report.stack["driver"] == driver


def test_a_wrong_kernel_is_named_by_the_module_of_the_source(converted: tuple[Path, str]) -> None:
    report = run_attempt(request_for(*converted, faults=[{"name": "wrong_kernel", "op": "linear"}]))
    assert (report.outcome, report.cause) == (Outcome.MISMATCH, Cause.DEVICE_STACK)
    (layer,) = [case.first_divergent_layer for case in report.cases if case.first_divergent_layer]
    assert (layer.op, layer.module, layer.introduced_here) == ("linear", "classify", True)


def test_a_wrong_inner_node_is_found_behind_the_residual_sum(converted: tuple[Path, str]) -> None:
    report = run_attempt(request_for(*converted, faults=[{"name": "wrong_kernel", "op": "batch_norm"}]))
    (layer,) = [case.first_divergent_layer for case in report.cases if case.first_divergent_layer]
    assert (layer.op, layer.module, layer.introduced_here) == ("batch_norm", "norm", True)
