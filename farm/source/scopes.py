"""Names that are local to functions, classes and comprehensions, by Python's rules."""

from __future__ import annotations

import ast
from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import Enum, auto
from types import NoneType

from farm.source.modules import Import, Module, imported_by

Function = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda
Comprehension = ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp


class Kind(Enum):
    """Of a scope. Names of a class body are not seen from the functions inside it."""

    MODULE = auto()
    CLASS = auto()
    FUNCTION = auto()
    MUTE = auto()  # what is in it never runs


@dataclass(slots=True)
class Scope:
    """Local names of one scope.

    Args:
        kind: of the scope.
        parent: the scope around it.
        names: that are bound in it.
        imports: what those that an import binds stand for.
        values: the one expression that a name is bound to, and whether the name is an element of it; ``None`` for more.
        member: method or function that it belongs to; empty where it runs on import.
        node: the function, where it is one's.
    """

    kind: Kind
    parent: Scope | None = None
    names: set[str] = field(default_factory=set)
    imports: dict[str, Import] = field(default_factory=dict)
    values: dict[str, tuple[ast.expr, bool] | None] = field(default_factory=dict)
    member: str = ""
    node: Function | None = None

    def home(self, name: str) -> Scope | None:
        """The scope that a name read in this one belongs to; ``None`` where it is a global of the module."""
        scope: Scope | None = self
        while scope is not None:
            if name in scope.names and (scope is self or scope.kind is not Kind.CLASS):
                return scope
            scope = scope.parent
        return None


def function_scope(module: Module, node: Function, around: Scope, member: str) -> Scope:
    """Scope of a function's body."""
    scope = Scope(Kind.FUNCTION, around, member=member, node=node)
    a = node.args
    given = [*a.posonlyargs, *a.args, *a.kwonlyargs, *(x for x in (a.vararg, a.kwarg) if x)]
    for argument in given:
        scope.names.add(argument.arg)
        scope.values[argument.arg] = None
    _gather(module, scope, [node.body] if isinstance(node, ast.Lambda) else node.body)
    return scope


def class_scope(module: Module, node: ast.ClassDef, around: Scope) -> Scope:
    """Scope of a class body."""
    scope = Scope(Kind.CLASS, around, member=around.member)
    _gather(module, scope, node.body)
    return scope


def comprehension_scope(node: Comprehension, around: Scope) -> Scope:
    """Scope of a comprehension, in which its targets are bound."""
    scope = Scope(Kind.FUNCTION, around, member=around.member, node=around.node)
    for generator in node.generators:
        _bind_target(scope, generator.target, (generator.iter, True))
    return scope


_COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)
#: Nodes that bind names, or have a scope of their own: matching all others against each of them takes longer than the rest.
_BINDING = frozenset(
    (
        *(ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda, *_COMPREHENSIONS),
        *(ast.Assign, ast.NamedExpr, ast.For, ast.AsyncFor, ast.Import, ast.ImportFrom, ast.Global, ast.Nonlocal),
        *(ast.Name, ast.MatchAs, ast.MatchStar, ast.ExceptHandler, ast.MatchMapping),
    )
)


def _gather(module: Module, scope: Scope, body: Iterable[ast.AST]) -> None:
    outside: set[str] = set()
    pending = list(body)
    while pending:
        node = pending.pop()
        if (
            isinstance(node, ast.expr)
            and not module.walrus
            and isinstance(getattr(node, "ctx", None), ast.Load | NoneType)
        ):
            continue  # it binds nothing
        if type(node) in _BINDING and _note_binding(module, scope, node, pending, outside):
            continue
        for name in node._fields:  # as ast.iter_child_nodes does, in half the time
            child = getattr(node, name, None)
            if isinstance(child, ast.AST):
                pending.append(child)
            elif isinstance(child, list):
                pending += [c for c in child if isinstance(c, ast.AST)]
    scope.names -= outside


def _note_binding(module: Module, scope: Scope, node: ast.AST, pending: list[ast.AST], outside: set[str]) -> bool:
    """What a node of :data:`_BINDING` binds; whether what is in it was seen to."""
    match node:
        case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
            _bind(scope, node.name, None)
            return True
        case ast.Lambda():
            return True
        case ast.ListComp() | ast.SetComp() | ast.DictComp() | ast.GeneratorExp():
            for inner in ast.walk(node):
                if isinstance(inner, ast.NamedExpr):
                    _bind(scope, inner.target.id, (inner.value, False))
            return True
        case ast.Assign(targets=[ast.Name(id=name)], value=value):
            _bind(scope, name, (value, False))
            pending.append(value)
            return True
        case ast.NamedExpr(target=ast.Name(id=name), value=value):
            _bind(scope, name, (value, False))
            pending.append(value)
            return True
        case ast.For() | ast.AsyncFor():
            _bind_target(scope, node.target, (node.iter, True))
            pending += [node.iter, *node.body, *node.orelse]
            return True
        case ast.Import() | ast.ImportFrom():
            for alias in node.names:
                bound, imported, _ = imported_by(module, node, alias)
                if bound is not None:
                    _bind(scope, bound, None)
                    scope.imports[bound] = imported
        case ast.Global(names=names) | ast.Nonlocal(names=names):
            outside.update(names)
        case ast.Name(id=name, ctx=ast.Store() | ast.Del()):
            _bind(scope, name, None)
        case ast.MatchAs(name=str(name)) | ast.MatchStar(name=str(name)) | ast.ExceptHandler(name=str(name)):
            _bind(scope, name, None)
        case ast.MatchMapping(rest=str(name)):
            _bind(scope, name, None)
    return False


def _bind(scope: Scope, name: str, value: tuple[ast.expr, bool] | None) -> None:
    scope.values[name] = None if name in scope.names else value
    scope.names.add(name)


def _bind_target(scope: Scope, target: ast.expr, value: tuple[ast.expr, bool]) -> None:
    if isinstance(target, ast.Name):
        _bind(scope, target.id, value)
        return
    for node in ast.walk(target):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            _bind(scope, node.id, None)
