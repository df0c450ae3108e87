"""What is known of one definition by its own syntax; :mod:`farm.source.walk` finds it."""

from __future__ import annotations

import ast
import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

from farm.source.modules import Import
from farm.source.scopes import Scope


class Reference(NamedTuple):
    """A name, and the attributes taken of it: ``F.relu`` is ``("F", ("relu",))``; an import stands for itself."""

    root: str | Import
    attributes: tuple[str, ...] = ()

    def __str__(self) -> str:
        root = self.root if isinstance(self.root, str) else ":".join(filter(None, self.root))
        return ".".join((root, *self.attributes))


class Member(NamedTuple):
    """One part of a class body: a method, or the statement that binds an attribute."""

    name: str
    hash: str
    line: int


@dataclass(frozen=True, slots=True)
class DynamicImport:
    """A place that imports a module by a name that it computes.

    Args:
        name: the expression; ``None`` where even that is not to be seen.
        package: that a relative name starts from; ``None`` for the module's own.
        scope: that it is evaluated in.
        attributes: taken of the imported module at once.
        line: in the file.
        text: of the place.
    """

    name: ast.expr | None
    package: ast.expr | None
    scope: Scope
    attributes: tuple[str, ...]
    line: int
    text: str


@dataclass(slots=True)
class Effects:
    """What running some code may do to what it does not own.

    Args:
        stores: what attributes or items are set of, or a global that is rebound.
        calls: what is called.
        discarded: what is called for its effect alone.
        arguments: what is given to such calls, and to decorators.
    """

    stores: set[Reference] = field(default_factory=set)
    calls: set[Reference] = field(default_factory=set)
    discarded: set[Reference] = field(default_factory=set)
    arguments: set[Reference] = field(default_factory=set)


@dataclass(slots=True)
class Facts:
    """Of one definition.

    Args:
        line: where it starts.
        hash: of its syntax.
        members: of a class, in source order.
        references: and the line of the first of each.
        runs: modules that function-level imports run.
        imports: dynamic ones.
        opaque: lines at which an attribute of an unknown object is taken by an unknown name.
        own_names: lines at which the module's own namespace is read.
        literals: strings and path expressions, with the scope they are in, that may name a file.
        folders: the same of expressions of which a folder's files are listed.
        effects: by method or function; under the empty name, of the definition itself when the module is imported.
    """

    line: int = 1
    hash: str = ""
    members: tuple[Member, ...] = ()
    references: dict[Reference, int] = field(default_factory=dict)
    runs: list[str] = field(default_factory=list)
    imports: list[DynamicImport] = field(default_factory=list)
    opaque: list[int] = field(default_factory=list)
    own_names: list[int] = field(default_factory=list)
    literals: list[tuple[ast.expr, Scope, int]] = field(default_factory=list)
    folders: list[tuple[ast.expr, Scope, int]] = field(default_factory=list)
    effects: dict[str, Effects] = field(default_factory=dict)


def digest(parts: Iterable[str]) -> str:
    """Hash of strings of which none holds a control character."""
    return hashlib.sha256("\x1f".join(parts).encode("utf-8", "surrogatepass")).hexdigest()
