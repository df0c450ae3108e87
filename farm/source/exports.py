"""``__all__`` of a module, read without running it: literals, sums, ``+=``, ``extend``, and other modules' ``__all__``.

A package that has none, but star imports, exports what these give it: the ``__all__`` of each module, and of one that has none
the public classes and functions that it defines.
"""

from __future__ import annotations

import ast
from dataclasses import dataclass

from farm.source.facts import Reference
from farm.source.modules import Module, unwind
from farm.source.names import Definition, Names, Target

_DEEPEST = 20
_DEFINES = (ast.ClassDef, ast.FunctionDef)
_COPIES = {"list", "tuple", "sorted", "set", "frozenset"}


@dataclass(frozen=True, slots=True)
class Exported:
    """One name, and the line of the file in which ``__all__`` gets it."""

    name: str
    line: int


class UnreadableError(Exception):
    """``__all__`` cannot be read without running the module; says why, and the line."""

    def __init__(self, line: int, why: str) -> None:
        super().__init__(why)
        self.line, self.why = line, why


def exported_names(names: Names, module: Module) -> tuple[str, ...] | None:
    """Names in ``__all__`` of a module; ``None`` where they cannot be read."""
    try:
        return tuple(e.name for e in read_all(names, module))
    except UnreadableError:
        return None


def read_all(names: Names, module: Module) -> tuple[Exported, ...]:
    """``__all__`` of a module in order, or what its star imports give; what a condition adds is in it.

    Raises:
        UnreadableError: there is neither, or an expression in it is not understood.
    """
    reader = _Reader(names)
    if module.error is None and "__all__" not in module.bindings and module.stars:
        return tuple(reader.starred(module, 0))
    return tuple(reader.module(module, 0))


class _Reader:
    def __init__(self, names: Names) -> None:
        self._names = names

    def module(self, module: Module, depth: int) -> list[Exported]:
        if depth > _DEEPEST:
            raise UnreadableError(1, f"{module.name}.__all__ is made from itself")
        if module.error:
            raise UnreadableError(module.error[0], module.error[1])
        if "__all__" not in module.bindings:
            raise UnreadableError(1, f"{module.name} has no __all__")
        found: list[Exported] = []
        for binding in module.bindings["__all__"]:
            kept = [] if not binding.guards and _replaces(binding.statement) else found
            if binding.imported is not None:
                source = self._names.module(binding.imported.module)
                if source is None or binding.imported.name != "__all__":
                    raise UnreadableError(binding.statement.lineno, "it is imported from outside the tree")
                found = [*kept, *_at(binding.statement, self.module(source, depth + 1))]
            else:
                found = self._changed(module, kept, binding.statement, depth)
        return found

    def starred(self, module: Module, depth: int) -> list[Exported]:
        """What star imports give a module that has no ``__all__``; the first place of each name."""
        if depth > _DEEPEST:
            raise UnreadableError(1, f"{module.name} imports itself by star")
        found: dict[str, Exported] = {}
        for source in module.stars:
            if (home := self._names.module(source)) is None:
                continue  # outside the tree, or a folder of modules: no names to tell
            if home.error or "__all__" in home.bindings:
                names = [e.name for e in self.module(home, depth + 1)]
            else:
                defined = [
                    n for n, bound in home.bindings.items() if any(isinstance(b.statement, _DEFINES) for b in bound)
                ]
                names = [e.name for e in self.starred(home, depth + 1)] + [n for n in defined if not n.startswith("_")]
            line = module.star_lines[source]
            found |= {name: Exported(name, line) for name in names if name not in found}
        return list(found.values())

    def _changed(self, module: Module, found: list[Exported], s: ast.stmt, depth: int) -> list[Exported]:
        match s:
            case ast.Assign(value=value) | ast.AnnAssign(value=ast.expr() as value):
                return found + self._values(module, value, depth)
            case ast.AugAssign(op=ast.Add(), value=value):
                return found + self._values(module, value, depth)
            case ast.Expr(value=ast.Call(func=ast.Attribute(attr="extend"), args=[value])):
                return found + self._values(module, value, depth)
            case ast.Expr(value=ast.Call(func=ast.Attribute(attr="append"), args=[value])):
                return found + self._values(module, ast.List([value], ast.Load()), depth)
            case ast.Expr(value=ast.Call(func=ast.Attribute(attr="remove"), args=[ast.Constant(value=str(name))])):
                return [e for e in found if e.name != name]
        raise UnreadableError(s.lineno, f"`{_short(s)}` cannot be read without running it")

    def _values(self, module: Module, node: ast.expr, depth: int) -> list[Exported]:
        if depth > _DEEPEST:
            raise UnreadableError(node.lineno, "it is made from itself")
        match node:
            case ast.List(elts=elements) | ast.Tuple(elts=elements) | ast.Set(elts=elements):
                return [e for element in elements for e in self._element(module, element, depth)]
            case ast.BinOp(op=ast.Add(), left=left, right=right):
                return self._values(module, left, depth) + self._values(module, right, depth)
            case ast.Call(func=ast.Name(id=copy), args=[inner]) if copy in _COPIES:
                values = self._values(module, inner, depth)
                return sorted(values, key=lambda e: e.name) if copy == "sorted" else values
            case ast.Call(func=ast.Attribute(value=inner, attr="keys"), args=[]):
                return self._values(module, inner, depth)
            case ast.Call(func=ast.Attribute(value=ast.Name(id="dict"), attr="fromkeys"), args=[keys, *_]):
                return self._values(module, keys, depth)
            case ast.Dict(keys=keys, values=values):
                pairs = [(ast.Starred(v) if k is None else k) for k, v in zip(keys, values, strict=True)]
                return [e for element in pairs for e in self._element(module, element, depth)]
            case ast.Name() | ast.Attribute():
                return self._named(module, node, depth)
        raise UnreadableError(node.lineno, f"`{_short(node)}` cannot be read without running it")

    def _element(self, module: Module, node: ast.expr, depth: int) -> list[Exported]:
        match node:
            case ast.Constant(value=str(name)):
                return [Exported(name, node.lineno)]
            case ast.Starred(value=inner):
                return self._values(module, inner, depth)
        raise UnreadableError(node.lineno, f"`{_short(node)}` is not the text of a name")

    def _named(self, module: Module, node: ast.expr, depth: int) -> list[Exported]:
        target = self._target(module, node)
        if isinstance(target, Definition) and (home := self._names.module(target.module)) is not None:
            if target.name == "__all__":
                return _at(node, self.module(home, depth + 1))
            bindings = home.bindings.get(target.name, [])
            match bindings:
                case [one] if isinstance(one.statement, ast.Assign | ast.AnnAssign) and one.statement.value:
                    return _at(node, self._values(home, one.statement.value, depth + 1))
        raise UnreadableError(node.lineno, f"`{_short(node)}` cannot be read without running it")

    def _target(self, module: Module, node: ast.expr) -> Target | None:
        root, attributes = unwind(node)
        if not isinstance(root, ast.Name):
            return None
        found = self._names.follow(module, Reference(root.id, attributes))
        return found[0][0] if len(found) == 1 and not found[0][1] else None


def _replaces(statement: ast.stmt) -> bool:
    return isinstance(statement, ast.Assign | ast.AnnAssign | ast.ImportFrom)


def _at(node: ast.stmt | ast.expr, exported: list[Exported]) -> list[Exported]:
    return [Exported(e.name, node.lineno) for e in exported]


def _short(node: ast.AST) -> str:
    text = " ".join(ast.unparse(node).split())
    return text if len(text) <= 60 else f"{text[:57]}..."
