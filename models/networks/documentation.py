"""The documentation of a configured network, composed from its components' docstrings and parameters."""

import inspect
import re
from collections.abc import Iterator, Mapping
from typing import Any

from models.networks.config import Component, read
from models.networks.configured import ConfiguredNetwork, component_class
from models.utils import describe, metadata

_ARGUMENT = re.compile(r"^(\w+): (.*)$")


def documentation(config: Mapping[str, Any]) -> str:
    """The network of ``config`` in Markdown: what it takes and gives, then each component with its parameters and papers.

    Raises:
        ConfigError: the config cannot be followed.
    """
    checked, network = read(config), ConfiguredNetwork(config=config)
    lines = [f"# {checked.name}", "", f"Task: {network.task or 'none'}.", ""]
    lines += ["| component | type | takes | gives |", "|---|---|---|---|"]
    parts = {name: next(iter(held.values())) for name, held in network.components.items()}
    lines += [_row(component, parts[component.name]) for component in checked.components]
    wanted = ", ".join(f"`{name}` = {component}" for name, component in checked.outputs.items())
    lines += ["", f"Outputs: {wanted}."]
    for component in checked.components:
        lines += ["", *_section(component, parts[component.name])]
    return "\n".join(lines) + "\n"


def _row(component: Component, part: Any) -> str:
    takes = "the image" if component.of is None else f"`{component.of}`"
    if part.kind == "head":
        gives = part.task if part.output_stride is None else f"{part.task}, a map at 1/{part.output_stride}"
    elif part.kind == "attention":
        gives = "the maps, weighted"
    else:
        gives = describe(part.channels, part.strides)
    return f"| {component.name} | {type(part).__name__} | {takes} | {gives} |"


def _section(component: Component, part: Any) -> Iterator[str]:
    cls = component_class(component)
    text = inspect.getdoc(cls) or ""
    yield f"## {component.name}: {cls.__name__}"
    yield ""
    yield _markdown(" ".join(text.split("\n\n")[0].split()))
    meanings = dict(_arguments(cls))
    yield ""
    yield "| parameter | value | meaning |"
    yield "|---|---|---|"
    for name, value in part.constructor["parameters"].items():
        said = "" if name in component.parameters else " (default)"
        said = " (from the features)" if name in ("in_channels", "in_strides") and component.of is not None else said
        yield f"| {name} | {_shown(value)}{said} | {_markdown(meanings.get(name, ''))} |"
    papers = metadata(part).papers
    if papers:
        yield ""
        yield "Papers: " + ", ".join(f"<{paper}>" for paper in papers)


def _arguments(cls: type[Any]) -> Iterator[tuple[str, str]]:
    """Parameters and their meaning, from the ``Args`` of the docstrings of a class and its bases; the class's own come last."""
    for base in reversed(cls.__mro__):
        _, _, rest = inspect.cleandoc(base.__dict__.get("__doc__") or "").partition("Args:\n")
        for entry in re.split(r"\n(?=    \w)", rest.split("\n\n")[0]):
            found = _ARGUMENT.match(" ".join(entry.split()))
            if found:
                yield found[1], found[2]


def _markdown(text: str) -> str:
    """A docstring's marks as those of Markdown: the name that a role refers to, and code, in single backticks."""
    return re.sub(r":\w+:`~?([\w.]+)`", r"`\1`", text).replace("``", "`")


def _shown(value: Any) -> str:
    if isinstance(value, Mapping):
        return str(value.get("class", value)).rpartition(":")[2]
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)
