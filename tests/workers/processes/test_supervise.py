"""Watching a child process: real children, their ends, their words and what they leave behind."""

import os
import signal
import sys
import time
from pathlib import Path

import pytest

from workers.processes.supervise import LOG_BYTES, Ending, peak_memory_bytes, supervise

ENVIRONMENT = {"PATH": os.environ["PATH"]}


def watch(code: str, *, stdin: bytes = b"", time_s: float = 20.0, last: bytes = b"\0") -> tuple[Ending, bytes]:
    """Run Python ``code``, with ``tell(bytes)`` at hand; ``last`` is what says that all is told."""
    told = bytearray()

    def take(data: bytes) -> bool:
        told.extend(data)
        return last in told

    head = "import os, signal, subprocess, sys, time\ntell = lambda data: os.write(int(sys.argv[1]), data)\n"
    command = [sys.executable, "-c", head + code]
    ending = supervise(command, stdin=stdin, environment=ENVIRONMENT, time_s=time_s, told=take)
    return ending, bytes(told)


def alive(pid: int) -> bool:
    """Whether a process runs (a zombie that nobody waits for does not)."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


def wait_until_gone(pid: int) -> bool:
    deadline = time.monotonic() + 5
    while alive(pid) and time.monotonic() < deadline:
        time.sleep(0.01)
    return not alive(pid)


def test_a_child_gets_its_standard_input_and_is_heard_on_its_descriptor_and_in_the_log() -> None:
    ending, told = watch(
        "tell(sys.stdin.buffer.read()); print('out'); print('err', file=sys.stderr)", stdin=b"x" * 300_000
    )
    assert (ending.code, ending.signal, ending.timed_out) == (0, None, False)
    assert told == b"x" * 300_000
    assert sorted(ending.log.split()) == ["err", "out"]


def test_the_exit_code_is_told() -> None:
    ending, told = watch("sys.exit(7)")
    assert (ending.code, ending.signal, told) == (7, None, b"")


@pytest.mark.parametrize("number", [signal.SIGSEGV, signal.SIGABRT, signal.SIGKILL, signal.SIGTERM])
def test_the_signal_is_told_and_what_was_said_before_it_is_kept(number: signal.Signals) -> None:
    ending, told = watch(f"tell(b'before'); os.kill(os.getpid(), {number})")
    assert (ending.code, ending.signal, ending.timed_out) == (-number, number, False)
    assert told == b"before"


def test_a_child_that_hangs_is_killed_at_the_limit() -> None:
    started = time.monotonic()
    ending, told = watch("tell(b'at work'); time.sleep(60)", time_s=0.6)
    assert 0.5 < time.monotonic() - started < 5
    assert ending.timed_out
    assert ending.signal == signal.SIGKILL
    assert told == b"at work"


def test_a_child_that_ignores_every_signal_and_holds_the_interpreter_is_killed_too() -> None:
    spin = "for n in (15, 2, 1, 14): signal.signal(n, signal.SIG_IGN)\nwhile True: sum(range(10**7))"
    assert watch(spin, time_s=0.6)[0].timed_out


def test_closing_both_ends_is_no_way_around_the_limit() -> None:
    ending, _ = watch("os.close(int(sys.argv[1])); os.close(1); os.close(2); time.sleep(60)", time_s=0.6)
    assert ending.timed_out


def test_what_the_child_started_dies_with_it() -> None:
    ending, told = watch(
        "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)']); tell(b'%d' % child.pid)"
    )
    assert ending.code == 0
    assert wait_until_gone(int(told))


def test_a_grandchild_that_holds_the_pipes_does_not_hold_up_the_parent() -> None:
    started = time.monotonic()
    ending, told = watch("pid = os.fork()\nif pid == 0:\n    time.sleep(60)\nelse:\n    tell(b'%d' % pid); os._exit(3)")
    assert ending.code == 3
    assert time.monotonic() - started < 5
    assert wait_until_gone(int(told))


def test_a_child_that_has_told_all_but_does_not_end_is_not_out_of_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("workers.processes.supervise.GRACE_S", 0.3)
    started = time.monotonic()
    ending, told = watch("tell(b'all\\0'); time.sleep(60)", time_s=30)
    assert time.monotonic() - started < 5
    assert not ending.timed_out
    assert told == b"all\0"


def test_the_log_is_the_beginning_and_the_end_of_what_was_printed() -> None:
    ending, _ = watch("print('first'); print('é' * 100_000); print('last')")
    assert len(ending.log.encode()) <= LOG_BYTES + 50
    assert ending.log.startswith("first\n")
    assert f"\n[... {6 + 200_001 + 5 - LOG_BYTES} bytes left out ...]\n" in ending.log
    assert ending.log.endswith("last\n")


def test_a_child_works_in_an_empty_folder_that_is_gone_afterwards() -> None:
    ending, told = watch("open('core', 'w').close(); tell(os.getcwd().encode() + b' %d' % len(os.listdir()))")
    folder, count = told.decode().split()
    assert ending.code == 0
    assert count == "1"
    assert not Path(folder).exists()


def test_what_a_killed_child_leaves_in_scratch_is_gone_with_it() -> None:
    ending, told = watch(
        "import tempfile; made = tempfile.mkdtemp(); open(made + '/full', 'w').close(); tell(made.encode())\n"
        "time.sleep(60)",
        time_s=0.6,
    )
    assert ending.timed_out
    assert told
    assert not Path(told.decode()).parent.exists()


def test_the_child_has_just_the_environment_that_it_is_given() -> None:
    _, told = watch("tell(' '.join(sorted(os.environ)).encode())")
    assert set(told.decode().split()) - {"LC_CTYPE"} == {"PATH", "TMPDIR"}


def test_the_child_inherits_no_other_descriptor() -> None:
    held = os.open("/dev/null", os.O_RDONLY)
    os.set_inheritable(held, True)
    try:
        _, told = watch("tell(' '.join(os.listdir('/proc/self/fd')).encode() + b' %s' % sys.argv[1].encode())")
    finally:
        os.close(held)
    *open_ones, channel = (int(n) for n in told.decode().split())
    # One more than the standard three and the channel: the one that lists them.
    assert len(set(open_ones) - {0, 1, 2, channel}) == 1


def test_memory_is_measured_of_the_child_and_not_of_its_parent() -> None:
    ballast = bytearray(os.urandom(1)) * (200 << 20)
    idle, _ = watch("time.sleep(0.3)")
    busy, _ = watch("x = bytearray(b'1') * (100 << 20); time.sleep(0.4)")
    assert len(ballast) == 200 << 20
    assert idle.peak_memory_bytes is not None
    assert busy.peak_memory_bytes is not None
    assert idle.peak_memory_bytes < 60 << 20
    assert busy.peak_memory_bytes > 100 << 20


def test_an_exception_in_the_parent_kills_the_child() -> None:
    pids = []

    def interrupted(data: bytes) -> bool:
        pids.append(int(data))
        raise KeyboardInterrupt

    code = "import os, sys, time; os.write(int(sys.argv[1]), b'%d' % os.getpid()); time.sleep(60)"
    with pytest.raises(KeyboardInterrupt):
        supervise([sys.executable, "-c", code], stdin=b"", environment=ENVIRONMENT, time_s=30, told=interrupted)
    assert wait_until_gone(pids[0])


def test_no_descriptor_is_left_open() -> None:
    watch("pass")
    before = len(os.listdir("/proc/self/fd"))
    for _ in range(3):
        watch("tell(b'x')")
    assert len(os.listdir("/proc/self/fd")) == before


def test_peak_memory_of_a_process_that_is_gone_is_not_known() -> None:
    assert peak_memory_bytes(2**22 + 1) is None
    assert (peak_memory_bytes() or 0) > 1 << 20
