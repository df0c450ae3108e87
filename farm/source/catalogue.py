"""Which architectures a tree has: the public names of each level of the model repository, less the exclusions."""

from __future__ import annotations

import ast
import fnmatch
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from farm.source.errors import BadCatalogueError
from farm.source.exports import Exported, UnreadableError, read_all
from farm.source.modules import UNREADABLE, Module
from farm.source.names import Cache, Definition, Dynamic, Followed, ModuleItself, Names, Nothing, Outside, Target
from farm.source.tree import SourceTree


class Kind(StrEnum):
    """Of an architecture."""

    NETWORK = "network"
    BACKBONE = "backbone"
    NECK = "neck"
    HEAD = "head"
    ATTENTION = "attention"
    BLOCK = "block"


LEVELS: Mapping[str, str] = {
    Kind.NETWORK: "models/networks",
    Kind.BACKBONE: "models/backbones",
    Kind.NECK: "models/necks",
    Kind.HEAD: "models/heads",
    Kind.ATTENTION: "models/attention",
    Kind.BLOCK: "models/basicblocks",
}


TOOLCHAIN = (
    "mcore.convert",
    "mcore.platform.format",
    "mcore.platform.eager.constructor",
    "mcore.platform.eager.restore",
)


@dataclass(frozen=True, slots=True)
class Catalogue:
    """Where the public architectures of a repository are, and whose code counts for them.

    Args:
        package: top-level package of the architectures.
        levels: folder of each kind; its ``__all__`` names the architectures.
        exclusions: reason by name, or by ``kind:name``, of those that are public but not tested; ``*`` stands for any text.
        packages: whose code counts for a closure hash; names from anywhere else are leaves, the toolchain's matter.
        toolchain: modules and definitions of these packages that are not model code but conversion, by dotted prefix: they
            are leaves too.
        converter: the definition at which conversion starts. What it reaches in its own package counts for every architecture,
            as one thing; a tree that lacks it has no converter of its own.
        devices: modules of these packages, by dotted prefix, that compute on devices and shape no bundle: leaves for both.
        unconverted: modules that conversion does not run, though its code could reach them: leaves for it.
        kernels: decorators that enter a function in a table for devices to compute with. Of one that takes arguments by
            position, so something to compute with, only the decorators count for who reads the table. One that takes none
            makes a constant, which conversion writes down.

    Raises:
        BadCatalogueError: it contradicts itself.
    """

    package: str = "models"
    levels: Mapping[str, str] = field(default_factory=lambda: dict(LEVELS))
    exclusions: Mapping[str, str] = field(default_factory=dict)
    packages: tuple[str, ...] = ("models", "mcore")
    toolchain: tuple[str, ...] = TOOLCHAIN
    converter: str = "mcore.convert.bundle.toplatform"
    devices: tuple[str, ...] = ("mcore.platform.runtime",)
    unconverted: tuple[str, ...] = ("mcore.platform.eager",)
    kernels: tuple[str, ...] = ("mcore.platform.ops.registry.op",)

    def __post_init__(self) -> None:
        kinds = ", ".join(Kind)
        if self.package not in self.packages:
            raise BadCatalogueError(f"catalogue: package {self.package!r} is not in packages; add it")
        for kind, folder in self.levels.items():
            if kind not in list(Kind):
                raise BadCatalogueError(f"catalogue: level {kind!r} is none of {kinds}")
            if folder.split("/")[0] != self.package:
                raise BadCatalogueError(f"catalogue: {kind} is in {folder!r}, which is not below {self.package!r}")
        if len(set(self.levels.values())) < len(self.levels):
            raise BadCatalogueError("catalogue: two levels have the same folder")
        for key, reason in self.exclusions.items():
            kind, _, name = key.rpartition(":")
            if not name or (kind and kind not in self.levels):
                raise BadCatalogueError(f"exclusions: {key!r} is not a name or kind:name; kinds are {kinds}")
            if not reason.strip():
                raise BadCatalogueError(f"exclusions: {key}: an exclusion needs a reason")

    def followed(self) -> Followed:
        """Whose code counts for an architecture by what it reaches."""
        return Followed(self.packages, (*self.toolchain, *self.devices), self.kernels)

    def converting(self) -> Followed:
        """Whose code counts for all of them, by what conversion reaches."""
        return Followed((self.converter.partition(".")[0],), (*self.devices, *self.unconverted), self.kernels)


@dataclass(frozen=True, slots=True, order=True)
class Architecture:
    """A public name of the model repository. Two are the same where kind and name are, whatever file defines them.

    Args:
        name: public.
        kind: the level that it is in.
        module: that defines it.
        definition: full name there.
        file: path in the tree; of one that is defined outside of it, the file that exports it.
        line: of the definition.
    """

    name: str
    kind: Kind
    module: str = field(compare=False)
    definition: str = field(compare=False)
    file: str = field(compare=False)
    line: int = field(compare=False)

    @property
    def key(self) -> str:
        """``kind:name``."""
        return f"{self.kind}:{self.name}"


@dataclass(frozen=True, slots=True)
class Problem:
    """Something that keeps a name from being an architecture; the others are found all the same."""

    name: str
    where: str
    what: str

    def __str__(self) -> str:
        return f"{self.where}: {self.name}: {self.what}"


@dataclass(frozen=True, slots=True)
class Discovery:
    """All architectures of a tree, by level and in the order of ``__all__``.

    ``excluded`` has the reason of each that is public but not to be tested; these are not in ``architectures``.
    """

    architectures: tuple[Architecture, ...]
    excluded: Mapping[Architecture, str]
    problems: tuple[Problem, ...]


def why_not(problems: Iterable[Problem], name: str) -> str:
    """What keeps a public name from being an architecture; empty where nothing is known of it."""
    return next((f"{p.where}: {p.what}" for p in problems if p.name == name), "")


def discover(tree: SourceTree, catalogue: Catalogue, *, cache: Cache | None = None) -> Discovery:
    """Find the architectures of a tree by its syntax alone.

    Args:
        tree: at any commit.
        catalogue: where to look.
        cache: of indexed modules, shared with other calls.
    """
    found: list[Architecture] = []
    problems: list[Problem] = []
    names = Names(tree, catalogue.followed(), cache)
    for kind, folder in catalogue.levels.items():
        for item in _Level(names, Kind(kind), folder).read():
            if isinstance(item, Architecture):
                found.append(item)
            else:
                problems.append(item)
    excluded = {a: r for a in found if (r := _reason(catalogue.exclusions, a)) is not None}
    known = {n for a in found for n in (a.name, a.key)}
    for key in catalogue.exclusions:
        if key not in known and not ("*" in key and fnmatch.filter(known, key)):
            problems.append(Problem(key, "exclusions", "matches no architecture; correct the name or remove the line"))
    return Discovery(tuple(a for a in found if a not in excluded), excluded, tuple(problems))


def _reason(exclusions: Mapping[str, str], architecture: Architecture) -> str | None:
    for name in (architecture.key, architecture.name):
        if name in exclusions:
            return exclusions[name]
    patterns = (key for key in exclusions if "*" in key)
    names = (architecture.key, architecture.name)
    return next((exclusions[key] for key in patterns if any(fnmatch.fnmatchcase(n, key) for n in names)), None)


class _Level:
    """One level of the catalogue."""

    def __init__(self, names: Names, kind: Kind, folder: str) -> None:
        self._names, self._kind, self._folder = names, kind, folder.rstrip("/")

    def read(self) -> Iterator[Architecture | Problem]:
        module = self._names.module(self._folder.replace("/", "."))
        if module is None:
            where = f"{self._folder}/__init__.py"
            why = self._names.why_unread(f"{self._folder}.__init__".replace("/", "."))
            what = why or "no such file; add it, or correct the level's folder in the catalogue"
            yield Problem(self._kind, where, what)
            return
        try:
            exported = read_all(self._names, module)
        except UnreadableError as error:
            what = "cannot be parsed: " if module.error else ""
            yield Problem(f"{module.name}.__all__", f"{module.path}:{error.line}", what + error.why)
            return
        seen: set[str] = set()
        for entry in exported:
            if entry.name in seen:
                yield Problem(entry.name, f"{module.path}:{entry.line}", "is in __all__ twice; remove one")
            else:
                yield self._entry(module, entry)
            seen.add(entry.name)

    def _entry(self, module: Module, entry: Exported) -> Architecture | Problem:
        targets = self._names.member(module.name, entry.name)
        target = next((t for t in targets if not isinstance(t, Nothing)), targets[0])
        if isinstance(target, Outside):
            return Architecture(
                entry.name, self._kind, target.name.rpartition(".")[0], target.name, module.path, entry.line
            )
        if isinstance(target, Definition):
            home = self._names.module(target.module)
            assert home is not None
            what = _wrong(home, target.name)
            if what is None:
                line = home.bindings[target.name][0].statement.lineno
                return Architecture(entry.name, self._kind, home.name, str(target), home.path, line)
            if home.error:
                return Problem(entry.name, f"{home.path}:{home.error[0]}", f"cannot be parsed: {home.error[1]}")
        else:
            what = self._unread(module, entry.name) or _missing(module, target)
        return Problem(entry.name, f"{module.path}:{entry.line}", what)

    def _unread(self, module: Module, name: str) -> str:
        """Why nothing is known of where a name comes from although git has it; empty where there is no such reason."""
        sources = (b.imported.module for b in module.bindings.get(name, ()) if b.imported)
        return next((f"{source} {why}" for source in sources if (why := self._names.why_unread(source))), "")


def _wrong(home: Module, name: str) -> str | None:
    if name == UNREADABLE:
        return "cannot be parsed"
    match home.bindings[name]:
        case [binding] if isinstance(binding.statement, ast.Assign | ast.AnnAssign):
            value = binding.statement.value
            if isinstance(value, ast.Constant | ast.Tuple | ast.List | ast.Dict | ast.Set | ast.JoinedStr):
                return "is a constant, not a class or function; remove it from __all__"
    return None


def _missing(module: Module, target: Target) -> str:
    match target:
        case ModuleItself():
            return "is a module, not a class or function; name what is in it"
        case Dynamic():
            return f"is made at run time by {target.module}, so its code cannot be found; define or import it by name"
    return f"does not exist in {module.name}; define or import it, or remove it from __all__"
