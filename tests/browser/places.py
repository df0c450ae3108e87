"""Every kind of page, by a name for it, and where one of the farm is."""

from __future__ import annotations

from collections.abc import Callable

from tests.browser.browsed import Browsed

PLACES: dict[str, Callable[[Browsed], str]] = {
    "table": lambda _farm: "",
    "filtered": lambda farm: f"table/{farm.bad}?name=tiny&verdict=FAILED&verdict=UNSUPPORTED",
    "nothing": lambda _farm: "?verdict=PARTIAL",
    "commits": lambda _farm: "commits",
    "diff": lambda farm: f"diff/{farm.good}/{farm.bad}",
    "architecture": lambda _farm: "architecture/network/tiny",
    "failed": lambda farm: f"attempt/{farm.cell('Block', 'board')['attempt']}",
    "submissions": lambda _farm: "submissions",
    "submission": lambda farm: f"submission/{farm.broken}",
    "waiting": lambda farm: f"submission/{farm.waiting}",
    "still": lambda farm: f"submission/{farm.waiting}?still=1",
    "devices": lambda _farm: "devices",
    "device": lambda _farm: "device/stick",
    "unit": lambda _farm: "unit/stick/stick-host",
    "checkpoints": lambda _farm: "checkpoints?filter=top1+%3E+0.5",
    "mistake": lambda _farm: "checkpoints?filter=top2+%3E",
    "checkpoint": lambda farm: f"checkpoint/{farm.checkpoint}",
}
