"""One walk over a definition's syntax: its hash, and what it names.

The hash is of the syntax tree without comments, docstrings, positions, formatting, and statements without effect. Annotations
of functions and variables are in it, but are not followed: they do not run. Those in a class body are followed, since
dataclasses and builders read them. The order of a class's methods is not in it, unless the class body itself reads a method.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable
from typing import Any

from farm.source.calls import CallReader
from farm.source.facts import Facts, Member, Reference, digest
from farm.source.modules import UNREADABLE, Guard, Import, Module, has_effect, imported_by
from farm.source.notes import BUILTINS, Notes
from farm.source.scopes import Comprehension, Kind, Scope, class_scope, comprehension_scope, function_scope

_SKIPPED = {"ctx", "type_comment", "kind"}
_MUTE = Scope(Kind.MUTE)
_fields: dict[type, tuple[str, ...]] = {}

Pending = list[tuple[Any, Scope]]


def facts(module: Module, name: str) -> Facts:
    """Facts of what ``name`` is bound to in a module; kept with the module."""
    if name not in module.facts:
        module.facts[name] = _find(module, name)
    found = module.facts[name]
    assert isinstance(found, Facts)
    return found


def declaration(module: Module, name: str) -> Facts:
    """Facts of a function's name and decorators alone; kept with the module."""
    key = f"{name}<declaration>"
    if key not in module.facts:
        (binding,) = module.bindings[name]
        assert isinstance(binding.statement, ast.FunctionDef)
        walker = Walker(module, name)
        walker.guards(binding.guards)
        walker.declaration(binding.statement)
        walker.facts.line = binding.statement.lineno
        module.facts[key] = walker.facts
    found = module.facts[key]
    assert isinstance(found, Facts)
    return found


def _find(module: Module, name: str) -> Facts:
    if name == UNREADABLE:
        return Facts(line=module.error[0] if module.error else 1, hash=module.blob_id)
    bindings = module.bindings[name]
    walker = Walker(module, name)
    for binding in bindings:
        walker.guards(binding.guards)
        if len(bindings) == 1 and isinstance(binding.statement, ast.ClassDef):
            walker.class_definition(binding.statement)
        else:
            walker.definition(binding.statement)
    walker.facts.line = bindings[0].statement.lineno
    return walker.facts


class Walker(Notes):
    """Walks the statements that bind one name of a module."""

    def __init__(self, module: Module, owner: str) -> None:
        super().__init__(module, owner)
        self._calls = CallReader(self)
        self._top = Scope(Kind.MODULE)
        self._out: list[str] = []
        self._class: Scope | None = None
        self._read_in_class: set[str] = set()
        self._line = 0

    def guards(self, guards: Iterable[Guard]) -> None:
        """Conditions that the next statement is under."""
        for guard in guards:
            self._out.append(guard.kind)
            if guard.node is not None:
                self._walk(guard.node, self._top)

    def definition(self, statement: ast.stmt) -> None:
        """A whole statement."""
        self._line = statement.lineno
        self._walk(statement, self._top)
        self.facts.hash = digest(self._out)

    def declaration(self, node: ast.FunctionDef) -> None:
        """What a function's decorators enter in a table, but for the function itself."""
        self._line = node.lineno
        self._note_decorators(node, self._top)
        self._out += ["declaration", node.name]
        for decorator in node.decorator_list:
            self._walk(decorator, self._top)
        self.facts.hash = digest(self._out)

    def class_definition(self, node: ast.ClassDef) -> None:
        """A class, with a hash for each part of its body."""
        self._line = node.lineno
        for part in (*node.decorator_list, *node.bases, *node.keywords, *getattr(node, "type_params", ())):
            self._walk(part, self._top)
        self._note_decorators(node, self._top)
        header, self._class = digest(self._out), class_scope(self.module, node, self._top)
        parts: list[tuple[Member, bool]] = []
        for statement in filter(has_effect, node.body):
            self._out = []
            self._walk(statement, self._class)
            method = isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef)
            parts.append((Member(_bound(statement), digest(self._out), statement.lineno), method))
        self.facts.members = tuple(member for member, _ in parts)
        methods = {member.name for member, method in parts if method}
        if not methods & self._read_in_class:
            parts.sort(key=lambda p: (p[1], p[0].name if p[1] else ""))
        self.facts.hash = digest(["ClassDef", header, *(f"{m.name}={m.hash}" for m, _ in parts)])

    def _walk(self, node: ast.AST, scope: Scope) -> None:
        pending: Pending = [(node, scope)]
        out, handlers, plain = self._out, _HANDLERS, Walker._any
        while pending:
            item, scope = pending.pop()
            if isinstance(item, str):
                out.append(item)
            else:
                handlers.get(type(item), plain)(self, item, scope, pending)

    def _any(self, node: ast.AST, scope: Scope, pending: Pending, mute: tuple[str, ...] = ()) -> None:
        kind = type(node)
        if kind not in _fields:
            _fields[kind] = tuple(f for f in reversed(kind._fields) if f not in _SKIPPED)
        self._out.append(kind.__name__)
        for name in _fields[kind]:
            value, inside = getattr(node, name, None), _MUTE if name in mute else scope
            if isinstance(value, ast.AST):  # most are, or an empty list: no call for each of them
                pending.append((value, inside))
            elif value == []:
                pending.append(("[0", inside))
            else:
                self._push(value, inside, pending)

    def _push(self, value: Any, scope: Scope, pending: Pending) -> None:
        if isinstance(value, list):
            kept = [v for v in value if not isinstance(v, ast.stmt) or has_effect(v)]
            pending += [(v if isinstance(v, ast.AST) else repr(v), scope) for v in reversed(kept)]
            pending.append((f"[{len(kept)}", scope))
        else:
            pending.append((value if isinstance(value, ast.AST) else repr(value), scope))

    def _constant(self, node: ast.Constant, scope: Scope, pending: Pending) -> None:
        value = node.value
        self._out.append(f"int {value:x}" if type(value) is int else f"{type(value).__name__} {value!r}")
        if isinstance(value, str):
            self.literal(node, scope)

    def _joined(self, node: ast.JoinedStr, scope: Scope, pending: Pending) -> None:
        self.path(node, scope)
        self._any(node, scope, pending)

    def _binary(self, node: ast.BinOp, scope: Scope, pending: Pending) -> None:
        if isinstance(node.op, ast.Div):
            self.path(node, scope)
        self._any(node, scope, pending)

    def _name(self, node: ast.Name, scope: Scope, pending: Pending) -> None:
        self._out.append(f"Name {node.id}")
        if id(node) in self.consumed or scope.kind is Kind.MUTE:
            return
        if isinstance(node.ctx, ast.Load):
            home = scope.home(node.id)
            if home is not None and home.kind is Kind.FUNCTION and node.id not in home.imports:
                return  # a local variable, as most are
            self._read(node, scope)
            self._calls.name(node, scope)
            self.note(self.chain(node, scope), node.lineno)
        elif scope.kind is Kind.FUNCTION and scope.home(node.id) is None:
            self.effects(scope).stores.add(Reference(node.id))

    def _read(self, node: ast.Name, scope: Scope) -> None:
        home = scope.home(node.id)
        if home is not None and home is self._class:
            self._read_in_class.add(node.id)
        if home is None and not scope.member and len(bound := self.module.bindings.get(node.id, ())) > 1:
            # What runs on import reads the value of that moment.
            self._out.append(f"after {sum(b.statement.lineno < self._line for b in bound)}")

    def _attribute(self, node: ast.Attribute, scope: Scope, pending: Pending) -> None:
        reference = self.chain(node, scope)
        if isinstance(node.ctx, ast.Load):
            root = self._calls.attribute(node, scope)
            if reference is not None and id(node) not in self.consumed:
                if isinstance(root, ast.Name):
                    self._read(root, scope)
                self.note(reference, node.lineno)
                self.consume(node)
        elif reference is not None:
            self.effects(scope).stores.add(reference)
        elif (owner := self._of_subclass(node.value, scope)) is not None:
            self.effects(scope).stores.add(owner)
        self._any(node, scope, pending)

    def _subscript(self, node: ast.Subscript, scope: Scope, pending: Pending) -> None:
        if isinstance(node.ctx, ast.Load):
            self._calls.subscript(node, scope)
        else:
            container = self.chain(node.value, scope) or self._of_subclass(node.value, scope)
            if container is not None:
                self.effects(scope).stores.add(container)
        self._any(node, scope, pending)

    def _of_subclass(self, node: ast.expr, scope: Scope) -> Reference | None:
        """The class itself, where ``__init_subclass__`` changes what its subclasses share."""
        if scope.member == "__init_subclass__" and isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Load):
            return Reference(self.owner)
        return None

    def _call(self, node: ast.Call, scope: Scope, pending: Pending) -> None:
        if scope.kind is not Kind.MUTE:
            self._calls.call(node, scope)
            if (called := self.chain(node.func, scope)) is not None:
                self.effects(scope).calls.add(called)
        self._any(node, scope, pending)

    def _expression(self, node: ast.Expr, scope: Scope, pending: Pending) -> None:
        if isinstance(node.value, ast.Call):
            self._note_effect(node.value, scope)
            if (owner := self._of_subclass(getattr(node.value.func, "value", node.value), scope)) is not None:
                self.effects(scope).stores.add(owner)
        self._any(node, scope, pending)

    def _note_effect(self, node: ast.expr, scope: Scope) -> None:
        effects = self.effects(scope)
        called = node.func if isinstance(node, ast.Call) else node
        if (reference := self.chain(called, scope)) is not None:
            effects.discarded.add(reference)
        elif isinstance(called, ast.Name) and called.id in BUILTINS and scope.home(called.id) is None:
            effects.discarded.add(Reference(Import("builtins", called.id)))
        if isinstance(node, ast.Call):
            given = [self.chain(a, scope) for a in (*node.args, *(k.value for k in node.keywords))]
            effects.arguments.update(g for g in given if g is not None)

    def _note_decorators(self, node: ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef, scope: Scope) -> None:
        for decorator in node.decorator_list:
            self._note_effect(decorator, scope)
            if not isinstance(decorator, ast.Call) and (reference := self.chain(decorator, scope)) is not None:
                self.effects(scope).calls.add(reference)

    def _function(self, node: ast.FunctionDef | ast.AsyncFunctionDef, scope: Scope, pending: Pending) -> None:
        inside = function_scope(self.module, node, scope, scope.member or node.name)
        self._note_decorators(node, scope)
        self._out += [type(node).__name__, node.name]
        self._push(node.body, _MUTE if scope.kind is Kind.MUTE else inside, pending)
        self._push(node.returns, _MUTE, pending)
        self._push(getattr(node, "type_params", []), scope, pending)
        self._push(node.args, scope, pending)
        self._push(node.decorator_list, scope, pending)

    def _lambda(self, node: ast.Lambda, scope: Scope, pending: Pending) -> None:
        self._out.append("Lambda")
        self._push(node.body, function_scope(self.module, node, scope, scope.member or "<lambda>"), pending)
        self._push(node.args, scope, pending)

    def _inner_class(self, node: ast.ClassDef, scope: Scope, pending: Pending) -> None:
        self._note_decorators(node, scope)
        self._out += ["ClassDef", node.name]
        self._push(node.body, class_scope(self.module, node, scope), pending)
        for part in (node.keywords, node.bases, node.decorator_list, getattr(node, "type_params", [])):
            self._push(part, scope, pending)

    def _comprehension(self, node: Comprehension, scope: Scope, pending: Pending) -> None:
        self._calls.comprehension(node)
        inside = comprehension_scope(node, scope) if scope.kind is not Kind.MUTE else scope
        self._out.append(type(node).__name__)
        for position, generator in reversed(list(enumerate(node.generators))):
            self._push(generator.ifs, inside, pending)
            self._push(generator.iter, inside if position else scope, pending)
            self._push(generator.target, inside, pending)
            self._push(f"for {generator.is_async}", scope, pending)
        for part in (node.value, node.key) if isinstance(node, ast.DictComp) else (node.elt,):
            self._push(part, inside, pending)

    def _import(self, node: ast.Import | ast.ImportFrom, scope: Scope, pending: Pending) -> None:
        if scope.kind is not Kind.MODULE:
            for alias in node.names:
                self.facts.runs += imported_by(self.module, node, alias)[2]
        self._any(node, scope, pending)

    def _assign(self, node: ast.Assign, scope: Scope, pending: Pending) -> None:
        self._calls.assignment(node)
        self._any(node, scope, pending)

    def _argument(self, node: ast.arg, scope: Scope, pending: Pending) -> None:
        self._any(node, scope, pending, mute=("annotation",))

    def _annotated(self, node: ast.AnnAssign, scope: Scope, pending: Pending) -> None:
        self._any(node, scope, pending, mute=() if scope.kind is Kind.CLASS else ("annotation",))


def _bound(statement: ast.stmt) -> str:
    """Name of a part of a class body."""
    match statement:
        case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
            return name
        case ast.Assign(targets=[ast.Name(id=name), *_]) | ast.AnnAssign(target=ast.Name(id=name)):
            return name
    return "<body>"


_HANDLERS: dict[type, Callable[[Walker, Any, Scope, Pending], None]] = {
    ast.Constant: Walker._constant,
    ast.JoinedStr: Walker._joined,
    ast.BinOp: Walker._binary,
    ast.Name: Walker._name,
    ast.Attribute: Walker._attribute,
    ast.Subscript: Walker._subscript,
    ast.Call: Walker._call,
    ast.Expr: Walker._expression,
    ast.FunctionDef: Walker._function,
    ast.AsyncFunctionDef: Walker._function,
    ast.Lambda: Walker._lambda,
    ast.ClassDef: Walker._inner_class,
    ast.ListComp: Walker._comprehension,
    ast.SetComp: Walker._comprehension,
    ast.GeneratorExp: Walker._comprehension,
    ast.DictComp: Walker._comprehension,
    ast.Import: Walker._import,
    ast.ImportFrom: Walker._import,
    ast.Assign: Walker._assign,
    ast.arg: Walker._argument,
    ast.AnnAssign: Walker._annotated,
}
