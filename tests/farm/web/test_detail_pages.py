"""Pages of one thing: what stands on them, that they are reached and lead on, and that what the database holds does no harm."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from urllib.parse import urljoin

import msgspec
from sqlalchemy import select, update
from starlette.testclient import TestClient

from farm.conditions.infer import Condition
from farm.coordinator.dispatch import dispatch
from farm.coordinator.merge import merge
from farm.database.models import Attempt, Commit, HealthEvent, Job, Submission, Verdict
from farm.web.export import export
from farm.web.opened import Opened
from farm.web.pages import PAGES
from farm.web.site import Site
from farm.web.unit_names import from_parameter
from tests.farm.rows import START, FakeWire, report
from tests.farm.tinyfarm import BLOCK, TinyFarm
from tests.farm.web.conftest import Pages, settings_of
from tests.farm.web.validity import active, dead_links, lacks, parse
from workers.outcome import Cause, Outcome

HOSTILE = "<script>alert('1')</script>"
UNIT = "../a b/<script>"


def links(page: str, path: str) -> set[str]:
    """Where the links of a page at ``path`` lead, as paths."""
    found = re.findall(r'href="?([^"\s>#][^"\s>]*)', page)
    return {
        urljoin(path, link.replace("&amp;", "&")).partition("#")[0] for link in found if not link.startswith("data:")
    }


def crawled(pages: Pages) -> dict[str, str]:
    """Every page that can be reached, by its path; forms and filters are not followed. Documents must be there, too."""
    found: dict[str, str] = {}
    waiting = ["/"]
    while waiting:
        path = waiting.pop()
        if path.startswith("/api/"):
            assert (path, pages.client.get(path).status_code) == (path, 200)
        elif path not in found and "?" not in path and not path.endswith(".css"):
            found[path] = pages.html(path)
            waiting += links(found[path], path)
    return found


def ruin(farm: TinyFarm) -> None:
    """Report every job as wrong, with texts that are markup wherever a host has a say."""
    wire = FakeWire()
    dispatch(farm.database, farm.inventory, wire, START)
    for message in wire.sent:
        said = report(message, Outcome.MISMATCH, Cause.DEVICE_STACK, unit=UNIT, stack=HOSTILE)
        layer = said.report.cases[0].first_divergent_layer
        assert layer is not None
        worst = replace(layer, module=HOSTILE, source=HOSTILE, op=HOSTILE, value=HOSTILE, signature=HOSTILE)
        figures = replace(said.report.cases[0].tensors[0], output=HOSTILE, layer=HOSTILE)
        cases = tuple(
            replace(case, message=HOSTILE, fallback=HOSTILE, first_divergent_layer=worst, tensors=(figures,))
            for case in said.report.cases
        )
        bad = replace(said.report, message=HOSTILE, log=HOSTILE, unsupported=(HOSTILE,), cases=cases)
        merge(farm.database, msgspec.structs.replace(said, report=bad), START)
    with farm.database.write() as session:
        session.execute(update(Commit).values(subject=HOSTILE))
        session.execute(update(Submission).values(branch=HOSTILE))
        session.execute(update(Job).values(reason=HOSTILE))
        attempt, device = session.execute(select(Attempt.id, Attempt.device_id).limit(1)).one()
        session.add(
            HealthEvent(
                device_id=device,
                at=START,
                old="good",
                new="bad",
                change="x",
                reason=HOSTILE,
                actor=HOSTILE,
                attempt_id=attempt,
            )
        )


def test_everything_is_reached_from_the_front_page_is_valid_and_harmless(
    tiny: TinyFarm, serve: Callable[..., TestClient]
) -> None:
    tiny.submit()
    tiny.convert()
    ruin(tiny)
    found = crawled(Pages(tiny, serve()))
    kinds = {path.split("/")[1] for path in found}
    assert kinds >= {"architecture", "attempt", "device", "unit", "submission", "devices", "submissions", "checkpoints"}
    assert any(from_parameter(path.rpartition("/")[2]) == UNIT for path in found)
    for path, page in found.items():
        made = parse(page)
        assert (path, lacks(made), active(made)) == (path, [], [])
        assert "<script" not in page, path
    said = "".join(found.values())
    assert said.count("&lt;script&gt;") > 100


def test_a_site_of_files_has_them_too(changed: Pages, tmp_path: Path) -> None:
    newest, before, _ = changed.farm.scratch.git("rev-list", "HEAD").split()
    folder = tmp_path / "site"
    export(Site(Opened(settings_of(tmp_path / "repository")), PAGES), folder, (newest, before))
    assert dead_links(folder) == []
    for path in (
        "architecture/network/tiny.html",
        f"architecture/block/Block/{before}.html",
        "device/numpy.html",
        "unit/exact/unit-1.html",
        "devices.html",
        "submissions.html",
        "checkpoints.html",
    ):
        assert (folder / path).is_file(), path
    assert not (
        folder / "architecture" / "network" / "tiny" / f"{newest}.html"
    ).exists()  # it is the one without a commit
    assert len(list((folder / "attempt").iterdir())) >= 8
    for page in (folder / "submission").iterdir():
        assert "refresh" not in page.read_text()


def test_an_architecture_has_its_verdicts_its_history_and_the_reason_of_its_selection(pages: Pages) -> None:
    farm = pages.farm
    first = farm.scratch.git("rev-parse", "HEAD")
    farm.edit(BLOCK, "channels: int = 8", "channels: int = 9")
    second = farm.scratch.commit({}, "Widen the block")
    farm.submit(since="HEAD~1", now=START + timedelta(days=1))
    farm.convert()
    farm.judge(Outcome.MISMATCH)
    page = pages.html("/architecture/network/tiny")
    assert page.count("✗") + page.count('class="v f"') >= 2
    assert "first divergent layer: <code>layer1.0.conv1</code> (Conv2d, conv2d): error 0.3, alone 0.4" in page
    assert "changed: Block" in page
    assert "<code>models.basicblocks.block.Block</code>" in page
    assert f"{BLOCK}:" in page
    assert page.count("<svg") == 4  # error and latency on two devices
    assert "artifact store" in page  # the bundles of these tests are rows only
    before = pages.html(f"/architecture/network/tiny/{first}")
    assert "first divergent layer" not in before
    assert f"{second[:10]}" in before
    assert pages.html("/architecture", name="network:tiny", commit="HEAD") == pages.html(
        f"/architecture/network/tiny/{second}"
    )


def test_an_attempt_has_all_its_evidence(pages: Pages) -> None:
    with pages.farm.database.read() as session:
        attempt = session.scalars(select(Attempt.id).order_by(Attempt.id)).first()
    assert attempt is not None
    page = pages.html(f"/attempt/{attempt[:12]}")
    for said in (
        f"farm repro {attempt}",
        "passed before and after",
        "the report names the bundle and the nonce of this attempt",
        "224x224",
        "110.0",
        "Limits of fp32/1: element gate 0.0002 of the peak + 0.0001 of the value; SQNR 75 dB; cosine 1 − 1e-05.",
        "runtime</dt><dd>test 1",
        "nothing was written",
    ):
        assert said in page, said
    assert 'id="layer"' not in page


def test_the_condition_of_a_partial_verdict_stands_on_its_pages(pages: Pages) -> None:
    condition = Condition("fails unless W % 8 == 0", True, 5, 4, others=("fails above W = 99",))
    with pages.farm.database.write() as session:
        session.execute(update(Verdict).values(verdict="PARTIAL", condition=condition.to_json()))
        attempt = session.scalars(select(Verdict.attempt_id)).first()
    assert "fails unless W % 8 == 0" in pages.html("/")
    for path in (f"/attempt/{attempt}", "/architecture/block/Block"):
        shown = pages.html(path)
        assert "condition: fails unless W % 8 == 0" in shown
        assert "(5 sizes pass, 4 fail); what was tried fits this too: fails above W = 99" in shown
    assert pages.client.get(f"/api/attempts/{attempt}").json()["verdicts"][0]["condition"] == condition.to_json()


def test_a_submission_is_looked_at_again_while_it_is_under_way(
    tiny: TinyFarm, serve: Callable[..., TestClient]
) -> None:
    pages = Pages(tiny, serve())
    submitted = tiny.submit()
    page = pages.html(f"/submission/{submitted.submission}")
    assert '<meta http-equiv="refresh" content="5">' in page
    assert "To go: 3 conversions, 0 jobs" in page
    tiny.convert()
    page = pages.html(f"/submission/{submitted.submission[:12]}")
    assert "3 of 3 converted" in page
    assert "0 of 3" in page
    assert "no coordinator" in page
    tiny.judge()
    page = pages.html(f"/submission/{submitted.submission}")
    assert "refresh" not in page
    assert "3 of 3 <progress" in page
    assert "Nothing bad came of it." in page


def test_devices_and_units(pages: Pages) -> None:
    assert "unattended" in pages.html("/devices")
    device = pages.html("/device/numpy")
    assert "attempts of numpy by day" in device
    assert "Nothing that is known at" in device
    unit = pages.html("/unit/numpy/unit-1")
    assert unit.count('class="v s">PASS') == 3
    assert "It was never checked." in unit


def test_what_is_not_there_suggests_what_is(pages: Pages) -> None:
    for path, status, said in (
        ("/architecture/network/tinny", 404, "did you mean network:tiny,"),
        ("/architecture/network/tiny/0000000", 404, "nothing is recorded of 0000000"),
        ("/architecture?name=tinny", 404, "did you mean tiny?"),
        ("/attempt/zzz", 404, "no attempt named"),
        ("/device/nunpy", 404, "did you mean numpy?"),
        ("/unit/numpy/unit-2", 404, "did you mean unit-1?"),
        ("/unit/nunpy/unit-1", 404, "did you mean numpy?"),
        ("/submission/0000zzzz", 404, "no submission named"),
        ("/checkpoint/2026", 404, "no checkpoint named"),
        ("/checkpoints?filtre=x", 422, "did you mean filter?"),
    ):
        answered = pages.client.get(path)
        assert (answered.status_code, said in answered.text) == (status, True), answered.text[-300:]
