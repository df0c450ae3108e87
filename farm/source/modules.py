"""One module as an index of what its top level binds, runs and imports, from its syntax alone.

A name may be bound more than once, or under a condition; all its bindings together are its definition. Statements that bind
nothing are the module's *effects*, but for those that fill the module's own namespace (``globals().update(...)``), which
matter only to who looks up a name that is bound nowhere else.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

#: Names of the pseudo-definitions of a module.
EFFECTS, NAMES, UNREADABLE, MISSING = "<module>", "<names>", "<unreadable>", "<missing>"

_CHANGES = frozenset({"append", "extend", "insert", "remove"})


class Import(NamedTuple):
    """What an imported name stands for: a member of a module, or where ``name`` is ``None`` the module itself."""

    module: str
    name: str | None = None


class Guard(NamedTuple):
    """What a binding is under: ``if``, ``else``, ``try``, ``except`` or ``with``, and the expression that decides."""

    kind: str
    node: ast.AST | None = None


@dataclass(frozen=True, slots=True)
class Binding:
    """One statement, and the conditions it is under; ``imported`` where it is an import of the bound name."""

    statement: ast.stmt
    guards: tuple[Guard, ...] = ()
    imported: Import | None = None


@dataclass(slots=True)
class Module:
    """A module of the tree.

    Args:
        name: dotted.
        path: of its file.
        package: it is an ``__init__.py``.
        blob_id: git's id of the file.
        bindings: of each name, in source order.
        stars: modules whose public names it imports.
        star_lines: where it does, of each.
        imports: all modules that importing it imports too, in order.
        walrus: whether expressions in it may bind names.
        error: why it cannot be parsed, with the line; the rest is empty then.
        facts: kept by :mod:`farm.source.facts`, by definition.
    """

    name: str
    path: str
    package: bool
    blob_id: str
    bindings: dict[str, list[Binding]] = field(default_factory=dict)
    stars: list[str] = field(default_factory=list)
    star_lines: dict[str, int] = field(default_factory=dict)
    imports: list[str] = field(default_factory=list)
    walrus: bool = False
    error: tuple[int, str] | None = None
    facts: dict[str, Any] = field(default_factory=dict)

    @property
    def parent(self) -> str:
        """The package that relative imports start from."""
        return self.name if self.package else self.name.rpartition(".")[0]

    @property
    def populates_itself(self) -> bool:
        """Whether names may be found in it that no statement binds."""
        return NAMES in self.bindings or "__getattr__" in self.bindings

    def bound_by_effects(self) -> frozenset[str]:
        """Names that nothing but the module's effects binds: the variables of its loops."""
        effects = {id(b.statement) for name in (EFFECTS, NAMES) for b in self.bindings.get(name, ())}
        return frozenset(n for n, bound in self.bindings.items() if all(id(b.statement) in effects for b in bound))


def index(name: str, path: str, package: bool, blob_id: str, source: bytes) -> Module:
    """Index one module; one that cannot be parsed has ``error`` set."""
    module = Module(name, path, package, blob_id, walrus=b":=" in source)
    try:
        tree = ast.parse(source, filename=path)
    except SyntaxError as error:
        module.error = (error.lineno or 1, error.msg)
    except (ValueError, RecursionError, MemoryError) as error:
        module.error = (1, str(error) or "too deeply nested")
    else:
        _Indexer(module).body(tree.body, ())
    return module


def absolute(module: Module, level: int, name: str | None) -> str:
    """The dotted module that ``from <level dots><name> import ...`` in ``module`` means."""
    if not level:
        return name or ""
    parts = module.parent.split(".")
    base = parts[: len(parts) - (level - 1)]
    return ".".join([*base, *([name] if name else [])])


class _Indexer:
    def __init__(self, module: Module) -> None:
        self._module = module

    def body(self, statements: Iterable[ast.stmt], guards: tuple[Guard, ...]) -> None:
        for statement in statements:
            self._statement(statement, guards)

    def _statement(self, s: ast.stmt, guards: tuple[Guard, ...]) -> None:
        match s:
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
                self._bind([s.name], s, guards)
            case ast.Import() | ast.ImportFrom():
                self._import(s, guards)
            case ast.Assign() | ast.AugAssign() | ast.AnnAssign() | ast.Delete():
                self._assign(s, guards)
            case ast.If():
                if not _is_main(s.test):
                    self.body(s.body, (*guards, Guard("if", s.test)))
                self.body(s.orelse, (*guards, Guard("else", s.test)))
            case ast.Try() | ast.TryStar():
                self.body([*s.body, *s.orelse], (*guards, Guard("try")))
                for handler in s.handlers:
                    self.body(handler.body, (*guards, Guard("except", handler.type)))
                self.body(s.finalbody, guards)
            case ast.With() | ast.AsyncWith():
                self._bind(_stored(s.items), s, guards)
                self.body(s.body, (*guards, *(Guard("with", item.context_expr) for item in s.items)))
            case ast.Expr():
                self._expression(s, guards)
            case ast.Pass() | ast.Global():
                pass
            case _:
                self._bind(_stored([s]), s, guards)
                self._effect(s, guards)

    def _assign(self, s: ast.Assign | ast.AugAssign | ast.AnnAssign | ast.Delete, guards: tuple[Guard, ...]) -> None:
        if isinstance(s, ast.AnnAssign) and s.value is None:
            return
        targets = s.targets if isinstance(s, ast.Assign | ast.Delete) else [s.target]
        names = _stored(targets)
        self._bind(names + self._walrus(s), s, guards)
        if any(
            isinstance(n, ast.Attribute | ast.Subscript) and not isinstance(n.ctx, ast.Load) for n in _flat(targets)
        ):
            self._effect(s, guards)

    def _expression(self, s: ast.Expr, guards: tuple[Guard, ...]) -> None:
        if not has_effect(s):
            return
        match s.value:
            case ast.Call(func=ast.Attribute(value=ast.Name(id="__all__"), attr=method)) if method in _CHANGES:
                self._bind(["__all__"], s, guards)
            case _:
                self._bind(self._walrus(s), s, guards)
                self._effect(s, guards)

    def _walrus(self, s: ast.stmt) -> list[str]:
        nodes = ast.walk(s) if self._module.walrus else ()
        return [n.target.id for n in nodes if isinstance(n, ast.NamedExpr)]

    def _effect(self, s: ast.stmt, guards: tuple[Guard, ...]) -> None:
        self._bind([NAMES if any(map(is_own_namespace, ast.walk(s))) else EFFECTS], s, guards)

    def _import(self, s: ast.Import | ast.ImportFrom, guards: tuple[Guard, ...]) -> None:
        for alias in s.names:
            bound, imported, ran = imported_by(self._module, s, alias)
            self._module.imports += ran
            if bound is None:
                self._module.stars.append(imported.module)
                self._module.star_lines[imported.module] = s.lineno
            else:
                self._bind([bound], s, guards, imported)

    def _bind(self, names: Sequence[str], s: ast.stmt, guards: tuple[Guard, ...], to: Import | None = None) -> None:
        for name in dict.fromkeys(names):
            self._module.bindings.setdefault(name, []).append(Binding(s, guards, to))


def imported_by(
    module: Module, statement: ast.Import | ast.ImportFrom, alias: ast.alias
) -> tuple[str | None, Import, list[str]]:
    """Of one name of an import statement: the name it binds (``None`` for a star), its meaning, the modules it runs."""
    if isinstance(statement, ast.Import):
        top = alias.name.partition(".")[0]
        return alias.asname or top, Import(alias.name if alias.asname else top), [alias.name]
    source = absolute(module, statement.level, statement.module)
    if alias.name == "*":
        return None, Import(source), [source]
    return alias.asname or alias.name, Import(source, alias.name), [source, f"{source}.{alias.name}"]


def is_own_namespace(node: ast.AST) -> bool:
    """Whether an expression of the module's top level is the module itself or its namespace."""
    match node:
        case ast.Call(func=ast.Name(id="globals" | "locals" | "vars"), args=[]):
            return True
        case ast.Subscript(
            value=ast.Attribute(value=ast.Name(id="sys"), attr="modules"), slice=ast.Name(id="__name__")
        ):
            return True
    return False


def has_effect(statement: ast.stmt) -> bool:
    """Whether a statement does anything: docstrings, ``...`` and ``pass`` do not."""
    if isinstance(statement, ast.Expr):
        return not isinstance(statement.value, ast.Constant)
    return not isinstance(statement, ast.Pass)


def unwind(node: ast.expr) -> tuple[ast.expr, tuple[str, ...]]:
    """What attributes are taken of, and the attributes: ``a.b.c`` is ``a`` and ``("b", "c")``."""
    if type(node) is ast.Name:  # most are
        return node, ()
    attributes: list[str] = []
    while isinstance(node, ast.Attribute):
        attributes.append(node.attr)
        node = node.value
    return node, tuple(reversed(attributes))


def _is_main(test: ast.expr) -> bool:
    match test:
        case ast.Compare(left=ast.Name(id="__name__"), ops=[ast.Eq()], comparators=[ast.Constant(value="__main__")]):
            return True
    return False


def _flat(targets: Iterable[ast.AST]) -> Iterator[ast.AST]:
    for target in targets:
        if isinstance(target, ast.Tuple | ast.List):
            yield from _flat(target.elts)
        else:
            yield target.value if isinstance(target, ast.Starred) else target


def _stored(nodes: Iterable[ast.AST]) -> list[str]:
    """Names that are bound or deleted anywhere in the nodes, in the scope that they stand in."""
    found: list[str] = []
    pending = list(nodes)
    while pending:
        node = pending.pop(0)
        match node:
            case ast.Name(id=name, ctx=ast.Store() | ast.Del()):
                found.append(name)
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
                found.append(name)
                continue
            case ast.Import() | ast.ImportFrom():
                found += [(a.asname or a.name).partition(".")[0] for a in node.names if a.name != "*"]
            case ast.MatchAs(name=str(name)) | ast.MatchStar(name=str(name)) | ast.ExceptHandler(name=str(name)):
                found.append(name)
            case ast.Lambda() | ast.ListComp() | ast.SetComp() | ast.DictComp() | ast.GeneratorExp():
                continue
        pending += ast.iter_child_nodes(node)
    return found
