"""Samples run on the Platform in a thread: each once, errors where the outputs are asked for, nothing left running."""

from __future__ import annotations

import threading

import numpy as np
import pytest

from mcore.convert import VerificationFailed
from mcore.convert.capture import capture
from mcore.convert.replays import Replays
from mcore.convert.running import Size, evaluation_copy, seeded_inputs
from mcore.convert.samples import take_samples
from mcore.convert.verify import verify
from mcore.platform.errors import GraphError
from mcore.platform.format.samples import sample_to_bytes
from mcore.platform.ops import registry
from mcore.platform.runtime import Program
from tests.mcore.convert import modules
from tests.mcore.convert.harness import IMAGE


@pytest.fixture(scope="module")
def captured():
    return capture(modules.Classifier(), IMAGE)


def inputs(seed="a"):
    size = Size(2, *IMAGE.sizes[0])
    return {name: tensor.numpy() for name, tensor in seeded_inputs(IMAGE, size, seed).items()}


def test_outputs_are_those_of_a_program(captured):
    given = inputs()
    with Replays(captured.weights) as replays:
        replays.begin("one", captured.graph, given)
        found = replays.outputs("one")
    expected = Program(captured.graph, captured.weights, {k: v.shape for k, v in given.items()}).run(given)
    assert found.keys() == expected.keys()
    for name in expected:
        np.testing.assert_array_equal(found[name], expected[name])


def test_a_sample_that_was_begun_is_not_run_again(captured):
    with Replays(captured.weights) as replays:
        replays.begin("one", captured.graph, inputs())
        replays.begin("one", captured.graph, {"nothing": np.zeros(1, np.float32)})
        assert replays.outputs("one")


def test_what_the_platform_cannot_run_is_said_where_the_outputs_are_asked_for(captured):
    with Replays(captured.weights) as replays:
        replays.begin("one", captured.graph, {"nothing": np.zeros(1, np.float32)})
        with pytest.raises(VerificationFailed, match="sample one does not run on the Platform") as caught:
            replays.outputs("one")
    assert isinstance(caught.value.__cause__, GraphError)


def test_another_error_is_let_through(captured):
    def breaks(*arrays, **attributes):
        raise ZeroDivisionError("a fault of the kernel")

    with Replays(captured.weights, {captured.graph.nodes[0].op: breaks}) as replays:
        replays.begin("one", captured.graph, inputs())
        with pytest.raises(ZeroDivisionError):
            replays.outputs("one")


def test_no_thread_is_left(captured):
    before = threading.active_count()
    with Replays(captured.weights) as replays:
        for name in "abc":
            replays.begin(name, captured.graph, inputs(name))
    assert threading.active_count() == before


def test_samples_are_the_same_with_and_without(captured):
    model = evaluation_copy(modules.Classifier())
    captured = capture(model, IMAGE)
    alone = take_samples(model, IMAGE, captured, "key")
    with Replays(captured.weights) as replays:
        together = take_samples(model, IMAGE, captured, "key", replays)
        assert all(replays.outputs(sample.name) for sample in together.samples)
    for a, b in zip(alone.samples, together.samples, strict=True):
        assert a.outputs.keys() == b.outputs.keys()
        for name in a.outputs:
            np.testing.assert_array_equal(a.outputs[name], b.outputs[name])
        assert a.sensitivity == b.sensitivity
    assert alone.graphs == together.graphs


def test_kernels_shape_no_sample(captured):
    """A bundle is the same whatever a kernel computes; so an edit of one is no reason to convert again."""
    model = evaluation_copy(modules.Classifier())
    captured = capture(model, IMAGE)

    def other(x, *rest, **attributes):
        return registry.get("conv2d").kernel(x, *rest, **attributes) * 1.5

    with Replays(captured.weights) as replays:
        one = take_samples(model, IMAGE, captured, "key", replays)
    with Replays(captured.weights, {"conv2d": other}) as replays:
        two = take_samples(model, IMAGE, captured, "key", replays)
        with pytest.raises(VerificationFailed, match="is off by"):
            verify(two.graphs, captured.weights, two.samples, replays=replays)
    assert [sample_to_bytes(s) for s in one.samples] == [sample_to_bytes(s) for s in two.samples]
