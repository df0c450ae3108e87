"""From a model to a bundle on disk, and back."""

from __future__ import annotations

import os
import subprocess
import sys

import numpy as np
import pytest
import torch
from torch import nn

import mcore.convert
from mcore.convert import (
    CaptureRefused,
    ConversionError,
    ReferenceInvalid,
    VerificationFailed,
    fromplatform,
    toplatform,
)
from mcore.convert.running import Size, seeded_inputs
from mcore.platform.format import read_bundle, read_manifest
from mcore.platform.runtime import Program
from mcore.pretrained import LoadReport, Manifest
from mcore.toolchain import CONVERTER_VERSION, toolchain
from tests.mcore.convert import modules
from tests.mcore.convert.harness import IMAGE, assert_close, perturbed, torch_outputs


@pytest.fixture
def model():
    return perturbed(modules.Classifier())


def test_a_bundle_holds_what_was_said_and_what_was_seen(model, tmp_path):
    conversion = toplatform(
        model,
        tmp_path / "net",
        sampling=IMAGE,
        architecture="network:net",
        kind="network",
        constructor={"target": "models.networks:net", "parameters": {"depth": 2}},
        parts={"network": "net"},
        commit="c" * 40,
        closure="d" * 64,
        passed={"numpy": ("a" * 40,)},
    )
    manifest = read_manifest(tmp_path / "net")
    assert conversion.folder == tmp_path / "net"
    assert conversion.manifest == manifest
    assert (manifest.architecture, manifest.kind) == ("network:net", "network")
    assert manifest.constructor["parameters"] == {"depth": 2}
    assert manifest.parts == {"network": "net"}
    assert (manifest.commit, manifest.closure) == ("c" * 40, "d" * 64)
    assert manifest.passed == {"numpy": ("a" * 40,)}
    assert manifest.layers == ("AdaptiveAvgPool2d", "BatchNorm2d", "Conv2d", "Linear", "ReLU")
    assert manifest.toolchain == {
        "converter": CONVERTER_VERSION,
        "numpy": np.__version__,
        "python": f"{sys.version_info.major}.{sys.version_info.minor}",
        "torch": torch.__version__,
    }
    (graph,) = manifest.report["graphs"]
    assert graph == {
        "guards": [],
        "nodes": 18,
        "serves": ["9x7", "8x8", "8x12"],
        "traced": ["3x9x7", "1x9x7", "1x8x8", "2x8x12"],
    }
    assert manifest.report["fallback"] == ""
    assert manifest.report["weights"] == {"origin": "model"}
    assert manifest.report["constants"] == manifest.report["unused"] == manifest.report["remarks"] == []
    bundle = read_bundle(tmp_path / "net")
    assert sorted(sample.name for sample in bundle.samples) == ["8x12", "8x8", "9x7"]
    assert set(conversion.report.seconds) == {"capture", "samples", "verify", "write"}
    assert len(conversion.report.replays) == 3


def test_there_and_back_the_outputs_are_equal_and_so_is_the_bundle(model, tmp_path):
    first = toplatform(model, tmp_path / "first", sampling=IMAGE, architecture="net")
    again = fromplatform(tmp_path / "first")
    for size in (Size(3, 11, 13), Size(1, 8, 8)):
        inputs = seeded_inputs(IMAGE, size, "there and back")
        assert_close(torch_outputs(again, inputs), torch_outputs(model, inputs), 1e-6)
    second = toplatform(again, tmp_path / "second", architecture="net")
    assert second.manifest.identity.graph == first.manifest.identity.graph
    assert second.manifest.identity.weights == first.manifest.identity.weights
    assert second.manifest.identity == first.manifest.identity


def test_own_weights_are_kept_unless_asked_otherwise_and_the_model_is_never_changed(model, tmp_path):
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    toplatform(model, tmp_path / "kept", sampling=IMAGE)
    toplatform(model, tmp_path / "calibrated", sampling=IMAGE, weights="calibrated")
    assert all(torch.equal(tensor, before[name]) for name, tensor in model.state_dict().items())
    kept, calibrated = (read_bundle(tmp_path / name).weights for name in ("kept", "calibrated"))
    np.testing.assert_array_equal(kept["fc.weight"], before["fc.weight"].numpy())
    assert not np.array_equal(calibrated["fc.weight"], before["fc.weight"].numpy())


def test_calibrated_bundles_follow_from_the_architecture_alone(tmp_path):
    identities = []
    for turn, key in enumerate(("net", "net", "other")):
        torch.manual_seed(turn)
        conversion = toplatform(
            modules.Classifier(), tmp_path / str(turn), sampling=IMAGE, architecture=key, weights="calibrated"
        )
        identities.append(conversion.manifest.identity)
    assert identities[0] == identities[1]
    assert identities[0].graph == identities[2].graph
    assert identities[0].weights != identities[2].weights


_PROGRAM = """
import sys, torch
from mcore.convert import toplatform
from tests.mcore.convert import modules
from tests.mcore.convert.harness import IMAGE
torch.set_num_threads(1)
toplatform(modules.Classifier(), sys.argv[1], sampling=IMAGE, architecture="net", weights="calibrated")
"""


def test_two_processes_write_the_same_bytes(tmp_path):
    for seed in ("0", "123"):
        environment = {**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": "."}
        subprocess.run([sys.executable, "-c", _PROGRAM, str(tmp_path / seed)], env=environment, check=True)
    files = {
        seed: {p.relative_to(tmp_path / seed): p.read_bytes() for p in (tmp_path / seed).rglob("*") if p.is_file()}
        for seed in ("0", "123")
    }
    assert files["0"] == files["123"]
    assert len(files["0"]) == 6


def test_the_model_says_itself_what_its_inputs_are_and_what_built_it(model, tmp_path):
    model.sampling = IMAGE
    model.constructor = {"target": "nets:Net", "parameters": {}}
    model.parts = {"backbone": "net"}
    manifest = toplatform(model, tmp_path / "net").manifest
    assert manifest.constructor["target"] == "nets:Net"
    assert manifest.parts == {"backbone": "net"}


def test_without_a_sampling_it_is_refused(model, tmp_path):
    with pytest.raises(CaptureRefused, match=r"Classifier has no sampling; pass sampling=Sampling\.image\(\)"):
        toplatform(model, tmp_path / "net")


def test_a_folder_that_is_there_is_only_replaced_on_request(model, tmp_path):
    toplatform(model, tmp_path / "net", sampling=IMAGE, architecture="a")
    with pytest.raises(FileExistsError, match="overwrite=True"):
        toplatform(model, tmp_path / "net", sampling=IMAGE, architecture="b")
    assert read_manifest(tmp_path / "net").architecture == "a"
    toplatform(model, tmp_path / "net", sampling=IMAGE, architecture="b", overwrite=True)
    assert read_manifest(tmp_path / "net").architecture == "b"


def test_weights_are_of_one_of_two_kinds(model, tmp_path):
    with pytest.raises(ValueError, match="keep, calibrated, not 'random'"):
        toplatform(model, tmp_path / "net", sampling=IMAGE, weights="random")


def test_a_conversion_that_fails_leaves_no_folder(model, tmp_path, monkeypatch):
    with pytest.raises(CaptureRefused):
        toplatform(modules.BoolOfTensor(), tmp_path / "refused", sampling=IMAGE)
    with pytest.raises(ReferenceInvalid):
        toplatform(_Zero(), tmp_path / "constant", sampling=IMAGE)
    _disturb_the_runtime(monkeypatch)
    with pytest.raises(VerificationFailed, match="output 'out' of sample 8x8 is off by"):
        toplatform(model, tmp_path / "unverified", sampling=IMAGE)
    assert list(tmp_path.iterdir()) == []


class _Zero(nn.Module):
    def forward(self, x):
        return x * 0


def _disturb_the_runtime(monkeypatch):
    run = Program.run

    def disturbed(self, inputs):
        return {name: value + np.float32(1.0) for name, value in run(self, inputs).items()}

    monkeypatch.setattr(Program, "run", disturbed)


def test_names_of_the_package():
    assert sorted(mcore.convert.__all__) == list(mcore.convert.__all__)
    assert all(hasattr(mcore.convert, name) for name in mcore.convert.__all__)
    errors = (CaptureRefused, ReferenceInvalid, VerificationFailed, mcore.convert.ModelFailed)
    assert all(issubclass(error, ConversionError) for error in errors)


class Halved(nn.Module):
    """A head whose weights are stored in bfloat16."""

    def __init__(self):
        super().__init__()
        self.features = nn.Conv2d(4, 6, 3, padding=1)
        self.weight = nn.Parameter(torch.randn(5, 6).to(torch.bfloat16))

    def forward(self, x):
        pooled = self.features(x).relu().mean((2, 3))
        return torch.nn.functional.linear(pooled.bfloat16().float(), self.weight.float())


def test_bfloat16_is_stored_as_such_and_comes_back(tmp_path):
    model = perturbed(Halved())
    toplatform(model, tmp_path / "net", sampling=IMAGE)
    bundle = read_bundle(tmp_path / "net")
    assert bundle.graph.weights["weight"].dtype == "bfloat16"
    assert b'"dtype":"BF16"' in (tmp_path / "net" / "weights.safetensors").read_bytes()[:4000]
    again = fromplatform(tmp_path / "net")
    assert torch.equal(again.state_dict()["weight"], model.state_dict()["weight"])
    inputs = seeded_inputs(IMAGE, Size(1, 9, 7), "again")
    assert_close(torch_outputs(again, inputs), torch_outputs(model, inputs))


def test_a_result_in_bfloat16_is_refused(tmp_path):
    class Net(nn.Module):
        def forward(self, x):
            return x.bfloat16()

    with pytest.raises(CaptureRefused, match="output 'out' is bfloat16, in which no result can be judged"):
        toplatform(Net(), tmp_path / "net", sampling=IMAGE)


def test_a_checkpoint_is_named_and_counts_in_the_toolchain(model, tmp_path):
    checkpoint = {"id": "20260101T000000000-00000000", "sha256": "c" * 64}
    manifest = toplatform(model, tmp_path / "net", sampling=IMAGE, checkpoint=checkpoint).manifest
    assert manifest.report["weights"] == {"origin": "checkpoint", **checkpoint}
    assert manifest.toolchain == {**toolchain(), "checkpoint": "c" * 64}
    with pytest.raises(ValueError, match="trained weights are kept"):
        toplatform(model, tmp_path / "net", sampling=IMAGE, checkpoint=checkpoint, weights="calibrated", overwrite=True)


def test_pretrained_weights_are_named_and_count_in_the_toolchain(model, tmp_path):
    said = Manifest(sha256="a" * 64, source="torchvision", task="classification")
    loaded = LoadReport(said, "f" * 64, (), (), (), ())
    manifest = toplatform(model, tmp_path / "net", sampling=IMAGE, pretrained=loaded).manifest
    assert manifest.report["weights"] == {"origin": "pretrained", "source": "torchvision", "sha256": "a" * 64}
    assert manifest.toolchain == {**toolchain(), "pretrained": "f" * 64}
    with pytest.raises(ValueError, match="are kept, not calibrated"):
        toplatform(model, tmp_path / "net", sampling=IMAGE, pretrained=loaded, weights="calibrated", overwrite=True)


def test_calibrated_weights_are_said_to_be(model, tmp_path):
    manifest = toplatform(model, tmp_path / "net", sampling=IMAGE, weights="calibrated").manifest
    assert manifest.report["weights"] == {"origin": "calibrated"}
    assert manifest.toolchain == toolchain()


def test_further_samples_leave_graph_weights_and_the_other_samples_as_they_are(tmp_path):
    """Also where one is cheaper than all others, which is where weights are calibrated."""
    for name, further in (("net", ()), ("more", ((1, 5, 6), (2, 10, 11)))):
        toplatform(
            modules.Classifier(),
            tmp_path / name,
            sampling=IMAGE,
            architecture="a",
            weights="calibrated",
            further=further,
        )
    net, more = (read_bundle(tmp_path / name) for name in ("net", "more"))
    assert net.manifest.identity.samples != more.manifest.identity.samples
    changed = {name for name, entry in more.manifest.files.items() if net.manifest.files.get(name) != entry}
    assert changed == {"samples/5x6.safetensors", "samples/10x11.safetensors"}
    batches = {sample.name: sample.inputs["x"].shape[0] for sample in more.samples}
    assert (batches["5x6"], batches["10x11"], batches["8x12"]) == (1, 2, 2)


def test_a_further_sample_that_has_no_graph_is_refused(tmp_path):
    class Branching(nn.Module):
        def forward(self, x):
            return x * 2 if x.shape[2] > 9 else x * 3 + x.shape[3]

    with pytest.raises(CaptureRefused, match="no graph takes 12x11 with a batch of 1, a further size"):
        toplatform(Branching(), tmp_path / "net", sampling=IMAGE, further=((1, 12, 11),))
