"""``torch.nn.Module`` and its containers with a recorded constructor and conversion as methods."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any, ClassVar, Self

import torch
from torch import nn

from mcore.platform.eager.constructor import Recorded
from mcore.platform.eager.restore import restore
from mcore.platform.eager.skeleton import in_skeleton as in_skeleton
from mcore.platform.eager.skeleton import skeleton as marked
from mcore.sampling import Sampling


class _StandIn(Recorded):
    """Makes a class stand in for torch's of the same name: whatever is an instance of torch's is one of ours.

    Derived from ``ABCMeta`` through :class:`Recorded`, because third-party modules mix ``torch.nn.Module`` with ABCs.
    """

    def __instancecheck__(self, instance: Any) -> bool:
        original = self.__dict__.get("_original")
        return isinstance(instance, original) if original else super().__instancecheck__(instance)

    def __subclasscheck__(self, subclass: type) -> bool:
        original = self.__dict__.get("_original")
        return issubclass(subclass, original) if original else super().__subclasscheck__(subclass)


class Module(nn.Module, metaclass=_StandIn):
    """A ``torch.nn.Module`` that can be converted to a bundle and rebuilt from one.

    ``sampling`` says what its inputs are (see :mod:`mcore.sampling`); ``parts`` names the network, backbone, neck and
    head it is made of; ``constructor`` is what it was built by (see :mod:`mcore.platform.eager.constructor`). The first two
    are not there unless a class says them: an attribute here would hide submodules of that name in adopted classes.
    """

    _original: ClassVar[type] = nn.Module
    sampling: Sampling | None
    parts: Mapping[str, str]

    def toplatform(self, folder: str | Path, **options: Any) -> Any:
        """Convert to a bundle in ``folder``; options, result, errors are those of :func:`mcore.convert.toplatform`."""
        return toplatform(self, folder, **options)

    @classmethod
    def fromplatform(cls, folder: str | Path, *, trusted: Iterable[str] = (), strict: bool = True) -> Self:
        """Rebuild the network of a bundle from the constructor in its manifest, with the bundle's weights.

        Args:
            folder: the bundle.
            trusted: packages that the manifest may name, besides ``mcore``, ``models`` and this class's own.
            strict: every parameter and buffer of the network must be in the bundle.

        Raises:
            FormatError: the bundle cannot be trusted.
            BackendError: the constructor cannot be followed, builds something else, or its weights do not fit.
        """
        from mcore.convert.arrays import from_numpy

        network: Self = restore(cls, folder, trusted=trusted, strict=strict, to_tensor=from_numpy)
        return network


class Sequential(Module, nn.Sequential):
    _original: ClassVar[type] = nn.Sequential


class ModuleList(Module, nn.ModuleList):
    _original: ClassVar[type] = nn.ModuleList


class ModuleDict(Module, nn.ModuleDict):
    _original: ClassVar[type] = nn.ModuleDict


def toplatform(model: nn.Module, folder: str | Path, **options: Any) -> Any:
    """Convert any torch module to a bundle in ``folder``; see :func:`mcore.convert.toplatform`."""
    from mcore import convert

    return convert.toplatform(model, folder, **options)


def fromplatform(folder: str | Path) -> nn.Module:
    """The network of a bundle as a torch module, rebuilt without its source: :func:`mcore.convert.fromplatform`."""
    from mcore import convert

    network: nn.Module = convert.fromplatform(folder)
    return network


@contextmanager
def skeleton() -> Iterator[None]:
    """Let modules that are made inside have parameters without memory: on torch's ``meta`` device.

    See :func:`mcore.platform.eager.skeleton.skeleton`, which does the same on the other backend.
    """
    with marked(), torch.device("meta"):
        yield


@contextmanager
def adopt() -> Iterator[None]:
    """Let third-party classes that are defined inside derive from ``mcore.Module`` and so be converted by a method.

    ::

        with mcore.adopt():
            import torchvision
        torchvision.models.resnet18().toplatform("resnet18")

    Module, Sequential, ModuleList and ModuleDict are replaced wherever torch has them (``torch.nn``, ``torch.nn.modules`` and
    the modules that define them), and put back on the way out, also of an inner ``adopt`` or when the import fails: left in
    place they would break ``torch.fx`` and ``torch.jit.script``. A module that was imported before is not affected; it is
    converted by the function :func:`toplatform`.
    """
    replaced = [(home, kind.__name__, getattr(home, kind.__name__)) for home, kind in _places()]
    for home, kind in _places():
        setattr(home, kind.__name__, kind)
    try:
        yield
    finally:
        for home, name, before in replaced:
            setattr(home, name, before)


def _places() -> Iterator[tuple[ModuleType, type]]:
    """Where torch has the classes that are replaced, with what replaces them."""
    for home in (nn, nn.modules, nn.modules.module, nn.modules.container):
        for kind in (Module, Sequential, ModuleList, ModuleDict):
            if hasattr(home, kind.__name__):
                yield home, kind
