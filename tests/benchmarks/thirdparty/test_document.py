"""The document: generated from rows, and the one that is published from the rows that are."""

from dataclasses import replace

import pytest

from benchmarks.thirdparty.document import BEGIN, DOCUMENT, END, RESULTS, rendered, write_document
from benchmarks.thirdparty.row import read_rows
from tests.benchmarks.thirdparty.rows import PASSED, REFUSED, TRIED

SEVERAL = replace(PASSED, architecture="classification:swin_s", graphs=3, guards=7)
EACH = replace(PASSED, architecture="classification:swin_b", graphs=3, fallback="a leak")
ROWS = {row.architecture: row for row in (PASSED, REFUSED, TRIED)}


def test_totals_stand_beside_the_goals():
    text = rendered(ROWS)
    assert "| torchvision classification | 2 of 76 | 1 | 50.0% | 95% |" in text
    assert "| torchvision detection (tried, no goal) | 1 of 12 | 0 | 0.0% | – |" in text
    assert "timm 1.0.31, torch 2.13.0" in text


def test_it_is_told_how_many_graphs_it_took():
    text = rendered({row.architecture: row for row in (PASSED, SEVERAL, EACH, REFUSED, replace(TRIED, takes="one"))})
    assert "Of the 3 that pass and take several sizes, 1 are one graph for all of them, 1 are several" in text
    assert (
        "and 1 are one graph for each size that was sampled, since they make plain numbers of sizes: `swin_b`." in text
    )
    assert "| 3, one a size | 0 |" in text
    assert "| 3 | 7 |" in text


def test_what_passes_has_its_figures_and_what_does_not_its_reason():
    text = rendered(ROWS)
    assert "| `resnet18` | 11.7 M | any | 224x224, 128x192, 97x129 | 1 | 0 | 69 | 6.5e-07 | 0.99 |" in text
    assert r"- `swin_t`: CONVERT_FAILED – a \| b: x \<= \*y\_z\*" in text
    assert "- `fcos_resnet50_fpn`: MODEL_FAILED – torchvision::nms" in text


def test_the_hand_written_part_stays(tmp_path):
    path = tmp_path / "page.md"
    path.write_text(f"# Title\n\nWords.\n\n{BEGIN}\nold\n{END}\n\nMore words.\n", encoding="utf-8")
    for _ in range(2):
        write_document(ROWS, path)
    text = path.read_text(encoding="utf-8")
    assert text.startswith(f"# Title\n\nWords.\n\n{BEGIN}\n\n| | tried |")
    assert text.endswith(f"{END}\n\nMore words.\n")
    assert "\nold\n" not in text


def test_the_published_document_is_that_of_the_published_rows():
    assert f"{BEGIN}\n\n{rendered(read_rows(RESULTS))}\n\n{END}" in DOCUMENT.read_text(encoding="utf-8")


@pytest.mark.parametrize("architecture", sorted(read_rows(RESULTS)))
def test_a_published_row_is_whole(architecture):
    row = read_rows(RESULTS)[architecture]
    assert bool(row.reason) == (not row.passed)
    if row.passed:
        assert row.margin >= 0
        assert row.graphs >= 1
        assert len(row.sizes) == (1 if row.takes == "one" else 3)
