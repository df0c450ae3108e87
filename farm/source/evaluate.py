"""Evaluating string expressions where they stand: locals that are bound once, and constants of this and other modules."""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping

from farm.source.effects import READ_ONLY
from farm.source.literals import Environment, strings
from farm.source.modules import Module, unwind
from farm.source.names import Definition, Names
from farm.source.scopes import Scope

Found = tuple[ast.expr, bool, Environment]


class Evaluator:
    """Evaluates for one tree.

    Args:
        names: of the tree.
        changed: whether a definition is changed by a statement elsewhere, so that its own expression is not all it can be.
    """

    def __init__(self, names: Names, changed: Callable[[Definition], bool]) -> None:
        self._names, self._changed = names, changed
        self._touched: dict[str, frozenset[str]] = {}

    def strings(
        self, module: Module, node: ast.expr, scope: Scope | None, known: Mapping[str, str] | None = None
    ) -> frozenset[str]:
        """Every string that an expression can be, with ``*`` for what is unknown.

        Args:
            module: that it stands in.
            node: the expression.
            scope: that it stands in; ``None`` for the module's own.
            known: values of names there.
        """
        if isinstance(node, ast.Constant):
            return frozenset({node.value}) if isinstance(node.value, str) else frozenset()
        env = self._environment(module, scope)
        for name, value in (known or {}).items():
            env = env.where(name, value)
        return strings(node, env)

    def _environment(self, module: Module, scope: Scope | None) -> Environment:
        itself = {"__name__": module.name, "__package__": module.parent}
        return Environment(lambda name: self._find(module, scope, name), itself)

    def _find(self, module: Module, scope: Scope | None, name: str) -> Found | None:
        home = scope.home(name) if scope else None
        if home is None:
            return self._constant(self._names.member(module.name, name))
        if name in home.imports:
            return self._constant(self._names.meaning(home.imports[name]))
        if (value := home.values.get(name)) is None:
            return None
        return (*value, self._environment(module, home))

    def _constant(self, targets: tuple[object, ...]) -> Found | None:
        if len(targets) != 1 or not isinstance(target := targets[0], Definition) or self._changed(target):
            return None
        module = self._names.module(target.module)
        bindings = module.bindings.get(target.name, []) if module else []
        if module is None or len(bindings) != 1 or bindings[0].guards or target.name in self._roots(module):
            return None
        match bindings[0].statement:
            case ast.Assign(targets=[ast.Name()], value=value) | ast.AnnAssign(value=ast.expr() as value):
                return value, False, self._environment(module, None)
        return None

    def _roots(self, module: Module) -> frozenset[str]:
        """Names of the module whose items or attributes are set somewhere in it, or of which a method is called."""
        if module.name not in self._touched:
            statements = {id(b.statement): b.statement for bound in module.bindings.values() for b in bound}
            nodes = (n for s in statements.values() for n in ast.walk(s))
            self._touched[module.name] = frozenset(root for n in nodes if (root := _touches(n)))
        return self._touched[module.name]


def _touches(node: ast.AST) -> str:
    match node:
        case ast.Subscript(ctx=ast.Store() | ast.Del(), value=changed):
            pass
        case ast.Attribute(ctx=ast.Store() | ast.Del(), value=changed):
            pass
        case ast.Call(func=ast.Attribute(value=changed, attr=method)) if method not in READ_ONLY:
            pass
        case _:
            return ""
    root, _ = unwind(changed)
    return root.id if isinstance(root, ast.Name) else ""


def importable(module: Module, name: str, package: str | None) -> str:
    """The absolute form of a name that is given to ``import_module``."""
    if not name.startswith("."):
        return name
    level = len(name) - len(name.lstrip("."))
    parts = (package or module.parent).split(".")
    base = parts[: len(parts) - (level - 1)]
    return ".".join([*base, name[level:]] if name[level:] else base)
