"""The contract of every topic: a schema, and the fields that tables and charts are made of."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from benchmarks.report.topics import BY_NAME, TOPICS, Topic

STUBS = Path(__file__).with_name("stubs.py")


@pytest.fixture(scope="module")
def documents() -> dict[str, Any]:
    """What each topic's own command prints with ``--quick --json``, with its measurement made up."""
    done = subprocess.run([sys.executable, str(STUBS)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return {topic.name: json.loads(line) for topic, line in zip(TOPICS, done.stdout.splitlines(), strict=True)}


def test_the_topics_are_those_that_scripts_rely_on() -> None:
    assert list(BY_NAME) == ["runtime", "convert", "select", "queue", "reading", "farm", "chaos"]
    charts = [table.name for topic in TOPICS for table in topic.tables]
    assert len(set(charts)) == len(charts)


@pytest.mark.parametrize("topic", TOPICS, ids=lambda topic: topic.name)
def test_what_a_topic_prints_keeps_the_contract(topic: Topic, documents: dict[str, Any]) -> None:
    assert topic.faults(documents[topic.name]) == []
    for table in topic.tables:
        assert table.drawn(documents[topic.name])


def test_what_leaves_the_contract_is_named(documents: dict[str, Any]) -> None:
    topic, document = BY_NAME["queue"], documents["queue"]
    assert topic.faults({"rows": [], **document}) == ["the document does not begin with the schema benchmark-queue/1"]
    assert topic.faults({**document, "schema": "benchmark-queue/2"})
    assert topic.faults([]) == topic.faults(None) != []
    for rows in ({}, [1], "x"):
        assert topic.faults({**document, "rows": rows}) == ["rows is not a list of objects"]
    rates = [row for row in document["rows"] if row["what"] == "rate"]
    assert topic.faults({**document, "rows": rates}) == ["no row of queue-latency"]
    less = [{name: value for name, value in row.items() if name != "share"} for row in document["rows"]]
    assert topic.faults({**document, "rows": less}) == ["a row of queue-rate without share"]


def test_the_stages_of_a_change_are_fields_too(documents: dict[str, Any]) -> None:
    topic, document = BY_NAME["farm"], documents["farm"]
    for row in document["rows"]:
        row.get("stages", {}).pop("convert", None)
    assert topic.faults(document) == ["a row of farm-change without stages.convert"]
