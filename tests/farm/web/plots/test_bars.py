from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from farm.web.plots import Bar, bar_plot
from tests.farm.web.plots.drawn import SVG, figures, of_class, parsed, said, texts


@given(st.lists(st.builds(Bar, texts, figures, texts, st.booleans()), max_size=6), texts, st.none() | figures)
def test_whatever_it_is_given_it_draws(bars: list[Bar], title: str, limit: float | None) -> None:
    root = parsed(bar_plot(bars, title=title, limit=limit))
    assert len(of_class(root, "bar")) + len(of_class(root, "marked")) == len(bars)
    assert len(of_class(root, "limit")) == (limit is not None)


def test_a_larger_error_has_a_longer_bar_and_each_its_name_and_figure() -> None:
    root = parsed(bar_plot([Bar("layer1.conv", 1e-6), Bar("layer2.conv", 0.25, marked=True)], title="error"))
    (good,), (bad,) = of_class(root, "bar"), of_class(root, "marked")
    assert float(good.attrib["width"]) < float(bad.attrib["width"])
    assert float(good.attrib["y"]) < float(bad.attrib["y"])
    assert {"layer1.conv", "1e-06", "layer2.conv", "0.25 ◂"} <= set(said(root))
    assert root.attrib["aria-label"] == "error: layer1.conv 1e-06; layer2.conv 0.25 (marked)"


def test_the_limit_stands_between_what_is_good_and_bad() -> None:
    root = parsed(bar_plot([Bar("a", 1e-6), Bar("b", 1e-1)], title="t", limit=1e-3))
    (limit,) = of_class(root, "limit")
    ends = [float(i.attrib["x"]) + float(i.attrib["width"]) for i in of_class(root, "bar")]
    assert ends[0] < float(limit.attrib["x1"]) < ends[1]
    assert root.attrib["aria-label"].endswith("; limit 0.001")


def test_a_long_path_is_shortened_and_whole_where_one_points_at_it() -> None:
    path = "backbone." + ".".join(f"layer{n}" for n in range(40)) + ".conv1"
    root = parsed(bar_plot([Bar(path, 1.0, f"note on {path}")], title="t"))
    (shown,) = [text for text in said(root) if "…" in text]
    assert (shown[:9], shown[-6:]) == ("backbone.", ".conv1")
    assert [item.text for item in root.iter(f"{SVG}title")] == [path, f"note on {path}"]


def test_labels_are_text_and_not_markup() -> None:
    svg = bar_plot([Bar("<script>alert(1)</script>", 1.0)], title="</svg><script>")
    assert "<script" not in svg
    assert "<script>alert(1)</script>" in said(parsed(svg))
