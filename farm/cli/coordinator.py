"""``farm coordinator`` and what it shares with ``farm converter``."""

from __future__ import annotations

import contextlib
import logging
import signal
import sys
import threading
from types import FrameType

import click

from farm.cli.context import Context, say


@click.command()
@click.option(
    "--convert/--no-convert", default=True, show_default=True, help="Convert as well, in a thread of its own."
)
def coordinator(convert: bool) -> None:
    """Run the coordinator: sweep, dispatch and merge, until it is told to stop (SIGINT, SIGTERM).

    \b
    FARM_BROKER_URL=redis://localhost:6379/0 farm coordinator
    """  # noqa: D301
    from farm.conversion.background import BackgroundConverter
    from farm.conversion.converter import Converter
    from farm.coordinator.loop import Coordinator
    from farm.errors import UsageError
    from farm.settings import from_environment
    from farm.wires.celery import CeleryWire

    context = Context.here()
    context.check_profiles()
    if context.settings.broker_url is None:
        raise UsageError("FARM_BROKER_URL is not set: without a broker, `farm submit` runs everything itself")
    signing_key = from_environment("FARM_SIGNING_KEY")
    stop = stop_on_signals()
    log_to_stderr()
    if signing_key is None:
        say("farm: FARM_SIGNING_KEY is not set: messages of hosts are believed unsigned")
    with contextlib.ExitStack() as stack:
        wire = stack.enter_context(CeleryWire(context.settings.broker_url, signing_key))
        over = stop.is_set
        if convert:
            worker = Converter(context.database, context.inventory, context.repository, context.settings.store_url)
            converting = stack.enter_context(BackgroundConverter(worker))

            def over() -> bool:
                converting.check()
                return stop.is_set()

        say(f"farm: coordinator is up for {', '.join(context.inventory.devices)}")
        Coordinator(context.database, context.inventory, wire).run(over)


def stop_on_signals() -> threading.Event:
    """An event that SIGINT and SIGTERM set."""
    stop = threading.Event()

    def set_it(_number: int, _frame: FrameType | None) -> None:
        stop.set()

    signal.signal(signal.SIGINT, set_it)
    signal.signal(signal.SIGTERM, set_it)
    return stop


def log_to_stderr() -> None:
    """One line for each record."""
    logging.basicConfig(stream=sys.stderr, level=logging.INFO, format="%(asctime)s %(name)s %(levelname)s %(message)s")
