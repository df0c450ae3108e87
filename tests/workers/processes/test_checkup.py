"""The check of a unit in a process of its own: a sound one, faulty ones, and one that does not come back."""

from __future__ import annotations

from typing import Any

import pytest

from workers.processes.checkup import check_unit


def test_a_sound_unit_tells_its_stack() -> None:
    checkup = check_unit("numpy", {})
    assert checkup.failure == ""
    assert checkup.stack["driver"] == "numpy"


@pytest.mark.parametrize(
    ("driver", "profile", "failure", "outside"),
    [
        ("numpy", {"faults": ["bad_unit"]}, "output 'out' leaves its golden", False),
        ("numpy", {"faults": [{"name": "segfault", "unit": True}]}, "the canary ends with code -11", False),
        ("numpy", {"faults": [{"name": "crash", "unit": True}]}, "the canary ends by RuntimeError: ", False),
        ("command", {"command": ["x"], "transport": []}, "the unit does not come up: TypeError: unhashable", False),
        ("numpy", {"nonsense": 1}, "inventory: profile of driver 'numpy'", True),
        ("nobody", {}, "this host has no driver 'nobody'", True),
    ],
)
def test_what_is_wrong_is_one_line_and_whose_fault_it_is(
    driver: str, profile: dict[str, Any], failure: str, outside: bool
) -> None:
    found = check_unit(driver, profile)
    assert found.failure.startswith(failure)
    assert found.outside is outside
    assert "\n" not in found.failure


def test_a_unit_that_hangs_is_left_at_the_limit() -> None:
    assert check_unit("numpy", {"faults": [{"name": "spin", "unit": True}]}, 3.0).failure == (
        "the canary is not done after 3 s"
    )
