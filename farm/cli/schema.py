"""``farm schema``."""

from __future__ import annotations

import json

import click


@click.command()
@click.argument("name", required=False, metavar="[DOCUMENT]")
def schema(name: str | None) -> None:
    """The JSON Schema of a --json document; without a name, the documents that there are.

    \b
    farm schema
    farm schema farm-status/1
    farm schema status
    """  # noqa: D301
    import inspect

    from farm.documents import DOCUMENTS
    from farm.documents.base import json_schema
    from farm.errors import NotFoundError

    if name is None:
        width = max(map(len, DOCUMENTS))
        for known, document in DOCUMENTS.items():
            click.echo(f"{known:{width}}  {(inspect.getdoc(document) or '').splitlines()[0]}")
        return
    named = {known: known for known in DOCUMENTS}
    for known in DOCUMENTS:  # a name alone is that of the newest number, which comes last
        whole = known.partition("/")[0]
        named |= {whole: known, whole.removeprefix("farm-"): known}
    if name not in named:
        raise NotFoundError("document", name, named)
    click.echo(json.dumps(json_schema(DOCUMENTS[named[name]]), indent=2))
