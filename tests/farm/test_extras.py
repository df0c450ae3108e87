"""What to type for an extra, by how the package was installed."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError
from types import SimpleNamespace

import pytest

from farm import extras
from farm.extras import bring

PLAIN = "pip install -c constraints.txt '.[onnx]' in a clone of the farm"
EDITABLE = "pip install -c constraints.txt --editable '.[onnx]' in a clone of the farm"


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ('{"dir_info": {"editable": true}, "url": "file:///home/ada/farm"}', EDITABLE),
        ('{"dir_info": {}, "url": "file:///home/ada/farm"}', PLAIN),
        ('{"archive_info": {}, "url": "file:///tmp/device_farm.whl"}', PLAIN),
        (None, PLAIN),
    ],
)
def test_a_clone_whose_code_runs_goes_on_doing_so(
    monkeypatch: pytest.MonkeyPatch, written: str | None, said: str
) -> None:
    monkeypatch.setattr(extras, "distribution", lambda name: SimpleNamespace(read_text=lambda file: written))
    assert bring("onnx") == said


def test_a_folder_on_the_path_was_not_installed_at_all(monkeypatch: pytest.MonkeyPatch) -> None:
    def absent(name: str) -> None:
        raise PackageNotFoundError(name)

    monkeypatch.setattr(extras, "distribution", absent)
    assert bring("onnx") == PLAIN
