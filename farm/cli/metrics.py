"""``farm metrics``."""

from __future__ import annotations

import click

from farm.running.context import Context


@click.command()
def metrics() -> None:
    """The farm's metrics in the text format of Prometheus, as /metrics of the pages has them.

    \b
    farm metrics
    farm metrics > /var/lib/node_exporter/farm.prom
    """  # noqa: D301
    from importlib.metadata import version

    from farm.clock import utc_now
    from farm.metrics.exposition import exposition
    from farm.metrics.reading import read_figures

    context = Context.here()
    with context.database.read() as session:
        figures = read_figures(session, context.inventory.devices, version("device-farm"), utc_now())
    click.echo(exposition(figures), nl=False)
