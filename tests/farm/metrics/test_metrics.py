"""The figures of a farm in a known state, their text, their page and their dashboard."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

from prometheus_client.parser import text_string_to_metric_families

from farm.coordinator.rejudging import rejudge
from farm.coordinator.roster import Entry
from farm.database.engine import SCHEMA_VERSION, Database
from farm.database.models import Audit, Conversion, Incident, Outbox
from farm.errors import BrokerError
from farm.inventory import Inventory
from farm.metrics.exposition import exposition
from farm.metrics.names import METRICS
from farm.metrics.reading import read_figures
from farm.protocol import HeartbeatMessage
from farm.states.conversions import ConversionState
from farm.states.jobs import JobState
from farm.units.presence import hear
from tests.farm.cli.conftest import Said
from tests.farm.coordinator.test_rejudging import OLD, WIDE, observe
from tests.farm.regressions.story import FAILS, PASSES, Story
from tests.farm.rows import START, judge, lose, submit
from tests.farm.statements import counted
from workers.outcome import Cause, Outcome

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs" / "metrics.md").read_text()
DASHBOARD = json.loads((ROOT / "deploy" / "grafana" / "farm.json").read_text())
NOW = START + timedelta(hours=1)


def scraped(database: Database, inventory: Inventory, now=NOW) -> dict[tuple[str, frozenset[tuple[str, str]]], float]:
    """By name and labels, as Prometheus reads the text."""
    with database.read() as session:
        text = exposition(read_figures(session, inventory.devices, "1.2.3", now))
    families = text_string_to_metric_families(text)
    return {(s.name, frozenset(s.labels.items())): s.value for family in families for s in family.samples}


def of(found, name: str, **labels: str) -> float | None:
    return found.get((name, frozenset(labels.items())))


def test_an_empty_farm_has_its_devices_and_nothing_else(database: Database, inventory: Inventory) -> None:
    found = scraped(database, inventory)
    assert of(found, "farm_info", version="1.2.3", schema=SCHEMA_VERSION) == 1
    for device in inventory.devices:
        assert of(found, "farm_queue_oldest_seconds", device=device) == 0
        assert all(of(found, "farm_jobs", device=device, state=state.value) == 0 for state in JobState)
    for name in ("farm_reports_merged_total", "farm_coordinators", "farm_broker_usable", "farm_selector_misses_open"):
        assert of(found, name) == 0
    assert of(found, "farm_coordinator_seen_seconds") is None


def test_jobs_attempts_and_the_age_of_the_queue(database: Database, inventory: Inventory) -> None:
    submit(database, inventory, ["good"])
    judge(database, inventory)
    submit(database, inventory, ["bad"], submitted=START + timedelta(minutes=1))
    judge(database, inventory, Outcome.MISMATCH, Cause.DEVICE_STACK)
    submit(database, inventory, ["waits"], submitted=START + timedelta(minutes=2))
    found = scraped(database, inventory)
    assert of(found, "farm_jobs", device="numpy", state="done") == 2
    assert of(found, "farm_jobs", device="numpy", state="queued") == 1
    assert of(found, "farm_queue_oldest_seconds", device="numpy") == 58 * 60
    assert of(found, "farm_reports_merged_total") == 6
    assert of(found, "farm_attempts_last_day", device="torch", outcome="PASS") == 1
    assert of(found, "farm_attempts_last_day", device="torch", outcome="MISMATCH") == 2  # one confirms the other
    lose(database, inventory, times=1)
    assert of(scraped(database, inventory), "farm_attempts_lost_last_day", device="numpy") == 1
    # A day later they are no more of the last day, and still merged.
    later = scraped(database, inventory, NOW + timedelta(days=1))
    assert of(later, "farm_attempts_last_day", device="torch", outcome="PASS") is None
    assert of(later, "farm_reports_merged_total") == 6


def test_an_attempt_that_was_judged_again_is_none(database: Database) -> None:
    observe(database, OLD, 1e-6)
    before = scraped(database, OLD)
    assert rejudge(database, WIDE, WIDE.policy("fp32"), ["numpy"], START)
    after = scraped(database, OLD)
    for name, labels in (("farm_reports_merged_total", {}), ("farm_attempts_last_day", {"outcome": "PASS"})):
        of_device = {"device": "numpy", **labels} if labels else {}
        assert of(after, name, **of_device) == of(before, name, **of_device) == 1


def test_units_by_health_and_presence(database: Database, inventory: Inventory) -> None:
    with database.write() as session:
        for unit, at in (("a", NOW), ("b", NOW), ("c", NOW - timedelta(hours=1))):
            hear(session, HeartbeatMessage("numpy", unit, "host", 10.0, True, True, 1, None, None), at)
    found = scraped(database, inventory)
    assert of(found, "farm_units", device="numpy", health="unknown", online="yes") == 2
    assert of(found, "farm_units", device="numpy", health="unknown", online="no") == 1


def test_conversions(database: Database, inventory: Inventory) -> None:
    submit(database, inventory, ["a", "b", "c", "d"], state=ConversionState.QUEUED)
    ends = [(ConversionState.DONE, None, 2.0), (ConversionState.DONE, None, 4.0)]
    ends.append((ConversionState.DONE, Outcome.CONVERT_FAILED, 1.0))
    with database.write() as session:
        rows = session.query(Conversion).order_by(Conversion.id).all()
        for row, (state, outcome, seconds) in zip(rows, ends, strict=False):
            row.state, row.outcome, row.seconds, row.claimed = state, outcome, seconds, START
    found = scraped(database, inventory)
    assert of(found, "farm_conversions_open", state="queued") == 1
    assert of(found, "farm_conversions_last_day", outcome="CONVERTED") == 2
    assert of(found, "farm_conversion_seconds_last_day", outcome="CONVERTED") == 6.0
    assert of(found, "farm_conversions_last_day", outcome="CONVERT_FAILED") == 1


def test_coordinators_and_their_broker(database: Database, inventory: Inventory) -> None:
    entry = Entry(database)
    entry.renew(NOW - timedelta(seconds=5))
    found = scraped(database, inventory)
    said = ("farm_coordinators", "farm_broker_usable", "farm_coordinator_seen_seconds")
    assert [of(found, name) for name in said] == [1, 1, 5]
    entry.renew(NOW, BrokerError("it is away"))
    found = scraped(database, inventory)
    assert [of(found, name) for name in said] == [1, 0, 0]
    assert [of(scraped(database, inventory, NOW + timedelta(hours=1)), name) for name in said] == [0, 0, 3600]


def test_selector_misses(database: Database, inventory: Inventory) -> None:
    submit(database, inventory, ["net"])
    with database.write() as session:
        audit = Audit(
            commit="c1", base="c0", at=START, architectures=1, judged=1, changed=1, selected=0, hits=0, seconds=1.0
        )
        audit.toolchain = {}
        session.add(audit)
        session.flush()
        for fixed in (None, START):
            session.add(
                Incident(
                    audit_id=audit.id, architecture_id=1, commit="c1", base="c0", closure="x", before="a", after="b",
                    difference="d", edge="e", files=[], opened=START, fixed=fixed,
                )
            )  # fmt: skip
    found = scraped(database, inventory)
    assert (of(found, "farm_selector_misses_total"), of(found, "farm_selector_misses_open")) == (2, 1)


def test_open_regressions(database: Database) -> None:
    story = Story(database)
    story.past(("a", "1", PASSES), ("b", "2", FAILS))
    assert of(scraped(database, story.inventory), "farm_regressions", device="numpy") == 1
    story.past(("b", "2", FAILS), ("c", "1", PASSES))
    assert of(scraped(database, story.inventory), "farm_regressions", device="numpy") == 0


def test_the_outbox(database: Database, inventory: Inventory) -> None:
    with database.write() as session:
        for state, age in (("waiting", 5), ("waiting", 60), ("given up", 600), ("delivered", 900)):
            at = NOW - timedelta(seconds=age)
            session.add(
                Outbox(notification="n", kind="k", subject="s", detail={}, at=at, target="t", state=state, due=at)
            )
    found = scraped(database, inventory)
    assert of(found, "farm_outbox", state="waiting") == 2
    assert of(found, "farm_outbox", state="given up") == 1
    assert of(found, "farm_outbox", state="delivered") is None
    assert of(found, "farm_outbox_oldest_seconds") == 60


def test_a_scrape_takes_a_handful_of_queries(database: Database, inventory: Inventory) -> None:
    for n in range(4):
        submit(database, inventory, [f"net{n}"], f"c{n}")
        judge(database, inventory)
    with database.read() as session, counted(database) as said:
        read_figures(session, inventory.devices, "1", NOW)
    assert len(said) <= 15


def test_every_metric_is_on_the_page_and_nothing_else_is() -> None:
    for metric in METRICS:
        labels = ", ".join(f"`{label}`" for label in metric.labels)
        assert f"| `{metric.sample}` | {metric.kind} | {labels} | {metric.says} |" in PAGE
    assert named(PAGE) == {metric.sample for metric in METRICS}


def test_the_dashboard_asks_for_metrics_and_labels_that_there_are() -> None:
    labels = {metric.sample: set(metric.labels) for metric in METRICS}
    asked = [target["expr"] for panel in DASHBOARD["panels"] for target in panel["targets"]]
    legends = [target["legendFormat"] for panel in DASHBOARD["panels"] for target in panel["targets"]]
    assert named(" ".join(asked)) == set(labels)  # all of them are shown
    for query, legend in zip(asked, legends, strict=True):
        (first, *_) = named(query)
        used = set(re.findall(r"(\w+)=~?\"", query)) | set(re.findall(r"\{\{(\w+)\}\}", legend))
        for group in re.findall(r"by \(([^)]*)\)", query):
            used |= {label.strip() for label in group.split(",")}
        assert used <= labels[first], query
    places = {(p["gridPos"]["x"], p["gridPos"]["y"]) for p in DASHBOARD["panels"]}
    assert len(places) == len({p["id"] for p in DASHBOARD["panels"]}) == len(DASHBOARD["panels"])


def test_the_command_prints_them(farm: Callable[..., Said]) -> None:
    said = farm("metrics")
    assert said.code == 0
    samples = {line.partition("{")[0].partition(" ")[0] for line in said.out.splitlines() if line and line[0] != "#"}
    assert samples <= {metric.sample for metric in METRICS}
    assert "# HELP farm_jobs Jobs, by device type and state\n# TYPE farm_jobs gauge\n" in said.out
    assert 'farm_jobs{device="exact",state="queued"} 0.0\n' in said.out


def named(text: str) -> set[str]:
    return set(re.findall(r"\bfarm_[a-z_]+\b", text))
