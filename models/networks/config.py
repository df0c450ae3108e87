"""The config of an experiment: named components with references between them, read from plain data and checked.

::

    name: TwoAnswers
    components:
      backbone: {type: ResNet18, output_stride: 16}
      pyramid: {type: FPN, of: backbone, out_channels: 64}
      mask: {type: UNetDecoder, of: "pyramid[:3]", num_classes: 4}
      label: {type: ClassificationHead, of: backbone, num_classes: 10}
    outputs: {mask: mask, label: label}

A component without ``of`` is a backbone and takes the image; the others take the feature maps of the component that ``of``
names, all of them or a Python slice. The other keys are parameters of its constructor; where a constructor takes a class
(``norm``, ``act``), the name of a base layer. ``outputs`` is the name of one component, or a name for each.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

_REFERENCE = re.compile(r"(\w+)(?:\[(?:(-?\d+)|(-?\d*):(-?\d*))\])?")


class ConfigError(ValueError):
    """The config cannot be followed; its text is one line that begins with the path in the config."""

    def __init__(self, path: str, what: str) -> None:
        super().__init__(f"{path}: {what}")


@dataclass(frozen=True, slots=True)
class Reference:
    """The feature maps ``start`` to ``stop`` of the component ``name``, as Python slices; all of them by default."""

    name: str
    start: int | None = None
    stop: int | None = None

    def __str__(self) -> str:
        if self.start is None and self.stop is None:
            return self.name
        start, stop = ("" if bound is None else str(bound) for bound in (self.start, self.stop))
        return f"{self.name}[{start}:{stop}]"

    @property
    def maps(self) -> slice:
        """Which of the maps."""
        return slice(self.start, self.stop)


@dataclass(frozen=True, slots=True)
class Component:
    """One entry of ``components``: its public class name, what it takes (``None``: the image), and its parameters."""

    name: str
    type: str
    of: Reference | None
    parameters: Mapping[str, Any]

    @property
    def path(self) -> str:
        """Where it stands in the config."""
        return f"components.{self.name}"


@dataclass(frozen=True, slots=True)
class Config:
    """A checked config: components in an order in which each comes after the one that it takes, and outputs by name.

    ``single`` says that the network gives the one output itself, not a dict.
    """

    name: str
    components: tuple[Component, ...]
    outputs: Mapping[str, str]
    single: bool


def read(data: Any) -> Config:
    """The config in ``data``, as YAML or JSON give it.

    Raises:
        ConfigError: it is not of the form above, names what is not there, or its references run in a circle.
    """
    top = _mapping(data, "config", required={"name", "components", "outputs"})
    name = _word(top["name"], "name")
    entries = _mapping(top["components"], "components")
    if not entries:
        raise ConfigError("components", "there are none")
    components = {key: _component(key, value) for key, value in entries.items()}
    for component in components.values():
        if component.of is not None:
            _check_name(component.of.name, components, f"{component.path}.of")
    single = isinstance(top["outputs"], str)
    outputs = {"out": top["outputs"]} if single else dict(_mapping(top["outputs"], "outputs"))
    if not outputs:
        raise ConfigError("outputs", "there are none")
    for key, wanted in outputs.items():
        _check_name(wanted, components, "outputs" if single else f"outputs.{_word(key, 'outputs')}")
    return Config(name, tuple(_ordered(components)), outputs, single)


def _component(name: Any, data: Any) -> Component:
    path = f"components.{_word(name, 'components')}"
    entry = dict(_mapping(data, path, required={"type"}, closed=False))
    kind, of = _word(entry.pop("type"), f"{path}.type"), entry.pop("of", None)
    return Component(name, kind, None if of is None else _reference(of, f"{path}.of"), entry)


def _reference(text: Any, path: str) -> Reference:
    found = _REFERENCE.fullmatch(text) if isinstance(text, str) else None
    if found is None:
        raise ConfigError(path, f"{text!r} is no reference; write name, name[2] or name[1:3]")
    name, index, *bounds = found.groups()
    if index is not None:
        first = int(index)
        return Reference(name, first, first + 1 if first != -1 else None)
    return Reference(name, *(int(bound) if bound else None for bound in bounds))


def _ordered(components: Mapping[str, Component]) -> list[Component]:
    """Each after the one that it takes, else in the order of the file."""
    placed: dict[str, Component] = {}
    waiting = dict(components)
    while waiting:
        ready = next((c for c in waiting.values() if c.of is None or c.of.name in placed), None)
        if ready is None:
            raise ConfigError("components", f"{', '.join(waiting)} take each other's features in a circle")
        placed[ready.name] = waiting.pop(ready.name)
    return list(placed.values())


def _mapping(data: Any, path: str, required: set[str] | None = None, *, closed: bool = True) -> Mapping[str, Any]:
    if not isinstance(data, Mapping):
        raise ConfigError(path, f"must be a mapping, it is {type(data).__name__}")
    if required is not None:
        if missing := sorted(required - data.keys()):
            raise ConfigError(path, f"lacks {', '.join(missing)}")
        if closed and (unknown := sorted(map(str, data.keys() - required))):
            raise ConfigError(path, f"has no key {unknown[0]!r}; its keys are {', '.join(sorted(required))}")
    return data


def _word(value: Any, path: str) -> str:
    if not isinstance(value, str) or not value.isidentifier():
        raise ConfigError(path, f"{value!r} is not a name of letters, digits and underscores")
    return value


def _check_name(name: Any, components: Mapping[str, Component], path: str) -> None:
    if name not in components:
        raise ConfigError(path, f"names {name!r}, which is no component; there are {', '.join(components)}")
