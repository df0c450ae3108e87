"""The metrics that there are: name, kind, labels and what each says. docs/metrics.md has the same table (tested)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class MetricKind(StrEnum):
    """As Prometheus calls them."""

    GAUGE = "gauge"
    COUNTER = "counter"


@dataclass(frozen=True, slots=True)
class Metric:
    """One metric. A counter's samples have ``_total`` after the name, as Prometheus wants it."""

    name: str
    kind: MetricKind
    labels: tuple[str, ...]
    says: str

    @property
    def sample(self) -> str:
        """The name that a query has."""
        return f"{self.name}_total" if self.kind is MetricKind.COUNTER else self.name


_GAUGE, _COUNTER = MetricKind.GAUGE, MetricKind.COUNTER

INFO = Metric("farm_info", _GAUGE, ("version", "schema"), "1; version of the farm, and of its database's schema")
JOBS = Metric("farm_jobs", _GAUGE, ("device", "state"), "Jobs, by device type and state")
OLDEST = Metric(
    "farm_queue_oldest_seconds", _GAUGE, ("device",), "Age of the oldest job that no unit has begun; 0 where none waits"
)
REPORTS = Metric("farm_reports_merged", _COUNTER, (), "Reports of attempts that were merged")
ATTEMPTS = Metric(
    "farm_attempts_last_day", _GAUGE, ("device", "outcome"), "Attempts sent within a day and reported, by outcome"
)
LOST = Metric(
    "farm_attempts_lost_last_day", _GAUGE, ("device",), "Attempts sent within a day that no unit answered in time"
)
UNITS = Metric("farm_units", _GAUGE, ("device", "health", "online"), "Units, by device type, health and presence")
CONVERSIONS_OPEN = Metric("farm_conversions_open", _GAUGE, ("state",), "Conversions that are not at their end")
CONVERSIONS = Metric(
    "farm_conversions_last_day",
    _GAUGE,
    ("outcome",),
    "Conversions begun within a day and ended; CONVERTED for a bundle",
)
CONVERSION_SECONDS = Metric(
    "farm_conversion_seconds_last_day", _GAUGE, ("outcome",), "Seconds that those took together"
)
COORDINATORS = Metric("farm_coordinators", _GAUGE, (), "Coordinators that were heard of lately")
COORDINATOR_SEEN = Metric(
    "farm_coordinator_seen_seconds", _GAUGE, (), "Since the last sign of any coordinator; absent where there was none"
)
BROKER_USABLE = Metric(
    "farm_broker_usable", _GAUGE, (), "1 where a coordinator could use the broker when it last tried"
)
OUTBOX = Metric("farm_outbox", _GAUGE, ("state",), "Notifications that wait to be sent, or were given up, by state")
OUTBOX_OLDEST = Metric(
    "farm_outbox_oldest_seconds", _GAUGE, (), "Age of the oldest notification that waits; 0 where none does"
)
MISSES = Metric("farm_selector_misses", _COUNTER, (), "Selector misses that audits found")
MISSES_OPEN = Metric("farm_selector_misses_open", _GAUGE, (), "Those that are open; everything is selected until then")

REGRESSIONS = Metric("farm_regressions", _GAUGE, ("device",), "Regressions that are open, by device type")

METRICS = (
    INFO,
    JOBS,
    OLDEST,
    REPORTS,
    ATTEMPTS,
    LOST,
    UNITS,
    CONVERSIONS_OPEN,
    CONVERSIONS,
    CONVERSION_SECONDS,
    COORDINATORS,
    COORDINATOR_SEEN,
    BROKER_USABLE,
    OUTBOX,
    OUTBOX_OLDEST,
    MISSES,
    MISSES_OPEN,
    REGRESSIONS,
)
