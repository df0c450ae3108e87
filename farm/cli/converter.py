"""``farm converter``."""

from __future__ import annotations

import click

from farm.cli.coordinator import log_to_stderr, stop_on_signals
from farm.running.context import Context


@click.command()
def converter() -> None:
    """Run a converter beside a coordinator that was started with --no-convert.

    Model code runs in its child processes only, in the exact commit's source, without credentials.

    \b
    FARM_BROKER_URL=redis://localhost:6379/0 farm converter
    """  # noqa: D301
    from farm.conversion.converter import Converter

    context = Context.here()
    stop = stop_on_signals()
    log_to_stderr()("farm: converter is up")
    store_url = context.settings.store_url
    Converter(context.database, context.inventory, context.repository, store_url, patient=True).run(stop.is_set)
