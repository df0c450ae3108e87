"""A site of files: whole, valid, with no dead link; made beside its folder, and never over something else."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from farm.cli import main
from farm.errors import InfrastructureError, UsageError
from farm.web.export import MARK, export
from farm.web.opened import Opened
from farm.web.page import Page, View
from farm.web.pages import PAGES
from farm.web.site import Site
from tests.farm.web.conftest import Pages, settings_of
from tests.farm.web.validity import active, dead_links, lacks, parse


@pytest.fixture
def commits(changed: Pages) -> tuple[str, ...]:
    """Three commits, the newest first."""
    return tuple(changed.farm.scratch.git("rev-list", "HEAD").split())


@pytest.fixture
def site(tmp_path: Path, commits: tuple[str, ...]) -> Site:
    return Site(Opened(settings_of(tmp_path / "repository")), PAGES)


def test_every_page_is_valid_says_what_it_is_and_leads_somewhere(
    site: Site, commits: tuple[str, ...], tmp_path: Path
) -> None:
    number = export(site, tmp_path / "site", commits[:2])
    files = sorted((tmp_path / "site").rglob("*.html"))
    assert number == len(files) > 5
    assert dead_links(tmp_path / "site") == []
    for path in files:
        page = parse(path.read_text())
        assert (path.name, lacks(page), active(page)) == (path.name, [], [])
        assert not list(page.iter("form")), "nobody answers it"


def test_the_site_is_of_the_commits_that_were_asked_for(site: Site, commits: tuple[str, ...], tmp_path: Path) -> None:
    newest, middle, oldest = commits
    export(site, tmp_path / "site", (middle,))
    written = {str(path.relative_to(tmp_path / "site")) for path in (tmp_path / "site").rglob("*.html")}
    assert {f"table/{middle}.html", f"diff/{oldest}/{middle}.html", "index.html", "commits.html"} <= written
    assert not [path for path in written if newest in path]
    assert (tmp_path / "site" / "index.html").read_text().count(middle[:10]) > 1
    mark = json.loads((tmp_path / "site" / MARK).read_text())
    assert (mark["schema"], mark["commits"], mark["pages"]) == ("farm-report/1", [middle], len(written))


def test_a_report_takes_the_place_of_an_earlier_one(site: Site, commits: tuple[str, ...], tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    export(site, tmp_path / "empty", commits[:1])
    export(site, tmp_path / "empty", commits[1:2])
    assert not (tmp_path / "empty" / "table" / f"{commits[0]}.html").exists()
    (tmp_path / "link").symlink_to(tmp_path / "empty")
    export(site, tmp_path / "link", commits[:1])
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "empty" / "table" / f"{commits[0]}.html").exists()
    assert not list(tmp_path.glob(".*empty*")), "nothing is left beside it"


def test_what_is_something_else_stays(site: Site, commits: tuple[str, ...], tmp_path: Path) -> None:
    for name in ("file", "notes", "mark"):
        (tmp_path / name).mkdir()
    (tmp_path / "file" / "site").write_text("x")
    (tmp_path / "notes" / "notes.txt").write_text("x")
    (tmp_path / "mark" / MARK).write_text("[]")

    def there() -> list[Path]:
        return sorted(path for path in tmp_path.rglob("*") if "repository" not in path.parts)

    before = there()
    for target in ("file/site", "notes", "mark"):
        with pytest.raises(UsageError, match="name a"):
            export(site, tmp_path / target, commits[:1])
    with pytest.raises(InfrastructureError, match="site/below cannot be written"):
        export(site, tmp_path / "file" / "site" / "below", commits[:1])
    assert there() == before


def test_where_a_page_fails_the_earlier_report_stays(site: Site, commits: tuple[str, ...], tmp_path: Path) -> None:
    export(site, tmp_path / "site", commits[:1])
    before = {path: path.read_bytes() for path in (tmp_path / "site").rglob("*.html")}

    def fail(_view: View) -> str:
        raise InfrastructureError("the database is away")

    broken = Site(site.opened, (*PAGES, Page("broken", "broken", fail, lambda _view, _scope: ({},))))
    with pytest.raises(InfrastructureError, match="away"):
        export(broken, tmp_path / "site", commits[1:])
    assert {path: path.read_bytes() for path in (tmp_path / "site").rglob("*.html")} == before
    assert not list(tmp_path.glob(".site*"))


def test_no_name_leads_out_of_the_folder(site: Site, commits: tuple[str, ...], tmp_path: Path) -> None:
    names = ({"name": name} for name in ("../../out", "..", "a/b", "fine"))
    hostile = Page("unit", "unit/{name}", lambda _view, name: f"<title>{name}</title>", lambda _view, _scope: names)
    assert export(Site(site.opened, (hostile,)), tmp_path / "deep" / "site", commits[:1]) == 1
    assert [path.name for path in tmp_path.rglob("*.html")] == ["fine.html"]


def test_the_command_writes_the_state_you_are_at(
    commits: tuple[str, ...],
    changed: Pages,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(changed.farm.scratch.root)
    for options, first in (((), commits[0]), (("--commit", "HEAD~1", "--commit", "HEAD"), commits[1])):
        with pytest.raises(SystemExit) as stopped:
            main(("report", "--html", str(tmp_path / "site"), *options))
        assert stopped.value.code == 0
        assert first[:10] in (tmp_path / "site" / "index.html").read_text()
        assert "pages; begin at" in capsys.readouterr().err
