"""Public names as people write them: in other case, and sometimes nearly right."""

from collections.abc import Iterable
from difflib import get_close_matches


def public_name(name: str, known: Iterable[str]) -> str:
    """The one of the ``known`` names that ``name`` means: the very same, else the only one that differs in case alone.

    Raises:
        KeyError: none, or several; its argument is a clause that says what was meant, or what there is.
    """
    names = sorted(known)
    if name in names:
        return name
    by_lower: dict[str, list[str]] = {}
    for public in names:
        by_lower.setdefault(public.lower(), []).append(public)
    meant = by_lower.get(name.lower(), [])
    if len(meant) == 1:
        return meant[0]
    close = get_close_matches(name.lower(), by_lower, n=1)
    raise KeyError(f"did you mean {' or '.join(by_lower[close[0]])}?" if close else f"there are {', '.join(names)}")
