"""Rows for the tests."""

from collections.abc import Iterable
from pathlib import Path

from benchmarks.thirdparty.row import Row

PASSED = Row(
    "classification:resnet18",
    "PASS",
    parameters=11_689_512,
    takes="any",
    sizes=("224x224", "128x192", "97x129"),
    graphs=1,
    nodes=69,
    max_rel_error=6.5e-7,
    sqnr_db=124.0,
    margin=0.99,
    convert_s=1.8,
    replay_s=0.9,
    versions={"torch": "2.13.0", "timm": "1.0.31"},
)
REFUSED = Row(
    "classification:swin_t", "CONVERT_FAILED", "a | b: x <= *y_z*", "CaptureRefused", versions={"torch": "2.13.0"}
)
TRIED = Row("detection:fcos_resnet50_fpn", "MODEL_FAILED", "torchvision::nms", "ModelFailed")


def write_rows(path: Path, rows: Iterable[Row]) -> None:
    """Replace the file by these rows."""
    path.write_text("".join(row.to_line() for row in rows), encoding="utf-8")
