"""Which modules a computed import can reach, and what a name means that a module makes when it runs."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator, Mapping

from farm.source.calls import asked_for
from farm.source.evaluate import Evaluator, importable
from farm.source.facts import DynamicImport, Facts, Reference
from farm.source.modules import NAMES, Module
from farm.source.names import Definition, ModuleItself, Names, Nothing, Target
from farm.source.walk import facts

Known = Mapping[str, str]


class Reach:
    """Answers for one tree."""

    def __init__(self, names: Names, evaluator: Evaluator) -> None:
        self._names, self._evaluator = names, evaluator
        self._literals: dict[Definition, dict[Definition, dict[str, str]]] = {}

    def patterns(self, module: Module, place: DynamicImport, known: Known | None = None) -> tuple[str, ...]:
        """Modules that a place may import, with ``*`` for what is unknown; those outside the tree are not in it."""
        if place.name is None:
            return ("*",)
        package = None
        if place.package is not None:
            package = min(self._evaluator.strings(module, place.package, place.scope, known))
        found = self._evaluator.strings(module, place.name, place.scope, known)
        return tuple(sorted(p for n in found if self.modules(p := importable(module, n, package))))

    def modules(self, pattern: str) -> tuple[str, ...]:
        """Modules of the tree that a pattern means."""
        if "*" not in pattern:
            known = self._names.exists(pattern) and not self._names.in_toolchain(pattern)
            return (pattern,) if known else ()
        compiled = re.compile(".*".join(map(re.escape, pattern.split("*"))))
        return tuple(m for m in self._names.modules() if compiled.fullmatch(m))

    def below(self, module: str) -> tuple[str, ...]:
        """A module, and where it is a package all that is in it."""
        return tuple(m for m in self._names.modules() if m == module or m.startswith(f"{module}."))

    def everything(self, modules: Iterable[str]) -> Iterator[Target]:
        """All that modules define or import by name."""
        for module in modules:
            for targets in self._names.exports(module).values():
                yield from (t for t in targets if not isinstance(t, ModuleItself | Nothing))

    def made(self, module: Module, name: str) -> tuple[Target, ...] | None:
        """What a name means that a module makes by taking the same name of others; ``None`` where that is not certain.

        It is certain where every attribute that is taken by a computed name is bound to that very name, or returned by the
        module's ``__getattr__`` that was asked for it.
        """
        spaces: set[str] = set()
        certain = True
        for home, found, known in self._mechanism(module, name):
            certain = certain and not found.opaque and not found.own_names
            for reference in found.references:
                spaces.update(t.module for t, _ in self._names.follow(home, reference) if isinstance(t, ModuleItself))
            for place in found.imports:
                if not place.attributes:
                    spaces.update(m for p in self.patterns(home, place, known) for m in self.modules(p))
        if spaces and not certain:
            return None
        members = dict.fromkeys(t for space in sorted(spaces - {module.name}) for t in self._names.member(space, name))
        ends = tuple(t for t in members if not isinstance(t, Nothing | ModuleItself))
        return ends if ends or not spaces else None

    def _mechanism(self, module: Module, name: str) -> Iterator[tuple[Module, Facts, Known]]:
        """The code that makes a name, with the strings that its parameters are known to be."""
        known: dict[Definition, dict[str, str]] = {}
        ways = [Definition(module.name, n) for n in ways_of(module)]
        for way in ways:
            known[way] = self._asked(module, way, name)
            known |= self._given(module, way)
        seen, pending = set(ways), ways
        while pending:
            definition = pending.pop()
            home = self._names.module(definition.module)
            assert home is not None
            found = facts(home, definition.name)
            yield home, found, known.get(definition, {})
            for reference in found.references:
                new = {t for t, _ in self._names.follow(home, reference) if isinstance(t, Definition)} - seen
                seen |= new
                pending += sorted(new)

    def _asked(self, module: Module, way: Definition, name: str) -> dict[str, str]:
        node = module.bindings[way.name][0].statement
        parameter = asked_for(node) if way.name == "__getattr__" else ""
        return {parameter: name} if parameter else {}

    def _given(self, module: Module, way: Definition) -> dict[Definition, dict[str, str]]:
        """Literal strings that the code calls functions with: of a function that it calls once."""
        if way not in self._literals:
            self._literals[way] = self._find_given(module, way)
        return self._literals[way]

    def _find_given(self, module: Module, way: Definition) -> dict[Definition, dict[str, str]]:
        given: dict[Definition, list[dict[str, str]]] = {}
        for binding in module.bindings[way.name]:
            for call in ast.walk(binding.statement):
                if isinstance(call, ast.Call) and isinstance(call.func, ast.Name):
                    for target, _ in self._names.follow(module, Reference(call.func.id)):
                        if isinstance(target, Definition):
                            given.setdefault(target, []).append(self._arguments(target, call))
        return {target: calls[0] for target, calls in given.items() if len(calls) == 1}

    def _arguments(self, target: Definition, call: ast.Call) -> dict[str, str]:
        home = self._names.module(target.module)
        statement = home.bindings[target.name][0].statement if home else None
        if not isinstance(statement, ast.FunctionDef) or any(isinstance(a, ast.Starred) for a in call.args):
            return {}
        parameters = [a.arg for a in (*statement.args.posonlyargs, *statement.args.args)]
        pairs = [*zip(parameters, call.args, strict=False), *((k.arg or "", k.value) for k in call.keywords)]
        return {n: v.value for n, v in pairs if isinstance(v, ast.Constant) and isinstance(v.value, str)}


def ways_of(module: Module) -> tuple[str, ...]:
    """Definitions of a module by which it makes names."""
    return tuple(n for n in ("__getattr__", NAMES) if n in module.bindings)
