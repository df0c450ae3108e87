"""What the gate's reports link to is there."""

from __future__ import annotations

from urllib.parse import urlsplit

from farm.gating.links import PageLinks
from farm.gating.reading import read_gate
from tests.farm.tinyfarm import BLOCK
from tests.farm.web.conftest import Pages


def test_every_link_of_a_report_leads_to_its_page(pages: Pages) -> None:
    farm, links = pages.farm, PageLinks("https://farm.example.org/")
    base = farm.scratch.git("rev-parse", "HEAD")
    farm.edit(BLOCK, "channels: int = 8", "channels: int = 9")
    commit = farm.scratch.commit({}, "Widen the block")
    farm.submit(base)
    with farm.database.read() as session:
        made = read_gate(session, farm.inventory, commit, base)
    for found, names in (
        (links.of_gate(made), ("tiny",)),
        (links.of_commit(commit), ("tiny", "wide")),
        (links.of_row(made.judged[0].row, commit), (made.judged[0].row.name,)),
    ):
        assert found is not None
        place = urlsplit(found)
        text = pages.html(f"{place.path}?{place.query}")
        assert all(name in text for name in names)
