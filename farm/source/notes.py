"""What is noted of a definition while its syntax is read: references, strings, and effects."""

from __future__ import annotations

import ast
import builtins

from farm.source.facts import Effects, Facts, Reference
from farm.source.modules import EFFECTS, NAMES, Module, unwind
from farm.source.scopes import Kind, Scope

BUILTINS = frozenset(dir(builtins))


class Notes:
    """Notes of the statements that bind ``owner`` in a module; ``facts`` are what comes of them."""

    def __init__(self, module: Module, owner: str) -> None:
        self.module, self.owner = module, owner
        self.facts = Facts()
        self.consumed: set[int] = set()  # nodes whose reference or string is part of one that was noted
        self._own_names = module.bound_by_effects() if owner in (EFFECTS, NAMES) else frozenset()

    def effects(self, scope: Scope) -> Effects:
        """Where effects of code in that scope are noted."""
        return self.facts.effects.setdefault(scope.member, Effects())

    def chain(self, node: ast.expr, scope: Scope) -> Reference | None:
        """What a name with attributes refers to, where it does not start at a local name."""
        start, attributes = unwind(node)
        if not isinstance(start, ast.Name) or scope.kind is Kind.MUTE:
            return None
        home = scope.home(start.id)
        if home is not None:
            if start.id in home.imports:
                return Reference(home.imports[start.id], attributes)
            if home.kind is not Kind.CLASS or start.id not in self.module.bindings:
                return None
        elif start.id in self._own_names or self._is_builtin(start.id):
            return None
        return Reference(start.id, attributes)

    def _is_builtin(self, name: str) -> bool:
        return name in BUILTINS and name not in self.module.bindings and not self.module.stars

    def note(self, reference: Reference | None, line: int) -> None:
        """Record a reference."""
        if reference is not None:
            self.facts.references.setdefault(reference, line)

    def consume(self, node: ast.AST) -> None:
        """Nothing more is to be noted of a node and what is in it, by name or as a string."""
        while isinstance(node, ast.Attribute):
            self.consumed.add(id(node))
            node = node.value
        self.consumed.update((id(node),) if isinstance(node, ast.Name) else map(id, ast.walk(node)))

    def literal(self, node: ast.expr, scope: Scope) -> None:
        """Record a string."""
        if scope.kind is not Kind.MUTE and id(node) not in self.consumed:
            self.facts.literals.append((node, scope, node.lineno))

    def path(self, node: ast.expr, scope: Scope) -> None:
        """Record an expression that may name a file."""
        self.literal(node, scope)
        for inner in ast.walk(node):
            if isinstance(inner, ast.Constant | ast.BinOp | ast.JoinedStr):
                self.consumed.add(id(inner))
