"""``farm devices``."""

from __future__ import annotations

import click

from farm.cli.context import Context, emit_json
from farm.cli.documents import DEVICES_SCHEMA


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print the farm-devices/1 document.")
def devices(as_json: bool) -> None:
    """Device types of the inventory, the units that were heard of, and what waits for them."""
    from farm.cli import render
    from farm.device_list import list_devices

    context = Context.here()
    context.check_profiles()
    with context.database.read() as session:
        listed = list_devices(session, context.inventory)
    if as_json:
        emit_json(
            DEVICES_SCHEMA,
            {
                "devices": [
                    {
                        "name": d.name,
                        "driver": d.driver,
                        "queue": d.queue,
                        "policy": d.policy,
                        "units": [{"unit": u.unit, "last_seen": u.last_seen.isoformat()} for u in d.units],
                        "queued": d.queued,
                        "running": d.running,
                    }
                    for d in listed
                ]
            },
        )
        return
    heads = ("device", "driver", "queue", "policy", "queued", "running", "units (last heard of)")
    made = render.plain_table(*heads, wrap=True)
    for d in listed:
        units = ", ".join(f"{u.unit} ({u.last_seen:%Y-%m-%d %H:%M}Z)" for u in d.units) or "none yet"
        made.add_row(d.name, d.driver, d.queue, d.policy, str(d.queued), str(d.running), units)
    render.console().print(made)
