"""The data model (SQLAlchemy 2, typed). The database is the queue and the only truth.

::

    commit ──< snapshot >── architecture          one row for every architecture of a commit, selected or not
                  │ bundle
                  ▼
    bundle ──< job ──< attempt ──< case_result ──< tensor_error, layer_error
       │         ▲        └── stack, device
       │    submission ──< conversion ──< repeat  of an architecture at a commit; and again, which must give the same bundle
       ├──< verdict >── policy, stack             derived from the attempts in the merging transaction
       ├──< probe ──< job                         more sizes of it, to find the condition of a PARTIAL verdict
       ├──< sample                                one resolution
       └── graph_traits                           what its graph asks of a device

    device_type ──< unit_stack >── device, stack  which stack a unit has now
    device_type ──< belief                       what it is believed to do, for those who read the table
    device ──< health_event >── attempt           what became of a unit's health, and why
    device ──< health_check                       what a unit was asked, to see whether it is sound

    audit ──< audited >── architecture            all that was converted to see what the selection missed
      └──< incident >── architecture              what it missed; open or fixed

    regression >── architecture, device_type      what turned from passing to failing, between which commits, and why
    known_issue                                   a signature of failures that somebody answers for
    lineage                                       a commit of the repository and its parents

    coordinator                                   who runs the queue, and how it last found the broker
    event                                         who moved what, when
    outbox                                        what others are to be told, and whether they have taken it
    installation                                  one row: the id of this database

The support table at a commit is a query: snapshot joined to verdict by bundle, for the present configuration and the present
stacks of each device type. Merges, reverts and cherry-picks so need no special case.
"""

from farm.database.models.audits import Audit, Audited, Incident
from farm.database.models.base import Base, UtcDateTime
from farm.database.models.beliefs import Belief
from farm.database.models.notifications import Outbox
from farm.database.models.queue import Attempt, CoordinatorRow, Job, Policy, Probe
from farm.database.models.records import Event, Installation
from farm.database.models.regressions import KnownIssue, Lineage, Regression
from farm.database.models.repository import Architecture, Bundle, Commit, GraphTraits, Sample, Snapshot
from farm.database.models.results import CaseResult, LayerError, TensorError, Verdict
from farm.database.models.submissions import Conversion, Repeat, Submission
from farm.database.models.units import Device, DeviceType, HealthCheck, HealthEvent, Stack, UnitStack

__all__ = [
    "Architecture",
    "Attempt",
    "Audit",
    "Audited",
    "Base",
    "Belief",
    "Bundle",
    "CaseResult",
    "Commit",
    "Conversion",
    "CoordinatorRow",
    "Device",
    "DeviceType",
    "Event",
    "GraphTraits",
    "HealthCheck",
    "HealthEvent",
    "Incident",
    "Installation",
    "Job",
    "KnownIssue",
    "LayerError",
    "Lineage",
    "Outbox",
    "Policy",
    "Probe",
    "Regression",
    "Repeat",
    "Sample",
    "Snapshot",
    "Stack",
    "Submission",
    "TensorError",
    "UnitStack",
    "UtcDateTime",
    "Verdict",
]
