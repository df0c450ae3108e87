"""What built an object, recorded as JSON and followed again."""

from __future__ import annotations

import inspect
import json
from collections.abc import Mapping
from functools import partial
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcore.platform.eager.constructor import Recorded, publish, rebuild, record, recorded
from mcore.platform.errors import BackendError

HERE = __name__
CASES_BY_NAME: dict[str, Any] = {}
TRUSTED = (HERE.partition(".")[0],)


class Part(metaclass=Recorded):
    def __init__(self, width: int, *, kind: Any = None) -> None:
        self.width, self.kind = width, kind


class Several(metaclass=Recorded):
    def __init__(self, first: Any, *rest: Any, last: int = 3, **options: Any) -> None:
        self.given = (first, rest, last, options)


class Outer:
    class Inner(Part):
        pass


class Derived(Part):
    def __init__(self, width: int = 5) -> None:
        super().__init__(2 * width, kind="derived")


def build(width: int, depth: int = 2) -> Part:
    return Part(width * depth)


def again(value: Any) -> Any:
    """The object rebuilt from its record, which went through JSON."""
    return rebuild(json.loads(json.dumps(value.constructor)), trusted=TRUSTED)


def test_every_parameter_is_recorded_defaults_too() -> None:
    assert Part(3).constructor == {"target": f"{HERE}:Part", "parameters": {"width": 3, "kind": None}}
    assert Derived().constructor == {"target": f"{HERE}:Derived", "parameters": {"width": 5}}
    assert Outer.Inner(width=1).constructor["target"] == f"{HERE}:Outer.Inner"


class Factory(metaclass=Recorded):
    """A class of a third party that means something else by the name."""

    def __init__(self, constructor: str, part: Part | None = None) -> None:
        self.constructor, self.part = constructor, part


class Method(Part):
    def constructor(self) -> int:
        return self.width


def test_what_a_class_means_by_constructor_is_its_own_and_the_record_is_kept_all_the_same() -> None:
    factory = Factory("lego", part := Method(4))
    assert factory.constructor == "lego"
    assert part.constructor() == 4
    found = recorded(factory)
    assert found is not None
    assert found["parameters"]["part"] == recorded(part)
    again_built = rebuild(json.loads(json.dumps(found)), trusted=TRUSTED)
    assert (again_built.constructor, again_built.part.constructor()) == ("lego", 4)
    assert recorded(again_built) == found


def test_what_was_not_recorded() -> None:
    assert recorded(3) is None
    assert recorded(Part) is None
    assert not hasattr(object.__new__(Part), "constructor")


def test_the_signature_is_the_constructor_s() -> None:
    assert str(inspect.signature(Derived)) == "(width: 'int' = 5) -> 'None'"


def test_a_call_that_does_not_fit_fails_as_the_constructor_does() -> None:
    with pytest.raises(TypeError, match="missing 1 required positional argument: 'width'"):
        Part()  # type: ignore[call-arg]


plain = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3).map(tuple) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=8,
)


@given(plain, st.lists(plain, max_size=3))
def test_plain_values_come_back(value: Any, rest: list[Any]) -> None:
    part, several = again(Part(1, kind=value)), again(Several(value, *rest, last=4, extra=value))
    assert part.kind == value
    assert several.given == (value, tuple(rest), 4, {"extra": value})


def test_lists_come_back_as_tuples_with_the_same_record() -> None:
    part = Part(1, kind=[1, [2, 3]])
    assert again(part).kind == (1, (2, 3))
    assert again(part).constructor == part.constructor


def test_classes_functions_and_recorded_objects_come_back() -> None:
    assert again(Part(1, kind=Derived)).kind is Derived
    assert again(Part(1, kind=build)).kind is build
    nested = again(Part(1, kind={"parts": [Part(2), Derived(3)]}))
    assert [p.width for p in nested.kind["parts"]] == [2, 6]


def test_a_function_may_be_the_target() -> None:
    constructor = record(build, (3,))
    assert constructor == {"target": f"{HERE}:build", "parameters": {"width": 3, "depth": 2}}
    assert rebuild(constructor, trusted=TRUSTED).width == 6


def test_a_published_class_has_one_name_on_both_backends() -> None:
    class Local(Part):
        pass

    publish("mcore.somewhere", {"Local": Local, "text": "no class"})
    assert Local(1).constructor["target"] == "mcore.somewhere:Local"
    assert Part(1, kind=Local).constructor["parameters"]["kind"] == {"class": "mcore.somewhere:Local"}


@pytest.mark.parametrize(
    "value",
    [object(), partial(build), lambda: 1, float("nan"), float("inf"), {1: 2}, {"class": "os:system"}, b"bytes", {1, 2}],
)
def test_what_cannot_be_recorded_is_marked_and_refused_by_name(value: Any) -> None:
    part = Part(1, kind=value)
    recorded = part.constructor["parameters"]["kind"]
    assert list(recorded) == ["unrecordable"]
    with pytest.raises(BackendError, match=r"Part\(kind\) was given a .*, which a manifest cannot hold"):
        again(part)


def test_a_class_inside_a_function_can_be_recorded_but_not_found() -> None:
    class Hidden(Part):
        pass

    assert Part(1, kind=Hidden).constructor["parameters"]["kind"] == {
        "unrecordable": "test_a_class_inside_a_function_can_be_recorded_but_not_found.<locals>.Hidden"
    }
    with pytest.raises(BackendError, match="names no class or function"):
        again(Hidden(1))


def constructor(target: Any = f"{HERE}:Part", **parameters: Any) -> dict[str, Any]:
    return {"target": target, "parameters": parameters}


class Fussy(Part):
    def __init__(self, width: int) -> None:
        if width < 0:
            raise ValueError(f"width is positive, got {width}")
        super().__init__(width)


def test_what_the_constructor_itself_refuses_is_passed_on() -> None:
    assert rebuild(constructor(f"{HERE}:Fussy", width=1), trusted=TRUSTED).width == 1
    with pytest.raises(BackendError, match="Fussy cannot be built from its record: width is positive, got -1"):
        rebuild(constructor(f"{HERE}:Fussy", width=-1), trusted=TRUSTED)


@pytest.mark.parametrize(
    ("hostile", "message"),
    [
        ({}, "constructor is not of the form"),
        (None, "constructor is not of the form"),
        ({"target": f"{HERE}:Part", "parameters": {}, "more": 1}, "not of the form"),
        ({"target": f"{HERE}:Part", "parameters": [1]}, "parameters is not an object"),
        (constructor("os:system", command="true"), "os:system is outside the trusted packages mcore, models, tests"),
        (constructor(f"{HERE}:json.dumps", obj=1), "outside the trusted packages .*name 'json' as trusted"),
        (constructor(f"{HERE}:TRUSTED"), "names no class or function"),
        (constructor(f"{HERE}:CASES_BY_NAME"), "names no class or function"),
        (
            constructor("mcore.platform.eager.constructor:import_module", name="antigravity"),
            "outside the trusted packages",
        ),
        (constructor(f"{HERE}:Nothing"), "names .*:Nothing, which is not here"),
        (constructor("mcore.nothing:Thing"), "which is not here"),
        (constructor(5), "names no class or function: 5"),
        (constructor("Part"), "names no class or function"),
        (constructor(f"{HERE}:Part.__init__.__globals__['os']"), "names no class or function"),
        (constructor("../evil:Part"), "names no class or function"),
        (constructor(width=1, height=2), "Part cannot be built from its record: .*'height'"),
        (constructor(kind=1), "Part cannot be built from its record: .*'width'"),
        (constructor(width=1, kind={"class": "os:system"}), "outside the trusted packages"),
        (constructor(width=1, kind=[constructor("os:system")]), "outside the trusted packages"),
        (constructor(f"{HERE}:Several", **{"*": [1, 2]}), "Several cannot be built from its record: 'first'"),
    ],
)
def test_a_record_that_cannot_be_followed_is_one_line(hostile: Mapping[str, Any], message: str) -> None:
    with pytest.raises(BackendError, match=message) as caught:
        rebuild(hostile, trusted=TRUSTED)
    assert "\n" not in str(caught.value)


def test_only_mcore_and_models_are_trusted_unasked() -> None:
    with pytest.raises(BackendError, match="outside the trusted packages mcore, models: name 'tests' as trusted"):
        rebuild(Part(1).constructor)
