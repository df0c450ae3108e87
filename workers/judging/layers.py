"""Each layer of a network alone on golden inputs: how devices of low precision are judged.

Node by node, the plain kernels make the golden values of a sample again, in float32; what this host makes is held against the
digests of the bundle, so that a wrong kernel here cannot judge. The device runs each node as a network of its own, on the
golden values that it reads, such as its precision holds them, and is compared with what the plain kernel makes of the same in
float32: what was lost before a layer is not its error. For int8 values and weights are put on their 255 levels for the plain
kernel, and what it makes on the levels of the result. Values are let go of after their last use.

Integers, booleans and ops that jump (``floor``, ``sign``, ``nms``) are judged too: they are given the same rounded values.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from mcore.platform.bundle import Bundle, Sample
from mcore.platform.graph import Graph, Node
from workers.codec import one_line
from workers.driver import DeviceLost, Driver, Session
from workers.judging.compare import Comparison, all_of, compare_output
from workers.judging.hull import together
from workers.judging.localise import distance, probes_of
from workers.judging.part import Part, computed, given_to, part_on, values_read
from workers.judging.rankings import by_value, rankings_of
from workers.outcome import Outcome
from workers.policy import Policy
from workers.profiles import int8, precision
from workers.report import CaseReport, LayerError, TensorError

#: How far what this host makes may be from a digest of the bundle, where it makes nothing wrong.
REFERENCE = 0.02
#: Characters of a device's own words that a message keeps.
SAID = 1000
Arrays = Mapping[str, np.ndarray]


@dataclass(frozen=True, slots=True)
class Layer:
    """One node: its op, the comparison of its outputs, and how it would be named as the first divergent one."""

    op: str
    compared: Comparison
    error: LayerError


@dataclass(slots=True)
class _Walk:
    graph: Graph
    values: dict[str, np.ndarray]
    symbols: Mapping[str, int]
    last_use: Mapping[str, int] = field(init=False)

    def __post_init__(self) -> None:
        self.last_use = {name: i for i, node in enumerate(self.graph.nodes) for name in values_read(node)}

    def parts(self, bundle: Bundle) -> Iterator[tuple[Node, Part]]:
        for i, node in enumerate(self.graph.nodes):
            part = part_on(
                bundle, self.graph, node, {name: self.values[name] for name in values_read(node)}, self.symbols
            )
            self.values |= part.outputs
            yield node, part
            for name in (*part.inputs, *part.outputs):
                if self.last_use.get(name, -1) <= i:
                    del self.values[name]


def by_layers(case: CaseReport, layers: Sequence[Layer]) -> CaseReport:
    """``case``, whose outputs no gate judged, with the worst of its ``layers``; the first wrong one is the divergent one."""
    found = all_of([Comparison(case.outcome, case.message, case.tensors, case.firm or case.outcome), summed_up(layers)])
    wrong = [layer.error for layer in layers if layer.compared.outcome in (Outcome.MISMATCH, Outcome.NONFINITE)]
    return replace(
        case,
        outcome=found.outcome,
        message=found.message,
        tensors=found.tensors,
        firm=found.firm,
        first_divergent_layer=replace(wrong[0], probes=probes_of([layer.error for layer in layers], wrong[0]))
        if wrong
        else None,
    )


def summed_up(layers: Sequence[Layer]) -> Comparison:
    """Layers as one comparison: for each op a row of the worst figures, and the message of the first worst layer."""
    if not layers:
        return Comparison(Outcome.VACUOUS, "it has no layer that can be judged", firm=Outcome.VACUOUS)
    rows: dict[str, list[TensorError]] = {}
    for layer in layers:
        rows.setdefault(layer.op, []).extend(layer.compared.tensors)
    found = all_of([layer.compared for layer in layers])
    return replace(found, tensors=tuple(_row(op, errors) for op, errors in rows.items() if errors))


def layers_of(driver: Driver, bundle: Bundle, sample: Sample, policy: Policy) -> Iterator[Layer]:
    """Each layer that reads a value, in the order of the graph."""
    graph = bundle.graph_for(sample.inputs)
    peaks = int8.peaks_of(bundle) if policy.precision == precision.INT8 else {}
    walk = _Walk(graph, dict(sample.inputs), graph.bind({n: a.shape for n, a in sample.inputs.items()}))
    for node, part in walk.parts(bundle):
        if not part.inputs:
            continue  # a constant: no device computes it in a way of its own
        if apart := _apart(sample, part):
            yield _layer(node, part, Comparison(Outcome.REFERENCE_INVALID, apart, firm=Outcome.REFERENCE_INVALID))
        else:
            yield _layer(node, part, _alone(driver, node, part, policy, peaks))


def _alone(driver: Driver, node: Node, part: Part, policy: Policy, peaks: Mapping[str, float]) -> Comparison:
    inputs, goldens = reference(part, policy.precision, peaks)
    try:
        outputs = _run(driver.load(part.bundle), inputs)
    except DeviceLost:
        raise
    except Exception as error:  # a node that this device does not take alone: nobody looked at it
        said = f"layer {node.outputs[0]!r} cannot be had alone: {one_line(error, SAID)}"
        return Comparison(Outcome.VACUOUS, said, firm=Outcome.VACUOUS)
    found, wanted = by_value(outputs, goldens, rankings_of(part.bundle.graph), lambda name: inputs[name])
    return all_of([_compared(node.op, name, found.get(name), wanted[name], policy) for name in node.outputs])


def _compared(op: str, name: str, value: np.ndarray | None, golden: np.ndarray, policy: Policy) -> Comparison:
    """As any output, but that inside of a network a golden value need not be finite: then the device's must be the same."""
    if value is None:
        return Comparison(Outcome.SHAPE_OR_DTYPE, f"layer {name!r} gives nothing alone", firm=Outcome.SHAPE_OR_DTYPE)
    finite = np.isfinite(golden)
    if value.shape == golden.shape and value.dtype == golden.dtype and not finite.all():
        rest = np.where(finite, 0, golden)
        if np.array_equal(np.where(finite, 0, value), rest, equal_nan=True):
            value, golden = value[finite], golden[finite]
    return compare_output(name, value, golden, policy, layer=op)


def reference(part: Part, kept: str, peaks: Mapping[str, float]) -> tuple[Arrays, Arrays]:
    """What a device of the precision ``kept`` is given of a node's golden inputs, and what it is to make of them.

    ``peaks`` are the calibration of int8 (:func:`workers.profiles.int8.peaks_of`).
    """
    if kept in precision.ROUNDINGS:
        inputs = precision.stored(part.inputs, kept)
        return inputs, _computed(part, inputs, part.bundle.weights)
    if kept == precision.INT8:
        levels = int8.inputs_of(part.inputs, peaks)
        return part.inputs, int8.inputs_of(_computed(part, levels, int8.weights_of(part.bundle.weights)), peaks)
    return part.inputs, part.outputs


def _computed(part: Part, inputs: Arrays, weights: Arrays) -> dict[str, np.ndarray]:
    (node,) = part.bundle.graph.nodes
    return computed(node, given_to(node, inputs, weights))


def _run(session: Session, inputs: Mapping[str, np.ndarray]) -> Mapping[str, np.ndarray]:
    try:
        return session.run(inputs)
    finally:
        session.close()


def _apart(sample: Sample, part: Part) -> str:
    """Which value this host makes otherwise than the golden says, ``""`` where there is none."""
    for name, value in part.outputs.items():
        known = sample.digests.get(name)
        if known is not None and value.dtype.kind == "f" and not distance(value, known) <= REFERENCE:
            return f"this host makes {name!r} otherwise than its golden digest says: it cannot judge"
    return ""


def _layer(node: Node, part: Part, compared: Comparison) -> Layer:
    local = max((error.max_rel_error for error in compared.tensors), default=0.0)
    error = LayerError(
        node.outputs[0],
        node.op,
        node.module,
        local,
        introduced_here=compared.outcome is not Outcome.PASS,
        source=node.source,
        local_error=local,
        signature=part.signature,
    )
    return Layer(node.op, compared, error)


def _row(op: str, errors: Sequence[TensorError]) -> TensorError:
    """The worst figures of the layers of one op."""
    worst = min(errors, key=lambda error: 1.0 if error.margin is None else error.margin)
    spread = together(error.spread for error in errors if error.spread is not None)
    bad = sum(error.spread.nonfinite for error in errors if error.spread is not None)
    return TensorError(
        worst.output,
        max(error.max_abs_error for error in errors),
        max(error.max_rel_error for error in errors),
        min(error.sqnr_db for error in errors),
        min(error.cosine for error in errors),
        max(error.share_outside for error in errors),
        worst.margin,
        replace(spread, nonfinite=bad),
        layer=op,
    )
