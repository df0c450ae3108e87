"""docs/inventory-keys.md: every key of ``inventory.yaml`` with its type, default and bounds, of the models that read it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from farm.inventory import Inventory
from farm.reference.markdown import note, table

_HEAD = """\
# Keys of the inventory

Every key of `inventory.yaml` with its type, default and bounds; what each means is in [the inventory](inventory.md). `<name>`
stands for names that you choose. Any other key is refused with its line, and so is one that is given twice.
"""
_BOUNDS = {"minimum": "≥ {}", "exclusiveMinimum": "> {}", "maximum": "≤ {}", "exclusiveMaximum": "< {}"}


def page() -> str:
    """The whole page."""
    rows = ((f"`{key}`", kind, default) for key, kind, default in keys())
    return "\n".join([note("farm.inventory"), _HEAD, table(("key", "type", "default"), rows)])


def keys() -> Iterator[tuple[str, str, str]]:
    """Dotted key, type with its bounds, and default (or ``required``) of each key that has a value of its own."""
    schema = Inventory.model_json_schema()
    yield from _keys(schema, schema["$defs"], "")


def _keys(schema: Mapping[str, Any], parts: Mapping[str, Any], above: str) -> Iterator[tuple[str, str, str]]:
    required = schema.get("required", ())
    for name, about in schema["properties"].items():
        key = f"{above}{name}"
        inner = _resolved(about, parts)
        if "properties" in inner:
            yield from _keys(inner, parts, f"{key}.")
        elif "properties" in (named := _resolved(_values(inner), parts)):
            yield from _keys(named, parts, f"{key}.<name>.")
        else:
            default = "required" if name in required else _default(about.get("default"))
            yield key, _type(inner, parts), default


def _values(schema: Mapping[str, Any]) -> Mapping[str, Any]:
    """What a mapping maps names to: pydantic says names that have a pattern in a place of their own."""
    patterns = schema.get("patternProperties")
    found = next(iter(patterns.values())) if patterns else schema.get("additionalProperties")
    return found if isinstance(found, dict) else {}


def _resolved(schema: Mapping[str, Any], parts: Mapping[str, Any]) -> Mapping[str, Any]:
    return parts[schema["$ref"].rpartition("/")[2]] if "$ref" in schema else schema


def _default(value: Any) -> str:
    if value is None:
        return "none"
    if value == {}:
        return "empty"
    return ", ".join(f"`{each}`" for each in value) or "empty" if isinstance(value, list) else f"`{value}`"


def _type(schema: Mapping[str, Any], parts: Mapping[str, Any]) -> str:
    schema = _resolved(schema, parts)
    if "anyOf" in schema:
        return " or ".join(_type(each, parts) for each in schema["anyOf"] if each.get("type") != "null")
    if "const" in schema:
        return f"`{schema['const']}`"
    if "enum" in schema:
        return ", ".join(f"`{value}`" for value in schema["enum"])
    match schema.get("type"):
        case "array":
            return f"list of: {_type(schema['items'], parts)}"
        case "object":
            names = schema.get("propertyNames", {}).get("enum")
            values = _values(schema)
            of = f" of {', '.join(f'`{name}`' for name in names)}" if names else ""
            return f"mapping{of}" + (f" to {_type(values, parts)}" if values else "")
    bounds = [
        said.format(f"{schema[bound]:,}".removesuffix(".0")) for bound, said in _BOUNDS.items() if bound in schema
    ]
    return ", ".join([str(schema["type"]), *bounds])
