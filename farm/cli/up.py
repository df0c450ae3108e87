"""``farm up``."""

from __future__ import annotations

import click

from farm.cli.context import say
from farm.cli.coordinator import stop_on_signals
from farm.running.context import Context


@click.command()
@click.option(
    "--only",
    "kinds",
    multiple=True,
    metavar="SERVICE",
    help="Only redis, coordinator, converter, hosts or web (repeatable).",
)
@click.option(
    "--device",
    "devices",
    multiple=True,
    metavar="TYPE",
    help="A host for this device type (repeatable; default: for each whose driver needs this machine alone).",
)
@click.option(
    "--port",
    type=click.IntRange(1, 65535),
    help="Where Redis listens (default: 6379, or any port where that is taken).",
)
def up(kinds: tuple[str, ...], devices: tuple[str, ...], port: int | None) -> None:
    """Run a whole farm on this machine, for development: Redis, coordinator, converter, a host for each device type, pages.

    The log of each is printed, with its name before each line. Ctrl-C ends all of them in order. Where one of them ends by
    itself, the others are ended too: exit code 3. With FARM_BROKER_URL set, that broker is used, and no Redis started.

    \b
    farm up
    farm up --device numpy
    farm up --only redis --only coordinator --only converter
    """  # noqa: D301
    import tempfile
    from pathlib import Path

    from farm.errors import UsageError
    from farm.extras import bring
    from farm.settings import redacted
    from farm.up.redis import USUAL_PORT, free_port
    from farm.up.services import Wanted, services
    from farm.up.stack import Stack

    context = Context.here()
    context.check_profiles()
    settings, wanted = context.settings, Wanted(kinds, devices)
    own = settings.broker_url is None
    if own and not wanted.has("redis"):
        raise UsageError("--only without redis: name the broker that runs already by FARM_BROKER_URL")
    listens = (free_port(USUAL_PORT) if port is None else port) if own else None
    broker = settings.broker_url or f"redis://127.0.0.1:{listens}/0"
    with tempfile.TemporaryDirectory(prefix="farm-up-") as folder:
        made = services(wanted, context.inventory, settings, broker, listens, Path(folder))
        if not made:
            raise UsageError(f"nothing to run: there are no pages in this installation ({bring('web')})")
        context.database.close()  # made and migrated, before any of them asks
        if "://" not in settings.store_url:
            Path(settings.store_url).mkdir(parents=True, exist_ok=True)
        width = max(len(service.name) for service in made)
        stop = stop_on_signals()
        stack = Stack(made, settings.repository, lambda name, line: click.echo(f"{name:{width}} | {line}"))
        try:
            if stack.start(stop.is_set):
                say(f"farm: up ({', '.join(service.name for service in made)}); in another shell:")
                say(f"farm:   export FARM_BROKER_URL={redacted(broker)} FARM_STORE_URL={redacted(settings.store_url)}")
                stack.watch(stop.is_set)
        finally:
            say("farm: ending all")
            stack.end()
