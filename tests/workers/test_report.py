from __future__ import annotations

import signal

from workers.report import signal_name


def test_a_signal_has_its_name_or_its_number() -> None:
    assert signal_name(11) == "SIGSEGV"
    assert signal_name(signal.SIGRTMIN + 1) == f"signal {signal.SIGRTMIN + 1}"
