"""One edit of real files, and which architectures it must select; sets are given by rules over what the oracle saw."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

#: What each architecture is made of and runs, by ``kind:name``.
Facts = Mapping[str, frozenset[str]]
Rule = Callable[[Facts], frozenset[str]]
Files = dict[str, bytes]
Change = Callable[[Files], None]


def nothing(facts: Facts) -> frozenset[str]:
    """No architecture."""
    return frozenset()


def everything(facts: Facts) -> frozenset[str]:
    """All architectures."""
    return frozenset(facts)


def uses(*names: str) -> Rule:
    """Those that have one of these classes in them, or ran one of these functions."""

    def rule(facts: Facts) -> frozenset[str]:
        for name in names:
            assert any(name in seen for seen in facts.values()), f"the oracle saw no {name}"
        return frozenset(key for key, seen in facts.items() if not seen.isdisjoint(names))

    return rule


def these(*keys: str) -> Rule:
    """Just these, by ``kind:name``."""

    def rule(facts: Facts) -> frozenset[str]:
        assert facts.keys() >= set(keys), f"no {set(keys) - facts.keys()}"
        return frozenset(keys)

    return rule


def kinds(*wanted: str) -> Rule:
    """All of these kinds."""
    return lambda facts: frozenset(key for key in facts if key.partition(":")[0] in wanted)


def either(*rules: Rule) -> Rule:
    """What any of the rules gives."""
    return lambda facts: frozenset().union(*(rule(facts) for rule in rules))


def but(rule: Rule, *others: Rule) -> Rule:
    """What a rule gives and none of the others."""
    return lambda facts: rule(facts).difference(*(other(facts) for other in others))


@dataclass(frozen=True, slots=True)
class Edit:
    """An edit.

    Args:
        changes: what is done to the files.
        truth: whose conversion may come out otherwise.
        over: who is selected besides, since the selector sees a class whole, or a text that is new.
        before: what is done to the files first, so that there is something to edit.
        new: architectures that it adds; those are selected.
        gone: architectures that it takes away; those are not.
    """

    changes: tuple[Change, ...]
    truth: Rule = nothing
    over: Rule = nothing
    before: tuple[Change, ...] = ()
    new: frozenset[str] = frozenset()
    gone: frozenset[str] = field(default=frozenset())


def put(path: str, old: str, new: str) -> Change:
    """Replace the one place of a file that has this text."""

    def change(files: Files) -> None:
        text = files[path].decode()
        assert text.count(old) == 1, f"{path} has {old!r} {text.count(old)} times"
        files[path] = text.replace(old, new).encode()

    return change


def rename(path: str, old: str, new: str) -> Change:
    """Replace a name wherever it stands in a file."""

    def change(files: Files) -> None:
        text, count = re.subn(rf"\b{old}\b", new, files[path].decode())
        assert count, f"{path} has no {old}"
        files[path] = text.encode()

    return change


def add(path: str, text: str) -> Change:
    """A new file, or more at the end of one."""

    def change(files: Files) -> None:
        files[path] = files.get(path, b"") + text.encode()

    return change


def delete(path: str) -> Change:
    """A file less."""
    return lambda files: files.__delitem__(path)


def move(path: str, to: str) -> Change:
    """A file at another place."""
    return lambda files: files.__setitem__(to, files.pop(path))


def cut(path: str, start: str, end: str, to: str, at: str | None = None) -> Change:
    """Take what stands from ``start`` up to ``end`` out of a file; put it before ``at`` of another, or at its end."""

    def change(files: Files) -> None:
        text = files[path].decode()
        first = text.index(start)
        last = text.index(end, first) if end else len(text)
        files[path] = (text[:first] + text[last:]).encode()
        target = files.get(to, b"").decode()
        place = target.index(at) if at else len(target)
        files[to] = (target[:place] + ("" if at else "\n\n") + text[first:last] + target[place:]).encode()

    return change
