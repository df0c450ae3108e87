"""The pages and documents of regressions: what is listed, what stands on one, and what leads there."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from sqlalchemy import select, update

from farm.cli import main
from farm.database.models import Commit, Regression
from farm.web.export import export
from farm.web.opened import Opened
from farm.web.pages import PAGES
from farm.web.site import Site
from tests.farm.documents.valid import valid
from tests.farm.web.conftest import Pages, settings_of
from tests.farm.web.validity import active, dead_links, lacks, parse


@pytest.fixture
def reopened(changed: Pages) -> Pages:
    """The farm whose second commit broke two architectures on two devices; as if the third had not mended them."""
    with changed.farm.database.write() as session:
        session.execute(update(Regression).values(closed=None, fixed=None, open_on=["<main>"]))
    return changed


def keys(pages: Pages) -> list[str]:
    """Of the commits, the first one first."""
    with pages.farm.database.read() as session:
        return list(session.scalars(select(Commit.key).order_by(Commit.date)))


def test_only_open_ones_are_listed_unless_all_are_asked_for(changed: Pages) -> None:
    assert "None is open" in changed.html("/regressions")
    listed = changed.html("/regressions", all="1", kind="block", device="numpy")
    assert listed.count('<a href="regression/') == 1
    assert "fixed" in listed
    for query, status in (("kind=blok", 422), ("device=nmpy", 404), ("branch=nowhere", 404), ("knd=block", 422)):
        assert changed.client.get(f"/regressions?{query}").status_code == status


def test_one_has_its_evidence_and_leads_to_what_it_is_of(reopened: Pages) -> None:
    listed = reopened.html("/regressions")
    assert listed.count('<a href="regression/') == 4
    one = reopened.html("/regression/1")
    _, good, bad, _ = ["", *keys(reopened)]
    for said in (f"../diff/{good}/{bad}", f"../table/{bad}", "&lt;main&gt;", "✓ passes", "✗ fails", "../attempt/"):
        assert said in one
    for page in (listed, one):
        assert not lacks(parse(page))
        assert not active(parse(page))
    for wrong in ("/regression/99", "/regression/x", "/regression/" + "9" * 30):
        assert reopened.client.get(wrong).status_code == 404


def test_what_fails_leads_to_its_regression(changed: Pages) -> None:
    """At the commit at which it begins, also once it is mended; where nothing fails, nothing does."""
    first, second, third = keys(changed)
    assert changed.html(f"/table/{second}").count("href=../regression/") == 4
    assert changed.html(f"/diff/{first}/{second}").count('href="../../regression/') == 4
    assert 'href="../../../regression/' in changed.html(f"/architecture/block/Block/{second}")
    for path in (f"/table/{third}", f"/diff/{second}/{third}", f"/architecture/block/Block/{third}"):
        assert "regression/" not in changed.html(path)


def test_a_report_has_them(reopened: Pages, tmp_path: Path) -> None:
    site = Site(Opened(settings_of(reopened.farm.scratch.root)), PAGES)
    export(site, tmp_path / "site", (keys(reopened)[1],))
    site.opened.close()
    assert len(list((tmp_path / "site" / "regression").iterdir())) == 4
    assert (tmp_path / "site" / "regressions.html").read_text().count('<a href="regression/') == 4
    assert dead_links(tmp_path / "site") == []


def test_the_documents_are_those_of_the_command(
    changed: Pages, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(changed.farm.scratch.root)
    for command, path in (  # the command names the definitions first, which the API does not
        ("regressions --all --kind block", "/api/regressions?all=true&kind=block"),
        ("regressions", "/api/regressions"),
        ("regressions show 1", "/api/regressions/1"),
    ):
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            main([*command.split(), "--json"])
        assert ended.value.code == 0
        assert valid(changed.client.get(path).text) == json.loads(capsys.readouterr().out)
    for wrong, status in (("?kind=blok", 422), ("?branch=nowhere", 404), ("/99", 404), ("/x", 422), ("/1?x=1", 422)):
        answered = changed.client.get(f"/api/regressions{wrong}")
        assert (valid(answered.text)["schema"], answered.status_code) == ("farm-error/1", status)
