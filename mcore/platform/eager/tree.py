"""Registration and traversal of parameters, buffers and sub-modules, as ``torch.nn.Module`` has them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Self

from mcore.platform.eager.constructor import Recorded, recorded
from mcore.platform.eager.parameter import Parameter
from mcore.platform.eager.tensor import Tensor

_REGISTRIES = ("_parameters", "_buffers", "_modules")


class Tree(metaclass=Recorded):
    """Parameters, buffers and sub-modules, registered when they are assigned as attributes; the base of Module."""

    training: bool
    constructor: Mapping[str, Any]
    _parameters: dict[str, Parameter | None]
    _buffers: dict[str, Tensor | None]
    _modules: dict[str, Any]  # of modules and None; Any, because a subclass has its own kind
    _non_persistent_buffers_set: set[str]

    def __init__(self) -> None:
        object.__setattr__(self, "training", True)
        object.__setattr__(self, "_parameters", {})
        object.__setattr__(self, "_buffers", {})
        object.__setattr__(self, "_modules", {})
        object.__setattr__(self, "_non_persistent_buffers_set", set())

    def __setattr__(self, name: str, value: Any) -> None:
        registries = self.__dict__
        if "_modules" not in registries:
            if isinstance(value, Parameter | Tree):
                raise AttributeError(f"call super().__init__() of {type(self).__name__} before assigning {name!r}")
            object.__setattr__(self, name, value)
        elif isinstance(value, Parameter):
            self._forget(name, but="_parameters")
            self._register("_parameters", name, value)
        elif isinstance(value, Tree) and name not in self._parameters:
            self._forget(name, but="_modules")
            self._modules[name] = value
        elif home := next((r for r in _REGISTRIES if name in registries[r]), None):
            if value is not None and not (home == "_buffers" and isinstance(value, Tensor)):
                raise TypeError(
                    f"{name!r} is registered in {home}: assign one of its kind or None, not {type(value).__name__}"
                )
            registries[home][name] = value
        else:
            object.__setattr__(self, name, value)

    def __getattr__(self, name: str) -> Any:
        for registry in _REGISTRIES:
            if name in self.__dict__.get(registry, ()):
                return self.__dict__[registry][name]
        raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")

    def __delattr__(self, name: str) -> None:
        for registry in _REGISTRIES:
            if name in self.__dict__[registry]:
                del self.__dict__[registry][name]
                self._non_persistent_buffers_set.discard(name)
                return
        object.__delattr__(self, name)

    def register_buffer(self, name: str, tensor: Tensor | None, persistent: bool = True) -> None:
        """Add a tensor that is no parameter; it is in the state_dict if ``persistent``."""
        if tensor is not None and not isinstance(tensor, Tensor):
            raise TypeError(f"buffer {name!r} must be a Tensor or None, not {type(tensor).__name__}")
        self._register("_buffers", name, tensor)
        (self._non_persistent_buffers_set.discard if persistent else self._non_persistent_buffers_set.add)(name)

    def register_parameter(self, name: str, param: Parameter | None) -> None:
        """Add a parameter, or ``None`` for one that is absent here."""
        if param is not None and not isinstance(param, Parameter):
            raise TypeError(f"parameter {name!r} must be a Parameter or None, not {type(param).__name__}")
        self._register("_parameters", name, param)

    def add_module(self, name: str, module: Tree | None) -> None:
        """Add a sub-module under a name that need not be an identifier."""
        if module is not None and not isinstance(module, Tree):
            raise TypeError(f"module {name!r} must be a Module or None, not {type(module).__name__}")
        self._register("_modules", name, module)

    register_module = add_module

    def _register(self, home: str, name: str, value: Any) -> None:
        if not name or "." in name:
            raise KeyError(f"{name!r} cannot be a name: it is empty or has a dot")
        if name not in self.__dict__[home] and hasattr(self, name):
            raise KeyError(f"attribute {name!r} of {type(self).__name__} already exists")
        self.__dict__[home][name] = value

    def _forget(self, name: str, *, but: str) -> None:
        """Take ``name`` out of the object and of all registries ``but`` one."""
        self.__dict__.pop(name, None)
        self._non_persistent_buffers_set.discard(name)
        for registry in _REGISTRIES:
            if registry != but:
                self.__dict__[registry].pop(name, None)

    def named_children(self) -> Iterator[tuple[str, Tree]]:
        """Direct sub-modules by name, each once."""
        seen: set[int] = set()
        for name, module in self._modules.items():
            if module is not None and id(module) not in seen:
                seen.add(id(module))
                yield name, module

    def children(self) -> Iterator[Tree]:
        """Direct sub-modules."""
        return (module for _, module in self.named_children())

    def named_modules(
        self, memo: set[Tree] | None = None, prefix: str = "", remove_duplicate: bool = True
    ) -> Iterator[tuple[str, Tree]]:
        """The module and all below it, by path, depth first; each once unless ``remove_duplicate`` is false."""
        memo = set() if memo is None else memo
        if self in memo:
            return
        if remove_duplicate:
            memo.add(self)
        yield prefix, self
        for name, module in self._modules.items():
            if module is not None:
                yield from module.named_modules(memo, f"{prefix}.{name}" if prefix else name, remove_duplicate)

    def modules(self) -> Iterator[Tree]:
        """The module and all below it."""
        return (module for _, module in self.named_modules())

    def named_parameters(
        self, prefix: str = "", recurse: bool = True, remove_duplicate: bool = True
    ) -> Iterator[tuple[str, Parameter]]:
        """Parameters by path."""
        return self._named("_parameters", prefix, recurse, remove_duplicate)

    def parameters(self, recurse: bool = True) -> Iterator[Parameter]:
        """Parameters."""
        return (parameter for _, parameter in self.named_parameters(recurse=recurse))

    def named_buffers(
        self, prefix: str = "", recurse: bool = True, remove_duplicate: bool = True
    ) -> Iterator[tuple[str, Tensor]]:
        """Buffers by path, those that are not persistent among them."""
        return self._named("_buffers", prefix, recurse, remove_duplicate)

    def buffers(self, recurse: bool = True) -> Iterator[Tensor]:
        """Buffers."""
        return (buffer for _, buffer in self.named_buffers(recurse=recurse))

    def _named(self, registry: str, prefix: str, recurse: bool, remove_duplicate: bool) -> Iterator[tuple[str, Any]]:
        seen: set[int] = set()
        owners = self.named_modules(None, prefix, remove_duplicate) if recurse else iter([(prefix, self)])
        for path, module in owners:
            for name, value in module.__dict__[registry].items():
                if value is None or id(value) in seen:
                    continue
                if remove_duplicate:
                    seen.add(id(value))
                yield (f"{path}.{name}" if path else name), value

    def get_submodule(self, target: str) -> Tree:
        """The module at a path; ``""`` is this one. Raises ``AttributeError`` where there is none."""
        module: Any = self
        for name in target.split(".") if target else ():
            module = getattr(module, name)
            if not isinstance(module, Tree):
                raise AttributeError(f"{name!r} of {target!r} is no module")
        found: Tree = module
        return found

    def get_parameter(self, target: str) -> Parameter:
        """The parameter at a path. Raises ``AttributeError`` where there is none."""
        path, _, name = target.rpartition(".")
        parameter = getattr(self.get_submodule(path), name)
        if not isinstance(parameter, Parameter):
            raise AttributeError(f"{target!r} is no parameter")
        return parameter

    def apply(self, fn: Callable[[Tree], Any]) -> Self:
        """Call ``fn`` on every module, the deepest first."""
        for module in self.children():
            module.apply(fn)
        fn(self)
        return self

    def extra_repr(self) -> str:
        """What stands in the brackets after the class: the arguments that it was built with."""
        parameters = (recorded(self) or {"parameters": {}})["parameters"]
        return ", ".join(f"{k}={v}" for k, v in parameters.items() if not isinstance(v, dict))

    def __repr__(self) -> str:
        children = [f"({name}): {module!r}" for name, module in self._modules.items()]
        if not children:
            return f"{type(self).__name__}({self.extra_repr()})"
        body = "\n".join(children).replace("\n", "\n  ")
        return f"{type(self).__name__}(\n  {body}\n)"

    def __dir__(self) -> list[str]:
        names = set(super().__dir__())
        return sorted(names.union(*(self.__dict__.get(r, ()) for r in _REGISTRIES)))
