"""``farm convert``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from farm.answers.reading import convert_document
from farm.answers.schemas import CONVERT_SCHEMA
from farm.cli.context import emit_json, say
from farm.running.context import Context


@click.command()
@click.argument("name", required=False)
@click.option("--backbone", metavar="NAME", help="Assemble a network: its backbone ...")
@click.option("--neck", metavar="NAME", help="... its neck, if any ...")
@click.option("--head", metavar="NAME", help="... and its head.")
@click.option(
    "--config",
    "config_file",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="A network of many named components.",
)
@click.option("--document", is_flag=True, help="Print what the config's network is, as Markdown, and convert nothing.")
@click.option("--kind", metavar="KIND", help="Where two levels have the name: network, backbone, ...")
@click.option(
    "-p", "--parameter", "parameters", multiple=True, metavar="KEY=VALUE", help="Constructor parameter (repeatable)."
)
@click.option(
    "--out", type=click.Path(path_type=Path), default=Path("bundles"), show_default=True, help="Parent folder."
)
@click.option("--overwrite", is_flag=True, help="Replace a bundle that is there.")
@click.option("--keep-weights", is_flag=True, help="Take the weights as the constructor makes them, uncalibrated.")
@click.option("--json", "as_json", is_flag=True, help="Print the farm-convert/1 document, the conversion report in it.")
@click.pass_context
def convert(
    click_context: click.Context,
    name: str | None,
    backbone: str | None,
    neck: str | None,
    head: str | None,
    config_file: Path | None,
    document: bool,
    kind: str | None,
    parameters: tuple[str, ...],
    out: Path,
    overwrite: bool,
    keep_weights: bool,
    as_json: bool,
) -> None:
    """Convert one architecture, as its code is on disk now, into a folder of the Platform format.

    \b
    farm convert resnet50
    farm convert resnet50 -p num_classes=10 --out /tmp/bundles --overwrite
    farm convert --backbone ResNet18 --head FCNHead
    farm convert --config experiment.yaml
    farm convert --config experiment.yaml --document
    """  # noqa: D301
    from farm.conversion.config_file import read_config
    from farm.conversion.request import asked_item
    from farm.conversion.runner import convert_items
    from farm.conversion.wire import Result
    from farm.errors import ExitCode, UsageError
    from farm.extras import require_torch
    from mcore.platform.format import read_manifest
    from mcore.platform.report import report_lines

    context = Context.here()
    config = read_config(config_file) if config_file is not None else None
    if document:
        click.echo(_documentation(context, config), nl=False)
        return
    require_torch()
    item = asked_item(
        context.repository.working_tree(),
        context.inventory,
        name=name,
        kind=kind,
        parts={k: v for k, v in {"backbone": backbone, "neck": neck, "head": head}.items() if v},
        config=config,
        parameters=parse_parameters(parameters),
        out=out.absolute(),
        overwrite=overwrite,
        weights="keep" if keep_weights else "calibrated",
    )
    if Path(item.folder).exists() and not overwrite:
        raise UsageError(f"{item.folder} exists already; say --overwrite to replace it")
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError(f"{out}: no folder for bundles can be made: {error.strerror}") from None
    results = [e for e in convert_items(context.repository.root, [item]) if isinstance(e, Result)]
    if results[0].outcome is not None:
        say(f"farm: {item.key}: {results[0].outcome} ({results[0].cause}): {results[0].message}")
        click_context.exit(ExitCode.BAD_RESULT)
    manifest = read_manifest(item.folder)
    for line in report_lines(manifest.report):
        say(f"farm: {line}")
    say(f"farm: converted in {results[0].seconds:.1f} s")
    if as_json:
        emit_json(CONVERT_SCHEMA, convert_document(item.folder, manifest, results[0].seconds))
    else:
        click.echo(item.folder)


def parse_parameters(given: tuple[str, ...]) -> dict[str, Any]:
    """``key=value`` pairs; a value is JSON where it reads as JSON, else text. Raises :class:`~farm.errors.UsageError`."""
    import json

    from farm.errors import UsageError

    parsed: dict[str, Any] = {}
    for pair in given:
        key, equals, value = pair.partition("=")
        if not equals or not key.isidentifier():
            raise UsageError(f"--parameter {pair!r} is not KEY=VALUE")
        if key in parsed:
            raise UsageError(f"--parameter {key} is given twice")
        try:
            parsed[key] = json.loads(value)
        except ValueError:
            parsed[key] = value
    return parsed


def _documentation(context: Context, config: dict[str, Any] | None) -> str:
    """What the repository's own code says of a config; raises :class:`~farm.errors.UsageError` where it cannot be followed."""
    import os
    import sys
    from importlib import import_module

    from farm.errors import UsageError

    if config is None:
        raise UsageError("--document needs --config")
    os.environ.setdefault("MCORE_BACKEND", "platform")  # the words are the same, and torch takes seconds to import
    sys.path.insert(0, str(context.repository.root))
    module, _, name = context.inventory.catalogue.document.partition(":")
    try:
        return str(getattr(import_module(module), name)(config))
    except ValueError as error:
        raise UsageError(str(error)) from None
