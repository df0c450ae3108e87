"""What a device gave for a sample, held against the goldens: what may be in another order is put in order, then compared."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from mcore.platform.bundle import Bundle, Sample
from mcore.platform.runtime import Mode, Program
from workers.judging.compare import Comparison, compare_outputs
from workers.judging.detections import in_golden_order
from workers.judging.rankings import by_value, rankings_of
from workers.outcome import Outcome, worst
from workers.policy import Policy, Scope
from workers.report import CaseReport

Outputs = Mapping[str, np.ndarray]


def compared_with_golden(outputs: Outputs, bundle: Bundle, sample: Sample, policy: Policy) -> Comparison:
    """The outputs of a run on the inputs of ``sample`` of ``bundle``, compared under ``policy``."""
    graph = bundle.graph_for(sample.inputs)

    def fetch(name: str) -> np.ndarray:
        """A golden inner value, by the Platform's own runtime without Winograd."""
        if name in sample.inputs:
            return sample.inputs[name]
        shapes = {key: value.shape for key, value in sample.inputs.items()}
        program = Program(graph.fetching([name]), bundle.weights, shapes, mode=Mode.EXACT)
        return program.run(sample.inputs)[name]

    found, golden = by_value(in_golden_order(outputs, sample.outputs), sample.outputs, rankings_of(graph), fetch)
    return compare_outputs(found, golden, policy, gated=policy.judged is Scope.OUTPUTS)


def both_runs(first: Comparison, other: Comparison) -> Comparison:
    """Of two runs on the same inputs: where one is right and one wrong, the device is not the same from run to run.

    The figures of both are kept, those of the second as its ``run`` 1.
    """
    again = tuple(replace(error, run=1) for error in other.tensors)
    tensors, firm = (*first.tensors, *again), worst((first.firm, other.firm))
    wrong = [compared for compared in (first, other) if compared.outcome is not Outcome.PASS]
    if len(wrong) != 1:
        return replace(first, tensors=tensors, firm=firm)
    what = f"the same inputs gave a right result and a wrong one: {wrong[0].message}"
    return Comparison(Outcome.NONDETERMINISTIC, what, tensors, firm)


def fallen_back(case: CaseReport, placement: str) -> CaseReport:
    """``case`` of a network that an accelerator has only a part in: a pass is ``PASS_FALLBACK``."""
    case = replace(case, fallback=placement)
    return case if case.outcome is not Outcome.PASS else replace(case, outcome=Outcome.PASS_FALLBACK, message=placement)
