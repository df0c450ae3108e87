"""``farm coordinator`` where it cannot even begin."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.farm.cli.conftest import Said
from tests.farm.conftest import Scratch
from tests.farm.tls import Authority, TlsFront


def test_a_broker_that_is_not_trusted_ends_it_in_one_line(
    tiny: Scratch, farm: Callable[..., Said], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ours, other = Authority(tmp_path / "ours"), Authority(tmp_path / "other")
    with TlsFront(1, ours.server_context()) as front:
        monkeypatch.setenv("FARM_BROKER_URL", f"rediss://:sesame@localhost:{front.port}/0")
        for name, value in {**other.trusted(), **ours.shown()}.items():
            monkeypatch.setenv(name, value)
        said = farm("coordinator", "--no-convert")
    assert said.code == 3
    (line,) = said.err.splitlines()
    assert line.startswith("farm: the certificate of the broker at rediss://:***@localhost:")
    assert "FARM_BROKER_CA" in line


def test_what_is_set_for_tls_without_it_is_a_usage_error(
    tiny: Scratch, farm: Callable[..., Said], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FARM_BROKER_URL", "redis://localhost:1/0")
    monkeypatch.setenv("FARM_BROKER_CA", "/ca.pem")
    said = farm("coordinator", "--no-convert")
    assert said.code == 2
    assert said.err == "farm: FARM_BROKER_CA is set, but redis://localhost:1/0 does without TLS: write rediss://...\n"
