"""Python files between two versions: with some of the changed definitions, and not the others; pure."""

from __future__ import annotations

import ast
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass

#: Where a line of Python ends; in texts, more characters may stand for that.
_LINE_END = re.compile(r"\r\n|\r|\n")


@dataclass(frozen=True, slots=True)
class Block:
    """A statement of a module's top level, with the lines before it that belong to no other."""

    text: str
    meaning: str
    line: int


def changed_definitions(old: str, new: str) -> dict[str, int]:
    """Statements whose syntax differs between two versions of a file, by name, with their line in the new one (0: deleted).

    A definition is called by its name, an assignment by its targets, anything else by its text. Empty where only comments or
    the layout differ, or where a version is no Python.
    """
    try:
        before, after = _blocks(old), _blocks(new)
    except (SyntaxError, ValueError):
        return {}
    names = [*after, *(name for name in before if name not in after)]
    return {
        name: after[name].line if name in after else 0
        for name in names
        if name not in before or name not in after or before[name].meaning != after[name].meaning
    }


def spliced(old: str, new: str, taken: Collection[str]) -> str:
    """The old version, with those of the changed statements that are ``taken`` as they are in the new one."""
    before, after = _blocks(old), _blocks(new)
    order = [name for name in before if name not in taken or name in after]
    above = ""
    for name in after:
        if name in taken and name not in before:
            order.insert(order.index(above) + 1 if above else 0, name)
        if name in order:
            above = name
    chosen = [after[name] if name in taken else before[name] for name in order]
    return "\n".join(block.text for block in chosen) + "\n"


def _blocks(text: str) -> Mapping[str, Block]:
    """The statements in order, by name; a name that is there again is counted."""
    lines, end = _LINE_END.split(text), 0
    blocks: dict[str, Block] = {}
    for statement in ast.parse(text).body:
        start = min(s.lineno for s in (statement, *getattr(statement, "decorator_list", ())))
        stop = statement.end_lineno or start
        meaning = ast.dump(statement)
        if start <= end:  # behind a semicolon: one piece with the statement before it
            name, before = blocks.popitem()
            joined = [before.text, *lines[end:stop]]
            blocks[name] = Block("\n".join(joined), before.meaning + meaning, before.line)
        else:
            name = _unused(_name(statement), blocks)
            blocks[name] = Block("\n".join(lines[end:stop]), meaning, start)
        end = max(end, stop)
    return blocks


def _name(statement: ast.stmt) -> str:
    match statement:
        case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
            return name
        case ast.Assign(targets=targets):
            return ", ".join(map(ast.unparse, targets))
        case ast.AnnAssign(target=target) | ast.AugAssign(target=target):
            return ast.unparse(target)
        case ast.Expr(value=ast.Constant(value=str())):
            return "docstring"
    return ast.unparse(statement).split("\n")[0]


def _unused(name: str, blocks: Mapping[str, Block]) -> str:
    number, free = 1, name
    while free in blocks:
        number += 1
        free = f"{name} ({number})"
    return free
