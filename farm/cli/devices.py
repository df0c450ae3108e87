"""``farm devices``: what there is, and the keeper's commands for one unit."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING, Any, TypeVar

import click

from farm.answers.reading import devices_document
from farm.answers.schemas import DEVICES_SCHEMA
from farm.cli.context import emit_json, who
from farm.cli.watch import watch_option, watched
from farm.running.context import Context

if TYPE_CHECKING:
    from farm.inventory import Inventory
    from farm.reading.device_list import ListedDevice, ListedUnit
    from farm.states.health import Change

_Command = TypeVar("_Command", bound=Callable[..., Any])


@click.group(invoke_without_command=True)
@click.option("--json", "as_json", is_flag=True, help="Print the farm-devices/1 document.")
@watch_option
@click.pass_context
def devices(click_context: click.Context, as_json: bool, watch: float | None) -> None:
    """Device types of the inventory, their units, how they are, and what waits for them.

    \b
    farm devices
    farm devices --watch 5
    farm devices drain bench-3 --reason "new firmware"
    farm devices resume bench-3
    farm devices check bench-3
    """  # noqa: D301
    if click_context.invoked_subcommand is not None:
        return
    from farm.clock import utc_now
    from farm.reading.device_list import list_devices

    context = Context.here()
    context.check_profiles()
    attended = context.settings.broker_url is not None

    def look() -> int:
        with context.database.read() as session:
            listed = list_devices(session, context.inventory, utc_now(), attended=attended)
        if as_json:
            emit_json(DEVICES_SCHEMA, devices_document(listed))
        else:
            _print(listed)
        return 0

    click_context.exit(watched(look, watch, as_json=as_json))


def _of_one_unit(command: _Command) -> _Command:
    """The arguments by which one unit is named."""
    command = click.option("--device", "device_type", metavar="TYPE", help="Where several types have a unit UNIT.")(
        command
    )
    return click.argument("unit", metavar="UNIT")(command)


@devices.command()
@_of_one_unit
@click.option("--reason", required=True, help="Why: it stands in the unit's history.")
def drain(unit: str, device_type: str | None, reason: str) -> None:
    """Let UNIT finish what it has begun, and give it no new attempt.

    \b
    farm devices drain bench-3 --reason "new firmware"
    """  # noqa: D301
    from farm.states.health import Change

    _change(unit, device_type, Change.DRAINED, reason)


@devices.command()
@_of_one_unit
@click.option("--reason", required=True, help="Why: it stands in the unit's history.")
def retire(unit: str, device_type: str | None, reason: str) -> None:
    """Take UNIT out of the farm: it is given no attempts and no checks any more.

    \b
    farm devices retire bench-3 --reason "sold"
    """  # noqa: D301
    from farm.states.health import Change

    _change(unit, device_type, Change.RETIRED, reason)


@devices.command()
@_of_one_unit
@click.pass_context
def check(click_context: click.Context, unit: str, device_type: str | None) -> None:
    """Have UNIT checked: its disk, the artifact store, the canary on the device. What is sound and was not takes work again.

    Without a broker, `local` is this machine: it is checked here and now, as each device type or as TYPE. Nothing is recorded.

    \b
    farm devices check bench-3
    farm devices check local --device numpy
    """  # noqa: D301
    from farm.clock import utc_now
    from farm.errors import UsageError
    from farm.reading.device_list import find_unit
    from farm.running.submission import LOCAL_UNIT
    from farm.states.health import Health
    from farm.units.presence import is_online, note

    context, now = Context.here(), utc_now()
    if unit == LOCAL_UNIT and context.settings.broker_url is None:
        click_context.exit(_checked_here(context.inventory, device_type))
    with context.database.write() as session:
        device = find_unit(session, unit, device_type)
        if Health(device.health) is Health.RETIRED:
            raise UsageError(f"unit {unit!r} of {device.device_type} is retired: `farm devices resume` takes it back")
        device.check_wanted = True
        when = "at once" if is_online(device, now) else f"when it comes back: it is {note(device, now)}"
        click.echo(
            f"unit {device.unit} of {device.device_type} is to be checked {when}; `farm devices` says what comes of it"
        )


def _checked_here(inventory: Inventory, device_type: str | None) -> int:
    """Run the canary on this machine as one device type, or as each of them, and say what came of it; the exit code."""
    from farm.errors import ExitCode
    from workers.processes.checkup import check_unit

    code = ExitCode.GOOD
    for name in [device_type] if device_type else inventory.devices:
        device = inventory.device(name)
        found = check_unit(device.driver, device.profile)
        stack = ", ".join(f"{key} {value}" for key, value in sorted(found.stack.items()) if key != "driver")
        click.echo(f"{name}: {found.failure or 'sound'}" + (f" ({stack})" if stack else ""))
        code = ExitCode.INFRASTRUCTURE if found.failure else code
    return code


@devices.command()
@_of_one_unit
@click.option("--reason", default="", help="Why: it stands in the unit's history.")
def resume(unit: str, device_type: str | None, reason: str) -> None:
    """Give UNIT attempts again, once it has passed a check.

    \b
    farm devices resume bench-3 --device numpy
    """  # noqa: D301
    from farm.states.health import Change

    _change(unit, device_type, Change.RESUMED, reason)


def _change(unit: str, device_type: str | None, change: Change, reason: str) -> None:
    from farm.clock import utc_now
    from farm.reading.device_list import find_unit
    from farm.states.health import Health
    from farm.units.care import change_health
    from farm.units.presence import is_online, note

    now = utc_now()
    with Context.here().database.write() as session:
        device = find_unit(session, unit, device_type)
        old = device.health
        new = change_health(session, device, change, reason, now, actor=who())
        begun = device.begun if is_online(device, now) else None
        more = f"; it finishes {begun}" if begun and new in (Health.MAINTENANCE, Health.RETIRED) else ""
        more += "; it has a check to pass first" if new is Health.UNKNOWN else ""
        away = "" if is_online(device, now) else f"; it is {note(device, now)}"
        click.echo(f"unit {device.unit} of {device.device_type}: {old} → {new}{more}{away}")


def _print(listed: list[ListedDevice]) -> None:
    from farm.cli import render

    types = render.plain_table("device", "driver", "queue", "policy", "queued", "running", "waits for", wrap=True)
    units = render.plain_table("unit", "device", "host", "presence", "health", "at", "free disk", wrap=True)
    for d in listed:
        types.add_row(d.name, d.driver, d.queue, d.policy, str(d.queued), str(d.running), d.waits or "")
        for u in d.units:
            disk = "" if u.free_disk_bytes is None else f"{u.free_disk_bytes / (1 << 30):.1f} GiB"
            presence = f"{u.presence} since {_date(u.since)}" + (f"; {u.doubled}" if u.doubled else "")
            units.add_row(u.unit, d.name, u.host, presence, _health(u), u.attempt or "", disk)
    render.console().print(types)
    if units.row_count:
        render.console().print()
        render.console().print(units)
    else:
        render.console().print("no unit was heard of yet")


def _health(unit: ListedUnit) -> str:
    if unit.presence == "unattended":  # nobody checks it
        return ""
    since = f" since {_date(unit.health_since)}" if unit.health_since else ""
    return f"{unit.health}{since}" + (f": {unit.health_reason}" if unit.health_reason else "")


def _date(date: datetime) -> str:
    return f"{date:%Y-%m-%d %H:%M}Z"
