"""What strings an expression can be, as far as its syntax tells.

An unknown part is ``*``. So ``f"models.{name}"`` is ``models.*``, and ``HOMES[kind] + ".layers"`` is one string for each value
that the dict ``HOMES`` is written with.
"""

from __future__ import annotations

import ast
from collections.abc import Callable
from dataclasses import dataclass, replace

UNKNOWN = frozenset({"*"})
_MOST = 64
_DEEPEST = 12


@dataclass(frozen=True, slots=True)
class Environment:
    """Meaning of names.

    Args:
        find: the expression that a name is bound to, where that can be evaluated, and whether the name is an element of it.
        known: strings that names stand for.
    """

    find: Callable[[str], tuple[ast.expr, bool, Environment] | None]
    known: dict[str, str]

    def where(self, name: str, value: str) -> Environment:
        """The same with one more name known."""
        return replace(self, known={**self.known, name: value})


def strings(node: ast.expr, env: Environment, depth: int = 0) -> frozenset[str]:
    """Every string that ``node`` can be, as patterns."""
    if depth > _DEEPEST:
        return UNKNOWN
    match node:
        case ast.Constant(value=str(value)):
            return frozenset({value})
        case ast.JoinedStr(values=values):
            return _joined([_part(v, env, depth) for v in values], "")
        case ast.BinOp(op=ast.Add(), left=left, right=right):
            return _joined([strings(left, env, depth + 1), strings(right, env, depth + 1)], "")
        case ast.BinOp(op=ast.Div(), left=left, right=right):
            return _joined([strings(left, env, depth + 1), strings(right, env, depth + 1)], "/")
        case ast.IfExp(body=one, orelse=other) | ast.BoolOp(values=[one, other]):
            return strings(one, env, depth + 1) | strings(other, env, depth + 1)
        case ast.Name(id=name):
            if name in env.known:
                return frozenset({env.known[name]})
            if (found := env.find(name)) is None:
                return UNKNOWN
            return _found(*found, depth)
        case (
            ast.Subscript(value=container, slice=key)
            | ast.Call(func=ast.Attribute(value=container, attr="get"), args=[key, *_])
        ):
            exact = strings(key, env, depth + 1)
            one_key = next(iter(exact)) if len(exact) == 1 and "*" not in next(iter(exact)) else None
            return _union(_elements(container, env, one_key, depth + 1), depth)
        case ast.Call(func=ast.Attribute(attr="join", value=ast.Attribute(attr="path")), args=args) if args:
            return _joined([strings(a, env, depth + 1) for a in args], "/")
        case ast.Call(func=ast.Attribute(attr="joinpath", value=base), args=args):
            return _joined([strings(a, env, depth + 1) for a in (base, *args)], "/")
        case ast.Call(func=ast.Name(id="str" | "Path" | "PurePath"), args=[argument]):
            return strings(argument, env, depth + 1)
    return UNKNOWN


def _found(node: ast.expr, element: bool, env: Environment, depth: int) -> frozenset[str]:
    if element:
        return _union(_elements(node, env, None, depth + 1), depth)
    return strings(node, env, depth + 1)


def _part(node: ast.expr, env: Environment, depth: int) -> frozenset[str]:
    if isinstance(node, ast.FormattedValue):
        return strings(node.value, env, depth + 1) if node.format_spec is None else UNKNOWN
    return strings(node, env, depth + 1)


def _joined(parts: list[frozenset[str]], separator: str) -> frozenset[str]:
    result = frozenset({""})
    for position, part in enumerate(parts):
        if len(result) * len(part) > _MOST:
            part = UNKNOWN
        result = frozenset(a + (separator if position else "") + b for a in result for b in part)
    return result


def _union(nodes: list[tuple[ast.expr, Environment]] | None, depth: int) -> frozenset[str]:
    if nodes is None:
        return UNKNOWN
    result = frozenset[str]().union(*(strings(n, e, depth + 1) for n, e in nodes))
    return result if len(result) <= _MOST else UNKNOWN


def _elements(
    node: ast.expr, env: Environment, key: str | None, depth: int
) -> list[tuple[ast.expr, Environment]] | None:
    """Values of a dict (of one key, where it is known) or elements of a sequence; ``None`` where they are not written out."""
    if depth > _DEEPEST:
        return None
    match node:
        case ast.Tuple(elts=elements) | ast.List(elts=elements) | ast.Set(elts=elements):
            return None if any(isinstance(e, ast.Starred) for e in elements) else [(e, env) for e in elements]
        case ast.Dict():
            return _values(node, env, key, depth)
        case ast.Name(id=name):
            found = env.find(name)
            return _elements(found[0], found[2], key, depth + 1) if found and not found[1] else None
        case ast.Call(func=ast.Attribute(value=ast.Name(id="dict"), attr="fromkeys"), args=[keys, value]):
            listed = _elements(keys, env, None, depth + 1)
            if key is not None and listed is not None:
                names = [strings(k, e, depth + 1) for k, e in listed]
                if all(len(n) == 1 and "*" not in next(iter(n)) and key not in n for n in names):
                    return []
            return [(value, env)]
        case ast.Call(func=ast.Attribute(value=inner, attr="values"), args=[]):
            return _elements(inner, env, None, depth + 1)
        case ast.Call(func=ast.Name(id="tuple" | "list" | "sorted" | "set" | "frozenset"), args=[inner]):
            return _elements(inner, env, key, depth + 1)
    return None


def _values(node: ast.Dict, env: Environment, key: str | None, depth: int) -> list[tuple[ast.expr, Environment]] | None:
    found: list[tuple[ast.expr, Environment]] = []
    for name, value in zip(node.keys, node.values, strict=True):
        if name is None:
            if (inner := _elements(value, env, key, depth + 1)) is None:
                return None
            found += inner
        elif key is None or not isinstance(name, ast.Constant) or name.value == key:
            found.append((value, env))
    return found
