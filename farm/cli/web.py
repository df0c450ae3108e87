"""``farm web``."""

from __future__ import annotations

import click

from farm.cli.context import say
from farm.cli.coordinator import log_to_stderr, stop_on_signals
from farm.running.context import Context


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, metavar="ADDRESS", help="Listen at this address.")
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=8000,
    show_default=True,
    help="Listen at this port; 0: any free one.",
)
def web(host: str, port: int) -> None:
    """Serve the support table and all that leads to it as pages, and as JSON under /api; nothing there changes anything.

    Where FARM_PAGES_TOKEN (or the file that FARM_PAGES_TOKEN_FILE names) has a token, everything asks for it.

    \b
    farm web --port 8000
    """  # noqa: D301
    from farm.web.serve import serve

    context = Context.here()
    context.check_profiles()
    stop = stop_on_signals()
    log_to_stderr()
    serve(context.settings, host, port, stop, say)
