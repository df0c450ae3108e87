"""``farm web`` as a process: it says where it is, answers, and ends when it is told to."""

from __future__ import annotations

import re
import signal
import socket
import subprocess
import sys
import threading
from dataclasses import replace
from pathlib import Path
from urllib.request import urlopen

import pytest

from farm.errors import InfrastructureError, UsageError
from farm.web.serve import serve
from tests.farm.tinyfarm import TinyFarm
from tests.farm.web.conftest import Pages, settings_of

ROOT = Path(__file__).parents[3]


def test_it_answers_until_it_is_told_to_end(pages: Pages) -> None:
    code = f"import sys; sys.path.insert(0, {str(ROOT)!r}); from farm.cli import main; main(['web', '--port', '0'])"
    folder = pages.farm.scratch.root
    with subprocess.Popen([sys.executable, "-c", code], cwd=folder, stderr=subprocess.PIPE, text=True) as process:
        try:
            assert process.stderr is not None
            said = process.stderr.readline()
            found = re.search(r"http://127\.0\.0\.1:\d+/", said)
            assert found, said
            with urlopen(found[0], timeout=60) as answered:
                assert answered.status == 200
                assert answered.headers.get("server") is None
                assert b"Support table" in answered.read()
            process.send_signal(signal.SIGTERM)
            assert process.wait(60) == 0
            assert process.stderr.read() == ""
        finally:
            process.kill()


def test_what_is_wrong_is_said_before_it_answers(tiny: TinyFarm) -> None:
    settings = settings_of(tiny.scratch.root)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(InfrastructureError, match=rf"cannot listen at 127.0.0.1:{port}: "):
            serve(settings, "127.0.0.1", port, threading.Event(), print)
    with pytest.raises(InfrastructureError, match=r"cannot listen at nowhere\.invalid:1: "):
        serve(settings, "nowhere.invalid", 1, threading.Event(), print)
    (tiny.scratch.root / "inventory.yaml").write_text("version: 2\n")
    with pytest.raises((InfrastructureError, UsageError), match=r"inventory\.yaml"):
        serve(settings, "127.0.0.1", 0, threading.Event(), print)


def test_an_open_address_without_a_token_is_pointed_out(tiny: TinyFarm) -> None:
    stopped = threading.Event()
    stopped.set()
    for host, token, lines in (("127.0.0.1", None, 1), ("0.0.0.0", None, 2), ("0.0.0.0", "x", 1)):
        said: list[str] = []

        serve(replace(settings_of(tiny.scratch.root), pages_token=token), host, 0, stopped, said.append)
        assert len(said) == lines
        assert ("FARM_PAGES_TOKEN is not set" in said[-1]) == (lines == 2)
