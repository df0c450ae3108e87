"""The documents of ``--json`` and of the API as types; their schemas and docs/json.md are made of them.

What makes a document of what was read is in :mod:`farm.answers`; the tests hold what every command prints and every route
answers against these. A field that goes or changes its meaning is a new number of the document; one that is added is not, so
a program must let pass what it does not know.
"""

from __future__ import annotations

from collections.abc import Mapping

from farm.documents import details, found, queue, reading, regressed, source, upkeep
from farm.documents.base import Declared, name_of

_IN_ORDER: tuple[type[Declared], ...] = (
    reading.Status,
    reading.Table,
    reading.Diff,
    reading.History,
    reading.Logs,
    reading.Fixes,
    queue.Submit,
    queue.Jobs,
    queue.Devices,
    queue.Rejudge,
    found.Gate,
    found.Bisect,
    regressed.Regressions,
    regressed.OneRegression,
    regressed.KnownIssues,
    source.Plan,
    source.Why,
    source.Doctor,
    source.Audit,
    source.AuditHistory,
    source.Convert,
    source.SelfTest,
    upkeep.Gc,
    upkeep.Checkpoints,
    upkeep.OneCheckpoint,
    upkeep.CheckpointsVerify,
    upkeep.CheckpointsImport,
    upkeep.CheckpointsExport,
    upkeep.CheckpointsGc,
    upkeep.CheckpointsReindex,
    details.Commits,
    details.Attempt,
    details.UnitRecord,
    details.Submission,
    details.Healthz,
    details.Failure,
)
#: By name and number.
DOCUMENTS: Mapping[str, type[Declared]] = {name_of(document): document for document in _IN_ORDER}
