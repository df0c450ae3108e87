"""What a name means across the modules of a tree, followed through imports, re-exports and star imports."""

from __future__ import annotations

import ast
import builtins
from collections.abc import Iterable, Mapping, MutableMapping
from dataclasses import dataclass
from typing import NamedTuple

from farm.source.facts import Reference
from farm.source.modules import EFFECTS, UNREADABLE, Binding, Import, Module, index, unwind
from farm.source.tree import SourceTree, why_unread

#: Indexed modules by name, path and blob id, so that two commits share what is the same in both.
Cache = MutableMapping[tuple[str, str, str], Module]

_ABOUT_MODULE = {"__dict__", "__path__"}


class Definition(NamedTuple):
    """What a module of the tree binds a name to."""

    module: str
    name: str

    def __str__(self) -> str:
        return f"{self.module}.{self.name}"


class ModuleItself(NamedTuple):
    """A module of the tree."""

    module: str

    def __str__(self) -> str:
        return self.module


class Outside(NamedTuple):
    """Something that is not followed: outside the tree, or part of the toolchain."""

    name: str

    def __str__(self) -> str:
        return f"<{self.name}>"


class Dynamic(NamedTuple):
    """A name that a module makes when it runs, or when it is asked for it."""

    module: str
    name: str

    def __str__(self) -> str:
        return f"{self.module}.{self.name} (made at run time)"


class Nothing(NamedTuple):
    """A name that nothing binds."""

    name: str

    def __str__(self) -> str:
        return f"{self.name} (not found)"


Target = Definition | ModuleItself | Outside | Dynamic | Nothing


@dataclass(frozen=True, slots=True)
class Followed:
    """What of a tree is followed.

    Args:
        packages: top-level packages of the tree; anything else is outside.
        toolchain: modules and definitions in them, by dotted prefix, that are left out.
        kernels: decorators that enter functions in a table for devices.
    """

    packages: tuple[str, ...]
    toolchain: tuple[str, ...] = ()
    kernels: tuple[str, ...] = ()


class Names:
    """Names of one tree."""

    def __init__(self, tree: SourceTree, followed: Followed, cache: Cache | None = None) -> None:
        self._tree, self._followed = tree, followed
        self._cache: Cache = {} if cache is None else cache
        self._below_toolchain = tuple(f"{t}." for t in followed.toolchain)
        self._modules: dict[str, Module] = {}
        self._members: dict[tuple[str, str], tuple[Target, ...]] = {}
        self._active: set[tuple[str, str]] = set()
        self._in_circle = False
        self._files = _files(tree.paths(), followed.packages)
        self._folders = {name.rpartition(".")[0] for name in self._files}
        for name in list(self._folders):
            while name := name.rpartition(".")[0]:
                self._folders.add(name)

    def modules(self) -> tuple[str, ...]:
        """Names of all modules that are followed, sorted."""
        return tuple(sorted(n for n in self._files if not self.in_toolchain(n)))

    def why_unread(self, name: str) -> str:
        """Why a dotted name is no module although git has something there; empty where it has nothing."""
        path = name.replace(".", "/")
        return why_unread(self._tree.unread, path, f"{path}.py", f"{path}/__init__.py")

    def exists(self, module: str) -> bool:
        """Whether it is a module of the tree, or a folder of modules without an ``__init__.py``."""
        return module in self._files or module in self._folders

    def module(self, name: str) -> Module | None:
        """A module's index; ``None`` for one that is not in the tree and for a folder without an ``__init__.py``."""
        if name not in self._modules:
            if name not in self._files:
                return None
            path = self._files[name]
            key = (name, path, self._tree.blob_id(path))
            if key not in self._cache:
                package = path.endswith("/__init__.py")
                self._cache[key] = index(name, path, package, key[2], self._tree.read(path))
            self._modules[name] = self._cache[key]
        return self._modules[name]

    def in_toolchain(self, name: str) -> bool:
        """Whether a dotted name is part of the toolchain."""
        return name in self._followed.toolchain or name.startswith(self._below_toolchain)

    def is_kernel(self, definition: Definition) -> bool:
        """Whether it is a function that computes with what it is given, and was entered in a table for devices."""
        module = self.module(definition.module)
        match module.bindings.get(definition.name) if module and self._followed.kernels else None:
            case [Binding(statement=ast.FunctionDef(args=given, decorator_list=decorators))] if (
                given.posonlyargs or given.args or given.vararg
            ):
                assert module is not None
                return any(self._enters(module, d) for d in decorators)
        return False

    def _enters(self, module: Module, decorator: ast.expr) -> bool:
        root, attributes = unwind(decorator.func if isinstance(decorator, ast.Call) else decorator)
        if not isinstance(root, ast.Name):
            return False
        found = self.follow(module, Reference(root.id, attributes))
        return [str(target) for target, _ in found] in [[k] for k in self._followed.kernels]

    def member(self, module_name: str, name: str) -> tuple[Target, ...]:
        """What ``from module import name`` gives; more than one target where that depends on a condition."""
        key = (module_name, name)
        if key in self._members:
            return self._members[key]
        if key in self._active:
            self._in_circle = True
            return (Nothing(f"{module_name}.{name}"),)
        self._active.add(key)
        found = self._member(module_name, name)
        self._active.remove(key)
        if not self._active:
            self._in_circle = False
        if not self._in_circle:  # else another name of the circle is not known yet
            self._members[key] = found
        return found

    def meaning(self, imported: Import) -> tuple[Target, ...]:
        """What an import gives."""
        if imported.name is not None:
            return self.member(imported.module, imported.name)
        if not self._inside(imported.module) or self.in_toolchain(imported.module):
            return (Outside(imported.module),)
        return (ModuleItself(imported.module) if self.exists(imported.module) else Nothing(imported.module),)

    def follow(self, module: Module, reference: Reference) -> tuple[tuple[Target, tuple[str, ...]], ...]:
        """What a reference in ``module`` means, and the attributes that are taken of it there."""
        root, attributes = reference
        if isinstance(root, Import):
            targets = self.meaning(root)
        elif root not in module.bindings and not module.stars and hasattr(builtins, root):
            targets = (Outside(f"builtins.{root}"),)
        else:
            targets = self.member(module.name, root)
            if module.stars and all(isinstance(t, Nothing) for t in targets) and hasattr(builtins, root):
                targets = (Outside(f"builtins.{root}"),)  # none of the star imports has it
        return tuple(end for target in targets for end in self._take(target, attributes))

    def missing(self, module: Module) -> tuple[str, ...]:
        """What the module imports from the tree, whatever the conditions, and the tree lacks: importing it fails."""
        lacking = {f"from {source} import *": source for source in module.stars if self._lacks(source)}
        for name, bindings in module.bindings.items():
            for binding in bindings:
                match binding:
                    case Binding(statement=ast.Import(names=aliases), guards=()):
                        lacking |= {f"import {a.name}": a.name for a in aliases if self._lacks(a.name)}
                    case Binding(imported=Import() as imported, guards=()):
                        found = self._imported(module, name, imported)
                        if any(isinstance(target, Nothing) for target in found):
                            source, own = imported
                            what = source if self._lacks(source) else f"{source}.{own}"
                            lacking[f"from {source} import {own}"] = what
        why = {text: self.why_unread(name) for text, name in lacking.items()}
        return tuple(sorted(f"{text}, which {why[text]}," if why[text] else text for text in lacking))

    def _lacks(self, module: str) -> bool:
        return self._inside(module) and not self.in_toolchain(module) and not self.exists(module)

    def exports(self, module: str) -> Mapping[str, tuple[Target, ...]]:
        """All that a module binds, itself or by import, and what makes names when it runs; not its submodules."""
        index = self.module(module)
        bound = [n for n in index.bindings if n != EFFECTS] if index else []
        return {name: self.member(module, name) for name in bound}

    def _take(self, target: Target, attributes: tuple[str, ...]) -> Iterable[tuple[Target, tuple[str, ...]]]:
        if not attributes:
            return [(target, ())]
        match target:
            case Outside(name):
                return [(Outside(".".join((name, *attributes))), ())]
            case ModuleItself(module) if attributes[0] not in _ABOUT_MODULE:
                first, rest = attributes[0], attributes[1:]
                return [end for found in self.member(module, first) for end in self._take(found, rest)]
        return [(target, attributes)]

    def _inside(self, name: str) -> bool:
        return name.partition(".")[0] in self._followed.packages

    def _member(self, module_name: str, name: str) -> tuple[Target, ...]:
        full = f"{module_name}.{name}"
        if not self._inside(module_name) or self.in_toolchain(full):
            return (Outside(full),)
        module = self.module(module_name)
        if module is not None:
            if module.error:
                return (Definition(module_name, UNREADABLE),)
            if name in module.bindings:
                return self._bound(module, name)
            if found := self._from_stars(module, name):
                return found
        if self.exists(full):
            return (ModuleItself(full),)
        if module is not None and module.populates_itself and not _is_special(name):
            return (Dynamic(module_name, name),)
        if module is not None and name in ("__name__", "__file__", "__package__", "__doc__", "__spec__", "__path__"):
            return (Outside(f"module.{name}"),)
        return (Nothing(full),)

    def _bound(self, module: Module, name: str) -> tuple[Target, ...]:
        bindings = module.bindings[name]
        through = [t for b in bindings if b.imported for t in self._imported(module, name, b.imported)]
        if len(bindings) == 1 and bindings[0].imported and not bindings[0].guards:
            return tuple(through)
        # The conditions count as well, and what is bound here under them.
        return (Definition(module.name, name), *dict.fromkeys(through))

    def _imported(self, module: Module, name: str, imported: Import) -> tuple[Target, ...]:
        own = f"{module.name}.{name}"
        if imported == (module.name, name) and self.exists(own):  # from . import name
            return (ModuleItself(own),)
        return self.meaning(imported)

    def _from_stars(self, module: Module, name: str) -> tuple[Target, ...]:
        outside: tuple[Target, ...] = ()
        for source in reversed(module.stars):  # the last one wins
            if not self._inside(source) or self.in_toolchain(source):
                if not hasattr(builtins, name) and not name.startswith("_"):
                    outside = outside or (Outside(f"{source}.{name}"),)
                continue
            if self._star_exports(source, name):
                found = self.member(source, name)
                if not any(isinstance(t, Nothing) for t in found):
                    return found
        return outside

    def _star_exports(self, source: str, name: str) -> bool:
        from farm.source.exports import exported_names

        module = self.module(source)
        if module is None:
            return False
        if module.error or "__all__" not in module.bindings:
            return not name.startswith("_")
        names = exported_names(self, module)
        return names is None or name in names


def _is_special(name: str) -> bool:
    return name.startswith("__") and name.endswith("__")


def _files(paths: Iterable[str], packages: tuple[str, ...]) -> dict[str, str]:
    files: dict[str, str] = {}
    for path in sorted(paths):  # x/__init__.py sorts after x.py and wins, as in Python
        top = path.partition("/")[0]
        if not path.endswith(".py") or top.removesuffix(".py") not in packages:
            continue
        name = path.removesuffix(".py").replace("/", ".")
        files[name.removesuffix(".__init__")] = path
    return files
