"""A network made from a config of named components: for experiments, before one becomes a class.

What a config is, is said in :mod:`models.networks.config`; a config's documentation is made by
:mod:`models.networks.documentation`.
"""

import inspect
import math
from collections.abc import Mapping
from itertools import chain
from types import ModuleType
from typing import Any

import models
from mcore.module import ModuleDict, skeleton
from mcore.sampling import Sampling
from mcore.tensor import Tensor
from models import attention, backbones, heads, necks
from models.functional import resize_like
from models.networks.base import Network
from models.networks.config import Component, Config, ConfigError, read
from models.utils import public_name

#: Where components come from, by kind.
_HOMES: dict[str, ModuleType] = {"backbone": backbones, "neck": necks, "head": heads, "attention": attention}


class ConfiguredNetwork(Network):
    """An image in, the outputs that the config names out: a tensor for one name, else a dict.

    Feature lists pass from component to component; an attention module weights each map of the list by itself. A head's map
    is resized to the image, as by :class:`~models.networks.backbone_head.BackboneHead`.

    Args:
        config: as YAML or JSON give it.

    Raises:
        ConfigError: the config cannot be followed; the text names the path in it.
    """

    def __init__(self, *, config: Mapping[str, Any]) -> None:
        self._read = read(config)
        super().__init__()
        with skeleton():  # what does not fit is refused before any weight takes memory
            _build(self._read)
        built = _build(self._read)
        self.components = ModuleDict({name: ModuleDict(dict(parts)) for name, parts in built.items()})

    @property
    def task(self) -> str:
        return "+".join(dict.fromkeys(part.task for part in self._parts("head")))

    @property
    def sampling(self) -> Sampling:
        samplings = [part.sampling for part in self._parts("backbone")]
        unit = math.lcm(*(s.multiple_of for s in samplings))
        first = max(samplings, key=lambda s: (s.fixed, s.minimum, s.multiple_of))
        if any(h % unit or w % unit for h, w in first.sizes):
            raise ConfigError("components", f"no sample size suits all backbones: sizes are multiples of {unit}")
        return first

    @property
    def parts(self) -> Mapping[str, str]:
        named = {kind: [type(part).__name__ for part in self._parts(kind)] for kind in ("backbone", "neck", "head")}
        return {kind: "+".join(names) for kind, names in named.items() if names}

    def _parts(self, kind: str) -> list[Any]:
        return [part for parts in self.components.values() for part in parts.values() if part.kind == kind]

    def forward(self, x: Tensor) -> Tensor | dict[str, Tensor]:
        made: dict[str, Any] = {}
        for component in self._read.components:
            parts = list(self.components[component.name].values())
            taken = x if component.of is None else made[component.of.name][component.of.maps]
            if parts[0].kind == "attention":
                made[component.name] = [part(features) for part, features in zip(parts, taken, strict=True)]
            else:
                made[component.name] = parts[0](taken)
        answers = {name: self._answer(wanted, made[wanted], x) for name, wanted in self._read.outputs.items()}
        return answers["out"] if self._read.single else answers

    def _answer(self, name: str, value: Any, x: Tensor) -> Any:
        (part, *_) = self.components[name].values()
        is_map = part.kind == "head" and part.output_stride is not None
        return resize_like(value, x) if is_map else value


def component_class(component: Component) -> type[Any]:
    """The public class that a component names; raises :class:`ConfigError`."""
    names = list(chain.from_iterable(home.__all__ for home in _HOMES.values()))
    try:
        name = public_name(component.type, names)
    except KeyError as error:
        raise ConfigError(
            f"{component.path}.type", f"{component.type!r} is no component class: {error.args[0]}"
        ) from None
    found: type[Any] = next(getattr(home, name) for home in _HOMES.values() if name in home.__all__)
    return found


def _build(config: Config) -> dict[str, dict[str, Any]]:
    """The modules of each component: one, or for an attention one for each map."""
    built: dict[str, dict[str, Any]] = {}
    described: dict[str, tuple[tuple[int, ...], tuple[int, ...]]] = {}
    for component in config.components:
        cls = component_class(component)
        taken = _taken(component, cls, described)
        if cls.kind == "attention":
            channels, _ = taken
            built[component.name] = {str(i): _made(component, cls, {"in_channels": c}) for i, c in enumerate(channels)}
            described[component.name] = taken
            continue
        filled = {"in_channels": taken[0], "in_strides": taken[1]} if component.of is not None else {}
        part = _made(component, cls, filled)
        built[component.name] = {"0": part}
        if cls.kind != "head":
            described[component.name] = part.channels, part.strides
    return built


def _taken(component: Component, cls: type[Any], described: Mapping[str, Any]) -> Any:
    """Channels and strides of the maps that a component takes; nothing for a backbone."""
    if (cls.kind == "backbone") != (component.of is None):
        what = (
            "takes the image; leave out 'of'"
            if cls.kind == "backbone"
            else "takes features; say of which component in 'of'"
        )
        raise ConfigError(component.path, f"{cls.__name__} is a {cls.kind} and {what}")
    if component.of is None:
        return (), ()
    if component.of.name not in described:
        raise ConfigError(f"{component.path}.of", f"{component.of.name} is a head and gives no features")
    given = described[component.of.name]
    channels, strides = (tuple(values[component.of.maps]) for values in given)
    if not channels:
        what = f"{component.of} are no maps; {component.of.name} gives {len(given[0])}"
        raise ConfigError(f"{component.path}.of", what)
    return channels, strides


def _made(component: Component, cls: type[Any], filled: Mapping[str, Any]) -> Any:
    known = inspect.signature(cls).parameters
    for name in component.parameters:
        if name in filled or name not in known:
            free = [parameter for parameter in known if parameter not in filled]
            raise ConfigError(f"{component.path}.{name}", f"{cls.__name__} takes {', '.join(free)}")
    given = {name: _value(component, name, value, known[name]) for name, value in component.parameters.items()}
    try:
        return cls(**filled, **given)
    except (TypeError, ValueError) as error:
        raise ConfigError(component.path, " ".join(str(error).split())) from error


def _value(component: Component, name: str, value: Any, parameter: inspect.Parameter) -> Any:
    """A parameter's value; the class of the base layer that is named, where the constructor takes a class."""
    if not isinstance(value, str) or not isinstance(parameter.default, type):
        return value
    try:
        return getattr(models, public_name(value, models.__all__))
    except KeyError as error:
        raise ConfigError(f"{component.path}.{name}", f"{value!r} is no base layer: {error.args[0]}") from None
