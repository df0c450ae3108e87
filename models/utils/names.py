"""Public names as people write them: of any case, and sometimes nearly right."""

from collections.abc import Iterable
from difflib import get_close_matches


def public_name(name: str, known: Iterable[str]) -> str:
    """The one of the ``known`` names that ``name`` means, whatever its case.

    Raises:
        KeyError: none; its argument is a clause that says what was meant, or what there is.
    """
    by_lower = {public.lower(): public for public in known}
    if name.lower() in by_lower:
        return by_lower[name.lower()]
    close = get_close_matches(name.lower(), by_lower, n=1)
    raise KeyError(
        f"did you mean {by_lower[close[0]]}?" if close else f"there are {', '.join(sorted(by_lower.values()))}"
    )
