from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from farm.web.plots import Column, column_plot
from tests.farm.web.plots.drawn import SVG, of_class, parsed, texts

counts = st.integers(0, 10**9)


@given(st.lists(st.builds(Column, texts, counts, counts), max_size=40), texts)
def test_whatever_it_is_given_it_draws(columns: list[Column], title: str) -> None:
    parsed(column_plot(columns, title=title, solid="good", outlined="lost"))


def test_the_two_parts_stand_on_each_other_and_are_counted() -> None:
    columns = [Column("1 May", 6, 2), Column("2 May", 0), Column("3 May", 0, 4)]
    root = parsed(column_plot(columns, title="a day", solid="sound", outlined="lost"))
    (solid,), (above, alone) = of_class(root, "solid"), of_class(root, "outlined")
    assert float(above.attrib["y"]) + float(above.attrib["height"]) == float(solid.attrib["y"])
    assert float(solid.attrib["height"]) == 3 * float(above.attrib["height"])
    assert float(alone.attrib["height"]) == 2 * float(above.attrib["height"])
    assert (solid.attrib["fill-opacity"], above.attrib["fill-opacity"]) == ("0.6", "0")
    assert solid.findtext(f"{SVG}title") == "1 May: 6 sound, 2 lost"
    assert root.attrib["aria-label"] == "a day: 1 May: 6 sound, 2 lost; 3 May: 0 sound, 4 lost"


def test_of_no_days_it_says_so() -> None:
    assert parsed(column_plot([], title="a day", solid="a", outlined="b")).attrib["aria-label"] == "a day: none"
