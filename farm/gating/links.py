"""Where the farm's pages show what a report speaks of; no links where nobody says where the pages are."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import quote, urlencode

from farm.gating.judgement import Gate
from farm.table.table import Row


@dataclass(frozen=True, slots=True)
class PageLinks:
    """Links to pages below ``root``, the URL of the front page; ``None`` for none."""

    root: str | None

    def of_gate(self, gate: Gate) -> str | None:
        """The comparison of a commit and its base, or the table where nothing is recorded of that."""
        if gate.base is not None and gate.base_recorded:
            return self._to(f"diff/{gate.base}/{gate.commit}")
        return self.of_commit(gate.commit)

    def of_commit(self, commit: str) -> str | None:
        """The table of a commit."""
        return self._to(f"table/{commit}")

    def of_row(self, row: Row, commit: str) -> str | None:
        """An architecture in the table of a commit."""
        return self._to(f"table/{commit}", kind=row.kind, name=row.name)

    def _to(self, path: str, **query: str) -> str | None:
        if not self.root:
            return None
        asked = f"?{urlencode(query)}" if query else ""
        return f"{self.root.rstrip('/')}/{quote(path)}{asked}"
