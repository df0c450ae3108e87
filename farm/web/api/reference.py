"""The reference of the API as Markdown, of what the application says of itself (`python -m farm.web.api.reference`)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

HEAD = """\
# The API

`farm web` answers programs below `/api` with the documents that the reading commands print with `--json`, made by the same
functions, and with a few of its own; [the documents](json.md) lists their fields, [the table](table.md), [the queue](queue.md)
and [the devices](devices.md) say what is behind them. `/api/openapi.json` describes all of it. Nothing changes anything.

- A parameter that is not known is refused. One that may have several values is repeated: `?kind=head&kind=neck`.
- Answers have an `ETag`: with `If-None-Match` what has not changed is not sent again.
- Lists come in parts: `limit`, and `before` (commits: the `next` of the last answer) or `offset` (jobs: of the `total`).
- An error is a document: `farm-error/1` with `status` and `error`, one line. 404: there is no such thing; 422: the question is
  wrong; 401: the [token](pages.md#who-may-read) is missing; 503: the database, the inventory or the repository cannot be read.
- Dates are ISO 8601, in UTC. Where a field is taken away or gets another meaning, the schema has the next number; new fields
  may come at any time.

```sh
curl 'localhost:8000/api/table?kind=network&verdict=FAILED'
curl 'localhost:8000/api/diff?before=main~1&after=main'
curl -H "Authorization: Bearer $TOKEN" 'localhost:8000/api/status/resnet50'
```

This page is made of what the application says of itself: `python -m farm.web.api.reference > docs/api.md`.
"""


def reference(described: Mapping[str, Any]) -> str:
    """The page, of an OpenAPI description."""
    return "\n".join([HEAD, "## Routes", *_routes(described)]) + "\n"


def _routes(described: Mapping[str, Any]) -> Iterator[str]:
    for path, methods in described["paths"].items():
        route = methods["get"]
        answer = route["responses"]["200"]["content"]["application/json"]["schema"]["$ref"].rpartition("/")[2]
        (name,) = described["components"]["schemas"][answer]["properties"]["schema"]["enum"]
        yield f"\n### `{path}`\n\n{route['summary']}: [`{name}`](json.md#{name.replace('/', '')})."
        if parameters := route.get("parameters"):
            yield "\n| parameter | type | |\n|---|---|---|"
            for parameter in parameters:
                schema = parameter["schema"]
                default = schema.get("default")
                said = parameter.get("description", "Its name." if parameter["in"] == "path" else "")
                shown = f" (default {default})" if default not in (None, [], False) else ""
                kind = _type(schema).removesuffix(" or null")  # it may be left out
                must = ", required" if parameter.get("required") else ""
                yield f"| `{parameter['name']}` | {kind}{must} | {said}{shown} |"


def _type(schema: Mapping[str, Any]) -> str:
    """The JSON schema of a parameter in a few words."""
    if "anyOf" in schema:
        return " or ".join(_type(part) for part in schema["anyOf"])
    return f"list of {_type(schema['items'])}" if schema["type"] == "array" else str(schema["type"])


if __name__ == "__main__":
    from farm.settings import Settings
    from farm.web.app import create_app

    print(reference(create_app(Settings.load(Path.cwd(), {})).openapi()), end="")
