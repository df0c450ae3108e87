"""What the types of documents share: nothing that is not declared is in a document, and every field says what it is."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, ClassVar

import msgspec

#: A point in time; documents say its offset from UTC.
Time = Annotated[datetime, msgspec.Meta(tz=True)]


class Declared(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """What is declared. A field without a default is always there, though it may be null."""

    #: The commands that print it, of a document.
    commands: ClassVar[tuple[str, ...]] = ()
    #: The routes of the API that answer with it, of a document that no command prints.
    routes: ClassVar[tuple[str, ...]] = ()


class Part(Declared):
    """A part of a document; with a tag, a document that is part of another one too."""


class Document(Declared, tag_field="schema"):
    """A document of ``--json`` or of the API. Its first field is ``schema``, its name and number."""


def about(what: str) -> msgspec.Meta:
    """What a field is, for its schema and the docs page."""
    return msgspec.Meta(description=what)


def name_of(document: type[Declared]) -> str:
    """``farm-status/1``."""
    tag = document.__struct_config__.tag
    assert isinstance(tag, str)
    return tag


def json_schema(document: type[Declared], *, strict: bool = False) -> dict[str, Any]:
    """The JSON Schema (2020-12) of a document, with all that it refers to; ``strict`` refuses fields that it does not know.

    For programs it does not: a later farm may add some.
    """
    made = msgspec.json.schema(document)
    schema = {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": name_of(document), **made}
    return schema if strict else opened(schema)


def opened(node: Any) -> Any:
    """A schema that lets pass fields that it does not know."""
    if isinstance(node, dict):
        return {key: opened(value) for key, value in node.items() if (key, value) != ("additionalProperties", False)}
    return [opened(value) for value in node] if isinstance(node, list) else node
