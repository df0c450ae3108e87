"""With what options a device host starts, and what it says to those that it refuses."""

from __future__ import annotations

from typing import Any

import pytest
from celery.concurrency import get_implementation

from farm.errors import UsageError
from farm.host.options import device_type_of

GOOD: dict[str, Any] = {"pool": get_implementation("prefork"), "concurrency": 1, "queues": ["device_numpy"]}


@pytest.mark.parametrize(
    "changes",
    [{}, {"pool_cls": "prefork"}, {"pool": None}, {"concurrency": None}, {"queues": "device_numpy"}],
    ids=["from the command line", "from the settings", "the default pool", "the default concurrency", "as a text"],
)
def test_prefork_with_one_process_serves_the_type_of_its_queue(changes: dict[str, Any]) -> None:
    assert device_type_of(GOOD | changes) == "numpy"


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"pool": get_implementation("solo")}, "-P solo: "),
        ({"pool": get_implementation("threads")}, "-P thread: "),
        ({"pool": None, "pool_cls": "gevent"}, "-P gevent: "),
        ({"concurrency": 2}, "-c 2: "),
        ({"concurrency": "auto"}, "-c auto: "),
        ({"autoscale": "4,1"}, "--autoscale: "),
        ({"queues": None}, "no -Q: "),
        ({"queues": []}, "no -Q: "),
        ({"queues": ["device_a", "device_b"]}, "-Q device_a,device_b: "),
        ({"queues": ["results"]}, "-Q results: "),
        ({"queues": ["device_"]}, "-Q device_: "),
    ],
    ids=lambda v: str(v) if isinstance(v, str) else "",
)
def test_anything_else_is_refused_in_one_line(changes: dict[str, Any], reason: str) -> None:
    with pytest.raises(UsageError) as caught:
        device_type_of(GOOD | changes)
    assert str(caught.value).startswith(reason)
    assert "\n" not in str(caught.value)
