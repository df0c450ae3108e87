"""Whether a miss that was found before still occurs: with the selection of today, and the code of the audited commit."""

from __future__ import annotations

from collections.abc import Sequence

from farm.audit.states import State, state_of
from farm.audit.trees import OverlayTree, content
from farm.audit.workshop import Workshop
from farm.errors import FarmError
from farm.planning.plan import SourceReader


class Recheck:
    """Of open incidents at one state."""

    def __init__(self, workshop: Workshop, reader: SourceReader, state: State) -> None:
        self._workshop, self._reader, self._state = workshop, reader, state

    def fixed(self, key: str, base: str, commit: str, files: Sequence[str]) -> str:
        """Why the miss of an architecture between two commits is fixed; empty where it still occurs, or nobody knows.

        Either the selection of today sees that change; or the code of today has no such edge: with the files that made the
        difference as they were before it and as they were after, the selection sees that they differ, or both come to the same.
        """
        if key not in self._state.architectures:
            return f"{key} is gone"
        try:
            old, new = (self._reader.repository.tree(revision) for revision in (base, commit))
            if state_of(self._reader, old).hash(key) != state_of(self._reader, new).hash(key):
                return "the selection sees the change now"
            states = [
                state_of(self._reader, OverlayTree(self._state.tree, {path: content(tree, path) for path in files}))
                for tree in ((old, new) if files else ())
            ]
        except FarmError:  # commits that are gone, or that have something that cannot be read: somebody must look at it
            return ""
        if not states:
            return ""
        named = ", ".join(files)
        if states[0].hash(key) != states[1].hash(key):
            return f"the selection sees now that {key} reaches {named}"
        made = [self._workshop.convert(state.tree, [self._state.architectures[key]])[key] for state in states]
        same = made[0].manifest is not None and made[0].ending == made[1].ending
        return f"{key} does not depend on {named} any more" if same else ""
