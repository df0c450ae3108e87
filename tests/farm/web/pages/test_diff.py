"""What became better and worse, as a page."""

from __future__ import annotations

from tests.farm.web.conftest import Pages
from tests.farm.web.validity import parse


def changes(text: str) -> list[list[str]]:
    """The rows of all tables, each after the heading that it stands below."""
    page = parse(text)
    found, heading = [], ""
    for element in page.iter():
        if element.tag == "h2":
            heading = element.get("id", "")
        if element.tag == "tr" and element.find("th[@scope='row']") is not None:
            found.append([heading, *(" ".join(" ".join(cell.itertext()).split()) for cell in element)])
    return found


def test_what_broke_comes_first_and_says_from_what_to_what(changed: Pages) -> None:
    found = changes(changed.html("/diff", a="HEAD~2", b="HEAD~1"))
    (tiny,) = [row for row in found if row[1:4] == ["tiny", "network", "exact"]]
    assert tiny[0] == "broken"
    assert tiny[4] == "SUPPORTED 0.400"
    assert tiny[5].startswith("FAILED MISMATCH regression ")
    assert {(row[0], row[1]) for row in found} == {("broken", "tiny"), ("broken", "Block")}
    back = changes(changed.html("/diff", a="HEAD~1", b="HEAD"))
    assert {row[0] for row in back} == {"fixed"}
    assert ["fixed", "Block", "block", "numpy", "FAILED MISMATCH", "SUPPORTED 0.400, inherited"] in back


def test_it_can_be_narrowed(changed: Pages) -> None:
    found = changes(changed.html("/diff", a="HEAD~2", b="HEAD~1", kind="block", device="exact"))
    assert [row[1:4] for row in found] == [["Block", "block", "exact"]]


def test_nothing_changed_is_said(changed: Pages) -> None:
    assert "No cell differs." in changed.html("/diff", a="HEAD", b="HEAD~2")


def test_without_a_second_commit_it_is_compared_with_what_is_checked_out(changed: Pages) -> None:
    head, middle, _ = changed.farm.scratch.git("rev-list", "HEAD").split()
    assert changed.html("/diff", a="HEAD~1") == changed.html(f"/diff/{middle}/{head}")
    assert changed.client.get("/diff", params={"a": "HEAD", "slower_by": "1"}).status_code == 422


def test_two_commits_are_chosen_in_the_list(changed: Pages) -> None:
    page = parse(changed.html("/commits"))
    chosen = {e.get("name"): e.get("value") for e in page.iter("input") if e.get("checked") is not None}
    head, middle, first = changed.farm.scratch.git("rev-list", "HEAD").split()
    assert chosen == {"a": middle, "b": head}
    assert [row[3] for row in changes(changed.html("/commits"))] == [head[:10], middle[:10], first[:10]]
    assert "&lt;channels&gt; &amp; more" in changed.html("/commits")
    assert [row[3] for row in changes(changed.html("/commits", before=middle))] == [first[:10]]
