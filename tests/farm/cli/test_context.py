"""How commands print documents."""

from __future__ import annotations

import contextlib
import io
import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from farm.cli.context import emit_json

texts = st.text(st.characters())  # lone surrogates too: names of files may have them
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | texts | st.dates(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=12,
)


@given(st.dictionaries(texts, values, max_size=4))
def test_a_document_is_indented_as_the_standard_library_does_it(document: dict[str, Any]) -> None:
    document.pop("schema", None)
    with contextlib.redirect_stdout(io.StringIO()) as out:
        emit_json("farm-test/1", document)
    assert out.getvalue() == json.dumps({"schema": "farm-test/1", **document}, indent=2, default=str) + "\n"
