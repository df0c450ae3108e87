"""docs/json.md, written from the documents: ``python -m farm.documents.page > docs/json.md``."""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import msgspec

from farm.documents import DOCUMENTS

HEAD = """\
<!-- Written by: python -m farm.documents.page > docs/json.md -->
# The documents of `--json` and of the API

Every reading command has `--json`, and [the API](api.md) answers with the same documents and some of its own. They start with
`schema`, the name and number of the document. A field that goes or changes its meaning is a new number; a field that is added
is not, so let pass what you do not know. A field is always there, though it may be null, but where it says *optional*. Times
are ISO 8601 with their offset from UTC. With `--watch` there is one document after the other. `farm schema NAME` prints the
JSON Schema of one, `farm schema` lists them.
"""
_REFERENCE = "#/$defs/"
#: Types that people do not look up here: what a checkpoint's file holds is in docs/checkpoints.md.
_ELSEWHERE = {"Checkpoint": "checkpoints.md", "Metadata": "checkpoints.md"}


def page() -> str:
    """The whole page."""
    schemas, parts = msgspec.json.schema_components(DOCUMENTS.values(), ref_template=_REFERENCE + "{name}")
    of_documents = {name: parts[schema["$ref"].removeprefix(_REFERENCE)] for name, schema in _named(schemas)}
    blocks = [HEAD]
    for name, document in DOCUMENTS.items():
        makers = " · ".join(
            [*(f"`{command} --json`" for command in document.commands), *(f"`{route}`" for route in document.routes)]
        )
        what = (inspect.getdoc(document) or "").strip()
        blocks.append(f"## `{name}`\n\n{makers}: {what}\n\n{_table(of_documents[name], parts)}")
    blocks.append("## Parts\n\nWhat several documents have, or one has many of.\n")
    top = {schema["$ref"].removeprefix(_REFERENCE) for schema in schemas}
    for name in sorted(_reached(of_documents.values(), parts) - top):
        blocks.append(_part(name, parts))
    return "\n".join(blocks)


def _named(schemas: Iterable[Mapping[str, Any]]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    return zip(DOCUMENTS, schemas, strict=True)


def _part(name: str, parts: Mapping[str, Any]) -> str:
    part = parts[name]
    what = " ".join(part.get("description", "").split("\n\n")[0].split())
    if "enum" in part:
        return f"### {name}\n\n{what}\n\n{', '.join(f'`{value}`' for value in part['enum'])}\n"
    return f"### {name}\n\n{what}\n\n{_table(part, parts)}"


def _table(schema: Mapping[str, Any], parts: Mapping[str, Any]) -> str:
    required = set(schema.get("required", ()))
    lines = ["| field | type | |", "|---|---|---|"]
    for field, about in schema["properties"].items():
        if field == "schema":
            continue
        optional = "" if field in required else "*optional* "
        lines.append(f"| `{field}` | {_type(about)} | {optional}{_what(about, parts)} |")
    return "\n".join(lines) + "\n"


def _what(about: Mapping[str, Any], parts: Mapping[str, Any]) -> str:
    """What a field is; where it does not say so itself, what its type is."""
    if "description" in about:
        return str(about["description"]).replace("|", "\\|")
    name = str(about.get("$ref", "")).removeprefix(_REFERENCE)
    description = parts.get(name, {}).get("description", "")
    return " ".join(description.split("\n\n")[0].split()).replace("|", "\\|")


def _type(about: Mapping[str, Any]) -> str:
    if "$ref" in about:
        name = about["$ref"].removeprefix(_REFERENCE)
        if name in _ELSEWHERE:
            return f"[{name}]({_ELSEWHERE[name]})"
        return f"[{name}](#{name.lower()})"
    if "allOf" in about or "anyOf" in about:
        kinds = [_type(each) for each in about.get("anyOf", about.get("allOf", ()))]
        return " or ".join(sorted(kinds, key=lambda kind: kind == "null"))
    if "enum" in about:
        return ", ".join(f"`{value}`" for value in about["enum"])
    if about.get("type") == "array":
        return f"list of {_type(about.get('items', {}))}"
    if about.get("type") == "object":
        return f"map to {_type(about.get('additionalProperties') or {})}"
    return {"date-time": "time"}.get(about.get("format", ""), str(about.get("type", "anything")))


def _reached(schemas: Iterable[Any], parts: Mapping[str, Any]) -> set[str]:
    """Names of the parts that schemas refer to, and those that these do."""
    found: set[str] = set()
    left = list(schemas)
    while left:
        node = left.pop()
        if isinstance(node, Mapping):
            name = str(node.get("$ref", "")).removeprefix(_REFERENCE)
            if name and name not in found and name not in _ELSEWHERE:
                found.add(name)
                left.append(parts[name])
            left += node.values()
        elif isinstance(node, list):
            left += node
    return found


if __name__ == "__main__":
    print(page(), end="")
