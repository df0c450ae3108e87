"""``/metrics``: what Prometheus scrapes, and that it is behind the token as everything else."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from prometheus_client.parser import text_string_to_metric_families
from starlette.testclient import TestClient

from tests.farm.web.conftest import Pages


def test_they_are_as_prometheus_reads_them(pages: Pages) -> None:
    answered = pages.client.get("/metrics")
    assert answered.status_code == 200
    assert answered.headers["content-type"].startswith("text/plain; version=0.0.4")
    samples = {s.name for family in text_string_to_metric_families(answered.text) for s in family.samples}
    assert {"farm_info", "farm_jobs", "farm_reports_merged_total", "farm_units"} <= samples


@pytest.mark.usefixtures("tiny")
def test_a_scrape_of_a_database_that_is_away_fails(serve: Callable[..., TestClient]) -> None:
    away = serve(database_url="postgresql://farm@127.0.0.1:1/farm")
    assert away.get("/metrics").status_code == 503


@pytest.mark.usefixtures("tiny")
def test_they_ask_for_the_token(serve: Callable[..., TestClient]) -> None:
    client = serve(pages_token="s3cret")
    assert client.get("/metrics").status_code == 401
    assert client.get("/metrics", headers={"Authorization": "Bearer s3cret"}).status_code == 200
