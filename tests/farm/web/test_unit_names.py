from __future__ import annotations

from urllib.parse import quote, unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from farm.web.unit_names import as_parameter, from_parameter

names = st.one_of(
    st.text(st.characters(codec="utf-8"), min_size=1), st.sampled_from([".", "..", "~", "a/b", "%2F", "~2F"])
)


@given(names)
def test_a_name_comes_back_and_has_no_meaning_in_between(name: str) -> None:
    step = as_parameter(name)
    assert from_parameter(step) == name
    assert quote(step, safe="") == step == unquote(step)
    assert step.strip(".")


@pytest.mark.parametrize("name", ["bench-3", "host.example.org", "gpu_0"])
def test_most_names_stay_as_they_are(name: str) -> None:
    assert as_parameter(name) == name
