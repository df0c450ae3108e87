"""What the API can be asked. A parameter that it does not know is refused: a filter must not pass unseen."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from farm.table.filter import TableFilter
from farm.table.slower import MOST_SLOWER, SLOWER_BY

Commit = Annotated[
    str | None,
    Field(description="A branch, tag, id, HEAD~1 ..., or the beginning of a key; by default what is checked out."),
]
Devices = Annotated[list[str], Field(description="Only these device types.")]
Kinds = Annotated[list[str], Field(description="Only network, backbone, neck, head, attention or block.")]
Kind = Annotated[str | None, Field(description="Where two levels have the name: network, backbone, ...")]
#: Of lists that grow; the most is what is no trouble to make and to read.
Limit = Annotated[int, Field(ge=1, le=1000, description="At most so many.")]


class _Asked(BaseModel):
    model_config = ConfigDict(extra="forbid")


class TableAsked(_Asked):
    """Of the table of a commit: a row is given that satisfies each filter that is given."""

    commit: Commit = None
    device: Devices = []  # pydantic copies it
    kind: Kinds = []
    name: Annotated[
        list[str], Field(description="Names of architectures in any case; * and ? stand for anything.")
    ] = []
    verdict: Annotated[list[str], Field(description="Rows where a device given says SUPPORTED, FAILED, ...")] = []
    tested: Annotated[bool, Field(description="Rows where a device given says anything but MISSING.")] = False

    def filter(self) -> TableFilter:
        """Raises :class:`~farm.errors.UsageError` for a kind or verdict that there is not."""
        names, verdicts = tuple(self.name), tuple(self.verdict)
        return TableFilter(tuple(self.device), tuple(self.kind), names, verdicts, self.tested)


class DiffAsked(_Asked):
    """Of what changed between two commits."""

    before: Annotated[str, Field(description="A commit, named as in the table.")]
    after: Commit = None
    device: Devices = []
    kind: Kinds = []
    slower_by: Annotated[
        float, Field(gt=1, le=MOST_SLOWER, description="Slower is what takes so many times as long.")
    ] = SLOWER_BY


class StatusAsked(_Asked):
    """Of one architecture at a commit."""

    commit: Commit = None
    kind: Kind = None


class HistoryAsked(_Asked):
    """Of one architecture at every commit."""

    kind: Kind = None
    device: Devices = []
    limit: Annotated[int, Field(ge=1, le=200, description="The newest so many commits.")] = 20


class CommitsAsked(_Asked):
    """Of the commits that were submitted."""

    limit: Limit = 50
    before: Annotated[str | None, Field(description="The key of a commit: only older ones.")] = None


class JobsAsked(_Asked):
    """Of jobs."""

    state: Annotated[
        list[str], Field(description="Only those in these states, or `all`; by default what is not at its end.")
    ] = []
    device: Annotated[str | None, Field(description="Only of this device type.")] = None
    limit: Limit = 100
    offset: Annotated[int, Field(ge=0, le=1_000_000_000, description="Without the first so many.")] = 0


class RegressionsAsked(_Asked):
    """Of regressions."""

    device: Devices = []
    kind: Kinds = []
    branch: Annotated[str | None, Field(description="Only those that are open on this branch.")] = None
    all: Annotated[bool, Field(description="Also those that are fixed, left or withdrawn.")] = False


class CheckpointsAsked(_Asked):
    """Of checkpoints."""

    filter: Annotated[str, Field(description="In the language of `farm checkpoints search`; by default all.")] = ""
    limit: Limit = 100


class NothingAsked(_Asked):
    """Nothing can be."""
