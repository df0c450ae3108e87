from __future__ import annotations

from workers.stack import stack_changes


def test_how_stacks_differ() -> None:
    before = {"numpy": "2.4.0", "blas": "SkylakeX", "opset": "1"}
    assert stack_changes(before, before) == ()
    assert stack_changes(before, {"numpy": "2.4.1", "blas": "SkylakeX", "mode": "fast"}) == (
        "mode none → fast",
        "numpy 2.4.0 → 2.4.1",
        "opset 1 → none",
    )
