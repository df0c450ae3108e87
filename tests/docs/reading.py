"""The documents as tests read them: pages, headings, links, pieces of code."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGES = sorted((ROOT / "docs").glob("*.md"))
#: All that people read, seen from the root.
DOCUMENTS = [*PAGES, *(ROOT / name for name in ("README.md", "CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md"))]

_FENCE = re.compile(r"^( *)```(\S*)\n(.*?)^\1```$", re.MULTILINE | re.DOTALL)


def name_of(page: Path) -> str:
    """How a test is called that is of a page."""
    return str(page.relative_to(ROOT))


def pieces(page: Path, language: str) -> list[str]:
    """The fenced pieces of code of a language."""
    found = _FENCE.findall(page.read_text(encoding="utf-8"))
    return [textwrap.dedent(code) for _, named, code in found if named == language]


def prose(page: Path) -> str:
    """The page without its fenced code."""
    return _FENCE.sub("", page.read_text(encoding="utf-8"))


def anchors(page: Path) -> set[str]:
    """What the headings of a page are linked to by, as GitHub makes it: of equal ones the second is ``...-1``."""
    found: set[str] = set()
    for heading in re.findall(r"^#{1,6} (.+)$", prose(page), re.MULTILINE):
        plain = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading).lower().strip()
        slug = re.sub(r"[^\w\- ]", "", plain).replace(" ", "-")
        found.add(next(name for name in _numbered(slug) if name not in found))
    return found


def _numbered(slug: str) -> Iterator[str]:
    yield slug
    for number in range(1, 1000):
        yield f"{slug}-{number}"


def links(page: Path) -> list[str]:
    """Targets of the links of a page that lead to something of the repository."""
    text = re.sub(r"`[^`\n]*`", "", prose(page))
    found = re.findall(r"\[(?:[^\]\[]|\[[^\]]*\])*\]\(([^)\s]+)\)", text)
    return [target for target in found if not re.match(r"[a-z]+:", target)]
