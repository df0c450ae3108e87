"""Naming the edge that the selection missed: which change makes the other bundle, and how model code comes to it.

The changed files are put into the old state, fewer and fewer of them, until none can be left out; of a Python file then its
changed definitions likewise. Each trial converts the architecture. A trial whose closure hash is another one proves nothing:
the selection would have seen it. Then the architecture is converted once more, and watched for who reaches the file.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from farm.audit.narrowing import Answer, narrowed
from farm.audit.splicing import changed_definitions, spliced
from farm.audit.trees import OverlayTree, changed_files, content
from farm.audit.workshop import Workshop
from farm.conversion.watch import Reach
from farm.source.catalogue import Architecture
from farm.source.closure import Closure
from farm.source.tree import SourceTree

#: Conversions that the search for one edge may take.
TRIALS = 40

Hash = Callable[[SourceTree], str | None]
"""Closure hash of the architecture in a tree; ``None`` where it is not there."""


@dataclass(frozen=True, slots=True)
class Edge:
    """What was missed: the files and definitions that make the difference, and how they are reached.

    ``certain`` says that none of them can be left out.
    """

    files: tuple[str, ...]
    definitions: tuple[str, ...]
    certain: bool
    reach: Reach | None

    def __str__(self) -> str:
        """``models/x.py:12 reaches models/y.py:helper at run time, and no edge says so``."""
        what = self.files[0]
        if self.definitions:
            what += f":{', '.join(self.definitions[:3])}" + (" ..." if len(self.definitions) > 3 else "")
        if len(self.files) > 1:
            what = ", ".join(self.files[:3]) + (f" and {len(self.files) - 3} more files" if len(self.files) > 3 else "")
        if not self.certain:
            what += " (or some of it: it was not narrowed down further)"
        if self.reach is None:
            return f"{what} makes the difference, and nothing was seen to reach it"
        return f"{self.reach.caller} reaches {what} at run time, and no edge says so"


@dataclass(frozen=True, slots=True)
class Search:
    """For the edge that was missed on one architecture.

    Args:
        workshop: to convert in.
        architecture: that was missed.
        closure: of it, the same in both states.
        before: what conversion comes to in the old state.
        after: what it comes to in the new one.
        hash_in: tells whether the selection would have seen a trial.
    """

    workshop: Workshop
    architecture: Architecture
    closure: Closure
    before: str
    after: str
    hash_in: Hash

    def edge(self, old: SourceTree, new: SourceTree, packages: Sequence[str]) -> Edge | None:
        """The edge between two states; ``None`` where no file differs. What changed outside of ``packages`` is tried last."""
        files = changed_files(old, new)
        if not files:
            return None

        def with_files(some: Sequence[str]) -> Answer:
            return self._answer(OverlayTree(old, {path: content(new, path) for path in some}))

        likely = _likely(files, self.closure, packages)
        if 0 < len(likely) < len(files) and with_files(likely) is Answer.DIFFERS:
            files = likely
        culprits, certain = narrowed(files, with_files, TRIALS)
        definitions: tuple[str, ...] = ()
        if len(culprits) == 1:
            definitions, sure = self._definitions(culprits[0], old, new)
            certain = certain and sure
        # What was taken away was reached before.
        reach = self._reach(culprits[0], definitions, new if culprits[0] in new.paths() else old)
        return Edge(culprits, definitions, certain, reach)

    def _answer(self, tree: SourceTree) -> Answer:
        if self.hash_in(tree) != self.closure.hash:
            return Answer.UNRESOLVED
        made = self.workshop.convert(tree, [self.architecture])[self.architecture.key]
        if made.ending == self.before:
            return Answer.SAME
        # Half of a change may break the code in a way of its own.
        return Answer.DIFFERS if made.manifest is not None or made.ending == self.after else Answer.UNRESOLVED

    def _definitions(self, path: str, old: SourceTree, new: SourceTree) -> tuple[tuple[str, ...], bool]:
        """The changed definitions of a file that make the difference; none of a file that is new, gone, or no Python."""
        before, after = content(old, path), content(new, path)
        if before is None or after is None or not path.endswith(".py"):
            return (), True
        texts = before.decode("utf-8", "replace"), after.decode("utf-8", "replace")
        changed = tuple(changed_definitions(*texts))

        def with_definitions(some: Sequence[str]) -> Answer:
            return self._answer(OverlayTree(old, {path: spliced(*texts, some).encode()}))

        if not changed or with_definitions(changed) is not Answer.DIFFERS:
            return (), True  # its layout makes the difference, or what is not of the module's top level
        return narrowed(changed, with_definitions, TRIALS)

    def _reach(self, path: str, definitions: Sequence[str], tree: SourceTree) -> Reach | None:
        """The most telling way on which the file is reached: into one of the definitions, if there are any."""
        found = self.workshop.convert(tree, [self.architecture], watch=path)[self.architecture.key].reached
        named = (reach for reach in found if reach.what.split(".")[0] in definitions)
        return next(named, next(iter(found), None))


def _likely(files: Sequence[str], closure: Closure, packages: Sequence[str]) -> tuple[str, ...]:
    """Those in the packages that the closure does not have; it may still have some definition of one of the others."""
    known = {definition.file for definition in closure.definitions.values()}
    return tuple(f for f in files if f.split("/")[0] in packages and f not in known)
