"""The replay before a bundle is put in place: limits, and the first value that leaves torch's."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from mcore.convert import VerificationFailed, capture
from mcore.convert.running import evaluation_copy
from mcore.convert.samples import take_samples
from mcore.convert.verify import RELATIVE, digests_differ, suspect, verify
from mcore.platform.bundle import digest
from mcore.platform.figures import figures
from mcore.platform.ops import registry
from tests.mcore.convert import modules
from tests.mcore.convert.harness import IMAGE, Apply, perturbed


@pytest.fixture(scope="module")
def converted():
    model = perturbed(modules.Classifier())
    captured = capture(model, IMAGE)
    taken = take_samples(evaluation_copy(model), IMAGE, captured, "key")
    return taken.graph, captured.weights, taken.samples


def test_a_faithful_graph_passes_with_its_figures(converted):
    replays = verify(*converted)
    assert [replay.sample for replay in replays] == ["8x8", "8x12", "9x7"]
    for replay in replays:
        assert replay.figures["out"].max_rel_error < 1e-5
        assert replay.figures["out"].sqnr_db > 90


def test_each_output_is_compared_once(converted, monkeypatch):
    compared = []

    def noted(value, golden):
        compared.append(golden)
        return figures(value, golden)

    monkeypatch.setattr("mcore.convert.verify.figures", noted)
    verify(*converted)
    assert len(compared) == 3


def test_the_noise_of_one_sample_is_the_networks(converted):
    """Only the cheapest sample has it measured; a network that is noisy there is so at every size."""
    graph, weights, samples = converted
    assert [bool(sample.noise_floor) for sample in samples] == [False, False, True]
    off = [replace(s, outputs={n: v + 4 * RELATIVE * np.abs(v).max() for n, v in s.outputs.items()}) for s in samples]
    quiet, noisy = ({"out": floor} for floor in (1e-7, 10 * RELATIVE))
    with pytest.raises(VerificationFailed, match=r"sample 8x8 is off by .* \(limit 1\.0e-04\)"):
        verify(graph, weights, (off[0], off[1], replace(off[2], noise_floor=quiet)))
    with pytest.raises(VerificationFailed, match=r"sample 8x8 is off by .* \(limit 5\.0e-02\), .* dB"):
        verify(graph, weights, (off[0], off[1], replace(off[2], noise_floor=noisy)))


@pytest.mark.parametrize("name", ["stem.weight", "blocks.0.conv2.weight", "blocks.1.bn2.running_var", "fc.bias"])
def test_a_wrong_weight_is_found_and_its_node_named(name, converted):
    graph, weights, samples = converted
    wrong = {**weights, name: weights[name][::-1].copy()}
    module = name.rpartition(".")[0]
    with pytest.raises(VerificationFailed) as failed:
        verify(graph, wrong, samples)
    text = str(failed.value)
    assert text.startswith("output 'out' of sample 8x8 is off by ")
    node = next(node for node in graph.nodes if node.module == module)
    assert text.endswith(f"the first value that leaves torch's is {node.outputs[0]!r}: {node.op} in {module}")


def test_a_wrong_attribute_is_found_and_its_node_named(converted):
    graph, weights, samples = converted
    index, node = next((i, n) for i, n in enumerate(graph.nodes) if n.module == "blocks.1.bn1")
    wrong = replace(
        graph, nodes=(*graph.nodes[:index], replace(node, attributes={"eps": 0.5}), *graph.nodes[index + 1 :])
    )
    with pytest.raises(VerificationFailed, match=r"is 'blocks\.1\.bn1\.batch_norm': batch_norm in blocks\.1\.bn1"):
        verify(wrong, weights, samples)


def test_a_wrong_kernel_is_found_and_its_first_node_named(converted):
    def adds_a_little(*arrays, **attributes):
        (result,) = registry.get("adaptive_avg_pool2d").compute(arrays, attributes)
        return result * np.float32(1.001)

    with pytest.raises(VerificationFailed, match=r"'pool\.adaptive_avg_pool2d': adaptive_avg_pool2d in pool"):
        verify(*converted, kernels={"adaptive_avg_pool2d": adds_a_little})


def test_where_every_value_agrees_the_planned_runtime_is_at_fault(converted):
    graph, weights, samples = converted
    assert (
        suspect(graph, weights, samples[0])
        == "every single value agrees with torch's, so the planned runtime is at fault"
    )


def test_a_kernel_that_raises_is_a_failure_of_the_replay(converted):
    graph, weights, samples = converted
    broken = replace(samples[0], inputs={"x": samples[0].inputs["x"][:, :, :4]})
    with pytest.raises(VerificationFailed, match=r"sample 8x8 does not run on the Platform: .*H = 4"):
        verify(graph, weights, (broken,))


def wrong_output(converted, change):
    graph, weights, samples = converted
    outputs = {"out": change(samples[0].outputs["out"])}
    return graph, weights, (replace(samples[0], outputs=outputs),)


@pytest.mark.parametrize(
    ("change", "what"),
    [
        (lambda out: out.astype(np.float64), r"is float32 \(1, 5\), torch gives float64 \(1, 5\)"),
        (lambda out: out[:, :4], r"is float32 \(1, 5\), torch gives float32 \(1, 4\)"),
        (lambda out: out + np.abs(out).max() * np.float32(3e-4), "is off by 3.*e-04 of its peak"),
    ],
)
def test_an_output_is_judged_by_type_shape_and_error(change, what, converted):
    with pytest.raises(VerificationFailed, match=what):
        verify(*wrong_output(converted, change))


def _one_off(out: np.ndarray) -> np.ndarray:
    """One element off by 1.2e-4 of the peak."""
    changed = out.copy()
    changed[0, int(np.abs(out[0]).argmin())] += np.abs(out).max() * np.float32(1.2e-4)
    return changed


def test_a_noisy_reference_is_given_more_room(converted):
    graph, weights, (sample,) = wrong_output(converted, _one_off)
    with pytest.raises(VerificationFailed, match=r"limit 1\.0e-04"):
        verify(graph, weights, (replace(sample, noise_floor={"out": 1e-6}),))
    verify(graph, weights, (replace(sample, noise_floor={"out": 1e-5}),))


def test_values_that_are_not_finite_are_named(converted):
    def breaks(*arrays, **attributes):
        (result,) = registry.get("linear").compute(arrays, attributes)
        return result * np.float32(np.nan)

    with pytest.raises(VerificationFailed, match=r"is not finite on the Platform; .* linear in fc"):
        verify(*converted, kernels={"linear": breaks})


def test_an_integer_output_may_differ_where_candidates_are_nearly_equal():
    model = Apply(lambda x: x.argmax(1))
    captured = capture(model, IMAGE)
    taken = take_samples(model, IMAGE, captured, "key")
    verify(taken.graph, captured.weights, taken.samples)
    wrong = tuple(replace(s, outputs={"out": 3 - s.outputs["out"]}) for s in taken.samples)
    with pytest.raises(VerificationFailed, match=r"differs in \d+\.\d+% of its elements"):
        verify(taken.graph, captured.weights, wrong)


def test_digests_differ_by_share_of_the_peak_and_by_what_is_finite():
    value = np.linspace(-1, 1, 1000, dtype=np.float32)
    same = digest(value)
    assert not digests_differ(digest(value * np.float32(1 + RELATIVE / 2)), same, RELATIVE)
    assert digests_differ(digest(value * np.float32(1 + 3 * RELATIVE)), same, RELATIVE)
    assert digests_differ(digest(value[::-1]), same, RELATIVE)
    infinite = digest(np.append(value, np.float32(-np.inf)))
    assert not digests_differ(infinite, infinite, RELATIVE)
    assert digests_differ(infinite, digest(np.append(value, np.float32(0))), RELATIVE)
