"""Files that strings name."""

import pytest

from farm.source.datafiles import DataFiles

MODULE = "models/networks/net.py"
FILES = DataFiles(
    [
        MODULE,
        "models/networks/table.json",
        "models/networks/configs/a.yaml",
        "models/networks/configs/b.yaml",
        "models/configs/a.yaml",
        "models/labels.txt",
        "configs/root.yaml",
        "labels.txt",
        "models/networks/other.py",
        "README",
    ]
)

CONFIGS = {
    "models/networks/configs/a.yaml",
    "models/networks/configs/b.yaml",
    "models/configs/a.yaml",
    "configs/root.yaml",
}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("table.json", "models/networks/table.json"),
        ("configs/a.yaml", "models/networks/configs/a.yaml"),
        ("./configs/a.yaml", "models/networks/configs/a.yaml"),
        ("../configs/a.yaml", "models/configs/a.yaml"),
        ("models/configs/a.yaml", "models/configs/a.yaml"),
        ("configs/root.yaml", "configs/root.yaml"),
        ("labels.txt", "models/labels.txt"),
        ("../../labels.txt", "labels.txt"),
        ("README", "README"),
        ("other.py", "models/networks/other.py"),
        ("gone.txt", None),
        ("configs", None),
        ("", None),
        (".", None),
        ("a\nb", None),
        ("x" * 500, None),
        ("/etc/passwd", None),
        ("../../../outside", None),
        ("__init__.py", None),
    ],
)
def test_named(text, expected):
    assert FILES.named(text, MODULE) == expected


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("configs/*.yaml", CONFIGS),
        ("*/configs/*.yaml", CONFIGS),
        ("models/networks/*.json", {"models/networks/table.json"}),
        ("*/labels.*", {"labels.txt", "models/labels.txt"}),
        ("*.json", {"models/networks/table.json"}),
        ("*.py", set()),
        ("*", set()),
        ("*/*", set()),
        ("*.*", set()),
        ("*x*", set()),
        ("*_*.*", set()),
        ("gone/*.txt", set()),
    ],
)
def test_matching(pattern, expected):
    assert set(FILES.matching(pattern, MODULE)) == expected


def test_signs_in_a_pattern_are_meant_literally():
    files = DataFiles(["models/a+b.txt", "models/aab.txt"])
    assert files.matching("a+*.txt", "models/x.py") == ("models/a+b.txt",)
