import os
import signal
import subprocess
import sys
import threading
import time

import pytest

from workers.artifacts.held import alone, held

HOLDER = (
    "import sys, time\n"
    "from pathlib import Path\n"
    "from workers.artifacts.held import held\n"
    "with held(Path(sys.argv[1])):\n"
    "    print('holds', flush=True)\n"
    "    time.sleep(60)\n"
)


@pytest.fixture(params=["file", "folder"])
def entry(request, tmp_path):
    path = tmp_path / "entry"
    path.mkdir() if request.param == "folder" else path.touch()
    return path


def test_several_hold_and_nobody_has_it_alone(entry):
    with held(entry), held(entry), alone(entry, wait=False) as descriptor:
        assert descriptor is None
    with alone(entry, wait=False) as descriptor:
        assert descriptor is not None
        with alone(entry, wait=False) as second:
            assert second is None


def test_a_killed_process_holds_nothing(entry):
    command = [sys.executable, "-c", HOLDER, str(entry)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, env={**os.environ, "PYTHONPATH": "."})
    process.stdout.readline()
    with alone(entry, wait=False) as descriptor:
        assert descriptor is None
    process.send_signal(signal.SIGKILL)
    process.wait()
    process.stdout.close()
    with alone(entry, wait=False) as descriptor:
        assert descriptor is not None


def test_who_waits_gets_what_the_name_leads_to_then(tmp_path):
    path = tmp_path / "entry"
    path.write_text("old")
    found = []

    def wait():
        with held(path) as descriptor:
            found.append(os.read(descriptor, 10))

    with alone(path, wait=True):
        waiting = threading.Thread(target=wait)
        waiting.start()
        time.sleep(0.1)
        path.rename(tmp_path / "aside")
        path.write_text("new")
    waiting.join(10)
    assert found == [b"new"]


def test_who_waits_for_what_is_then_gone_is_told(tmp_path):
    path = tmp_path / "entry"
    path.touch()
    errors = []

    def wait():
        try:
            with held(path):
                pass
        except FileNotFoundError as error:
            errors.append(error)

    with alone(path, wait=True):
        waiting = threading.Thread(target=wait)
        waiting.start()
        time.sleep(0.1)
        path.unlink()
    waiting.join(10)
    assert len(errors) == 1


def test_neither_nothing_nor_a_link_can_be_held(tmp_path):
    with pytest.raises(FileNotFoundError), held(tmp_path / "none"):
        pass
    (tmp_path / "link").symlink_to(tmp_path)
    with pytest.raises(OSError, match="symbolic link"), held(tmp_path / "link"):
        pass


def test_no_descriptor_is_left_open(entry):
    before = len(os.listdir("/proc/self/fd"))
    for _ in range(5):
        with held(entry), alone(entry, wait=False):
            pass
    assert len(os.listdir("/proc/self/fd")) == before
