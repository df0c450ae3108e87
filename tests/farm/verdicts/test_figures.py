"""What the table shows of an attempt, packed and unpacked."""

from __future__ import annotations

import math
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from farm.database.models import CaseResult, LayerError, TensorError
from farm.states.cell import Layer, Resolution
from farm.verdicts.figures import Figures, pack, unpack
from workers.outcome import Outcome

numbers = st.floats(allow_nan=False)


def tensor(**figures: Any) -> TensorError:
    known = {"max_abs_error": 0.5, "sqnr_db": 40.0, "margin": 0.25, "layer": ""}
    return TensorError(**(known | figures))


def case(sample: str, tensors: list[TensorError], layer: LayerError | None = None) -> CaseResult:
    return CaseResult(sample=sample, outcome="PASS", message="", latency_ms=2.0, tensors=tensors, layer=layer)


@given(st.lists(st.tuples(numbers, numbers, st.none() | numbers), max_size=4))
def test_a_resolution_has_the_worst_of_its_outputs(figures: list[tuple[float, float, float | None]]) -> None:
    tensors = [tensor(max_abs_error=error, sqnr_db=sqnr, margin=margin) for error, sqnr, margin in figures]
    (found,) = unpack(pack([case("8x8", tensors)])).resolutions
    margins = [margin for _, _, margin in figures if margin is not None]
    worst = (max(f[0] for f in figures), min(f[1] for f in figures)) if figures else (None, None)
    assert found == Resolution("8x8", Outcome.PASS, *worst, min(margins, default=None), 2.0, "")


def test_an_exact_output_keeps_its_infinite_sqnr() -> None:
    (found,) = unpack(pack([case("8x8", [tensor(sqnr_db=math.inf)])])).resolutions
    assert found.sqnr_db == math.inf


def test_figures_of_single_layers_count_for_the_margin_only() -> None:
    tensors = [tensor(margin=None), tensor(layer="conv2d", max_abs_error=9.0, sqnr_db=1.0, margin=-1.0)]
    (found,) = unpack(pack([case("8x8", tensors)])).resolutions
    assert (found.max_abs_error, found.sqnr_db, found.margin) == (0.5, 40.0, -1.0)


def test_the_first_layer_that_diverges_is_that_of_the_first_case_that_has_one() -> None:
    rows = [LayerError(value=v, op="add", module="m", error=0.1, source="Add", signature="s") for v in ("v1", "v2")]
    cases = [case("a", []), case("b", [], rows[0]), case("c", [], rows[1])]
    assert unpack(pack(cases)).first_divergent_layer == Layer("v1", "add", "m", 0.1, None, "Add", None, None, "s")


def test_what_a_device_lacks_is_kept_and_an_attempt_without_figures_has_none() -> None:
    assert unpack(pack([], ["gelu", "erf"])) == Figures(unsupported=("gelu", "erf"))
    assert unpack(None) == Figures()
