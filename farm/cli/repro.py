"""``farm repro``."""

from __future__ import annotations

from pathlib import Path

import click

from farm.running.context import Context


@click.command()
@click.argument("attempt", metavar="ATTEMPT")
@click.option(
    "--output",
    type=click.Path(path_type=Path),
    metavar="DIR|FILE.tar",
    help="Where it goes: a folder, or a file that ends with .tar, .tar.gz or .tgz (default: a folder capsules/ATTEMPT where "
    "the farm keeps its data, which no submission takes for code).",
)
def repro(attempt: str, output: Path | None) -> None:
    """Make a capsule of an attempt: it replays elsewhere, without this repository and the farm's database.

    ATTEMPT is the id that `farm status` and `farm jobs --json` show; its first digits do. The capsule has the bundle, how the
    device was driven, the policy, and what came of it. On a machine with this package and the driver's libraries,
    `python replay.py` in it says whether the same comes out.

    \b
    farm repro 2a1bd569daa2
    farm repro 2a1bd569daa2 --output /tmp/resnet50.tar.gz
    """  # noqa: D301
    from farm.repro.records import recorded_capsule
    from farm.repro.writing import write_recorded

    context = Context.here()
    with context.database.read() as session:
        recorded = recorded_capsule(session, attempt)
    capsule = recorded.capsule
    target = output or context.settings.data / "capsules" / capsule.attempt[:12]
    write_recorded(recorded, context.settings, target)
    expected = capsule.expected
    click.echo(f"{target}: attempt {capsule.attempt} of {capsule.architecture} on {capsule.device}: {expected.outcome}")
    if target.is_dir():
        click.echo(f"replay it where this package is: python {target / 'replay.py'}")
    else:
        click.echo(f"replay it where this package is: tar xf {target.name}, then python replay.py in the folder")
