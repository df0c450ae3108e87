"""What importing the modules of a tree changes besides binding names: registries that are filled, classes that are patched.

A definition that is changed by a statement anywhere in the tree depends on that statement: a table of backbones on each
function that a decorator enters into it. A statement that changes something outside the tree, or nothing that can be seen,
counts for all code that imports its module.

This errs on the side of too much: a method of a global object may change it unless its name says otherwise, and an object
that is given to a call made for its effect may be changed by it.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator

from farm.source.facts import Effects, Reference
from farm.source.modules import EFFECTS, NAMES, Binding, Module, unwind
from farm.source.names import Definition, Names, Outside
from farm.source.walk import facts

READ_ONLY = frozenset(
    {"copy", "count", "decode", "encode", "endswith", "format", "get", "index", "items", "join", "keys", "lower"}
    | {"replace", "split", "splitlines", "startswith", "strip", "upper", "values"}
    | {
        "exists",
        "glob",
        "is_dir",
        "is_file",
        "iterdir",
        "joinpath",
        "read_bytes",
        "read_text",
        "resolve",
        "rglob",
        "with_name",
    }
)
_ON_CALL = ("__new__", "__init__", "__post_init__")
_ON_SUBCLASS = ("__init_subclass__",)


class Changes:
    """Changes that importing the modules of a tree makes."""

    def __init__(self, names: Names) -> None:
        self._names = names
        self._by: dict[Definition, list[Definition]] = {}
        self._ran: set[str] = set()
        for module_name in names.modules():
            if (module := names.module(module_name)) is None:
                continue
            variables = module.bound_by_effects() - {EFFECTS, NAMES}
            for name, bindings in module.bindings.items():
                if name not in variables and any(_suspect(names, module, b) for b in bindings):
                    self._look_at(module, name)

    def of(self, definition: Definition) -> tuple[Definition, ...]:
        """Definitions whose statements may change the given one."""
        return tuple(self._by.get(definition, ()))

    def counts_for_importers(self, module: str) -> bool:
        """Whether the module's effects count for all code that imports it."""
        return module in self._ran

    def _look_at(self, module: Module, name: str) -> None:
        search = _Search(self._names)
        search.run(module, facts(module, name).effects.get("", Effects()), outside_counts=True)
        for binding in module.bindings[name]:
            if isinstance(binding.statement, ast.ClassDef):
                search.subclass(module, binding.statement)
        this = Definition(module.name, name)
        for changed in sorted(search.changed - {this}):
            self._by.setdefault(changed, []).append(this)
        if name == EFFECTS and (search.outside or not search.changed):
            self._ran.add(module.name)


class _Search:
    """Follows calls from one statement."""

    def __init__(self, names: Names) -> None:
        self._names = names
        self._seen: set[tuple[Definition, str]] = set()
        self.changed: set[Definition] = set()
        self.outside = False

    def run(self, module: Module, effects: Effects, *, outside_counts: bool) -> None:
        """Note what some code changes, and what the functions change that it calls."""
        for target, _ in self._targets(module, effects.stores):
            if isinstance(target, Definition):
                self.changed.add(target)
            else:
                self.outside |= outside_counts
        for target, method in self._targets(module, effects.discarded | effects.calls):
            if isinstance(target, Definition):
                self._call(target, method, outside_counts)
        for target, _ in self._targets(module, effects.discarded):
            self.outside |= outside_counts and isinstance(target, Outside) and not self._names.in_toolchain(target.name)
        for target, _ in self._targets(module, effects.arguments):
            if isinstance(target, Definition) and self._is_object(target):
                self.changed.add(target)

    def subclass(self, module: Module, node: ast.ClassDef) -> None:
        """Note what making a class changes through hooks of its bases and metaclass."""
        for base in self._classes(module, node.bases):
            home = self._names.module(base.module)
            assert home is not None
            self._members(base, _ON_SUBCLASS, outside_counts=False)
            for binding in home.bindings[base.name]:
                if isinstance(binding.statement, ast.ClassDef) and self._once(base, "<subclass>"):
                    self.subclass(home, binding.statement)
        for metaclass in self._classes(module, [k.value for k in node.keywords if k.arg == "metaclass"]):
            self._members(metaclass, _ON_CALL, outside_counts=False)

    def _call(self, target: Definition, method: tuple[str, ...], outside_counts: bool) -> None:
        if self._is_object(target):
            if method and method[-1] not in READ_ONLY:
                self.changed.add(target)
        elif method:
            self._members(target, method[:1], outside_counts=outside_counts)
        elif self._is_class(target):
            self._members(target, _ON_CALL, outside_counts=False)
        else:
            self._members(target, (target.name,), outside_counts=outside_counts)

    def _members(self, target: Definition, members: Iterable[str], *, outside_counts: bool) -> None:
        home = self._names.module(target.module)
        if home is None or target.name not in home.bindings:
            return
        for member in members:
            if self._once(target, member) and (effects := facts(home, target.name).effects.get(member)):
                self.run(home, effects, outside_counts=outside_counts)

    def _once(self, target: Definition, member: str) -> bool:
        new = (target, member) not in self._seen
        self._seen.add((target, member))
        return new

    def _targets(self, module: Module, references: Iterable[Reference]) -> Iterator[tuple[object, tuple[str, ...]]]:
        for reference in sorted(references, key=str):
            yield from self._names.follow(module, reference)

    def _classes(self, module: Module, nodes: Iterable[ast.expr]) -> Iterator[Definition]:
        for node in nodes:
            root, attributes = unwind(node.value if isinstance(node, ast.Subscript) else node)
            if isinstance(root, ast.Name):
                for target, _ in self._targets(module, [Reference(root.id, attributes)]):
                    if isinstance(target, Definition) and self._is_class(target):
                        yield target

    def _statements(self, target: Definition) -> list[ast.stmt]:
        home = self._names.module(target.module)
        return [b.statement for b in home.bindings.get(target.name, ())] if home else []

    def _is_class(self, target: Definition) -> bool:
        return any(isinstance(s, ast.ClassDef) for s in self._statements(target))

    def _is_object(self, target: Definition) -> bool:
        kinds = (ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
        return target.name not in (EFFECTS, NAMES) and not any(isinstance(s, kinds) for s in self._statements(target))


def _suspect(names: Names, module: Module, binding: Binding) -> bool:
    """Whether the statement may do more than bind a name, by a look at its outside."""
    match binding.statement:
        case ast.FunctionDef(decorator_list=decorators) | ast.AsyncFunctionDef(decorator_list=decorators):
            return any(_inside(names, module, d) for d in decorators)
        case ast.ClassDef(bases=bases, keywords=keywords, decorator_list=decorators, body=body):
            parts = [*bases, *(k.value for k in keywords), *decorators]
            return any(_inside(names, module, p) for p in parts) or any(
                _calls(s) for s in body if not isinstance(s, ast.FunctionDef | ast.AsyncFunctionDef)
            )
        case ast.Import() | ast.ImportFrom():
            return False
        case ast.Assign() | ast.AnnAssign():
            return _calls(binding.statement) or not isinstance(_first_target(binding.statement), ast.Name)
    return True


def _first_target(statement: ast.Assign | ast.AnnAssign) -> ast.expr:
    return statement.targets[0] if isinstance(statement, ast.Assign) else statement.target


def _calls(statement: ast.stmt) -> bool:
    return any(isinstance(n, ast.Call) for n in ast.walk(statement))


def _inside(names: Names, module: Module, node: ast.expr) -> bool:
    """Whether an expression may name something of the tree."""
    root, attributes = unwind(node.func if isinstance(node, ast.Call) else node)
    if not isinstance(root, ast.Name):
        return True
    return any(not isinstance(t, Outside) for t, _ in names.follow(module, Reference(root.id, attributes)))
