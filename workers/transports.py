"""How a folder comes to a device, a command runs there, and files come back: here, over ssh, or through adb.

Each is three commands with placeholders: ``{local}`` and ``{remote}`` are paths, ``{unit}`` the host or serial number, and
``{command}`` the vendor's command line with its folder. Every one of them has a time limit.
"""

from __future__ import annotations

import contextlib
import shlex
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from workers.driver import DeviceLost, DeviceTimedOut, DriverError

#: Templates by the name of a transport: to push a folder, to run a command, to pull a folder.
TEMPLATES: Mapping[str, Mapping[str, Sequence[str]]] = {
    "local": {},
    "ssh": {
        "push": ("scp", "-q", "-r", "-o", "BatchMode=yes", "{local}", "{unit}:{remote}"),
        "run": ("ssh", "-o", "BatchMode=yes", "{unit}", "{command}"),
        "pull": ("scp", "-q", "-r", "-o", "BatchMode=yes", "{unit}:{remote}", "{local}"),
    },
    "adb": {
        "push": ("adb", "-s", "{unit}", "push", "{local}", "{remote}"),
        "run": ("adb", "-s", "{unit}", "shell", "{command}"),
        "pull": ("adb", "-s", "{unit}", "pull", "{remote}", "{local}"),
    },
}
#: What may stand in braces in the words of each command.
PLACES: Mapping[str, Sequence[str]] = {
    "push": ("unit", "local", "remote"),
    "run": ("unit", "command"),
    "pull": ("unit", "local", "remote"),
}
#: Seconds to remove a folder: a unit that is lost, or still at work, is not waited for once more.
REMOVE_S = 10.0
#: What ssh itself ends with, whatever the command would have.
_SSH_FAILED = 255
#: What adb says where there is no device to run on; it ends with 1 then, as a command may.
_ADB_LOST = ("error: device", "no devices/emulators found", "error: closed")


@dataclass(frozen=True, slots=True)
class Ended:
    """How a command ended: its exit code (negative: a signal), and the last line of what it said on standard error."""

    code: int
    said: str


@dataclass(frozen=True, slots=True)
class Transport:
    """One way to a unit. ``folder`` is where exchanges lie there, ``time_s`` the limit of each command."""

    name: str
    unit: str
    folder: str
    time_s: float
    templates: Mapping[str, Sequence[str]]

    def place(self, local: Path) -> str:
        """``local`` as a folder on the device, under the same name; returns its path there."""
        remote = self.path(local)
        if self.name != "local":
            self._carry("push", local, remote)
        return remote

    def path(self, local: Path) -> str:
        """Where ``local`` is, or will be, on the device."""
        return str(local) if self.name == "local" else f"{self.folder}/{local.name}"

    def remove(self, remote: str) -> None:
        """Remove a folder from the device, if that is still to be reached: it is scratch, and not worth an outcome."""
        if self.name == "local":
            shutil.rmtree(remote, ignore_errors=True)
            return
        with contextlib.suppress(DriverError):
            replace(self, time_s=min(self.time_s, REMOVE_S)).run(("rm", "-rf"), remote)

    def fetch(self, remote: str, local: Path) -> Path:
        """The device's folder ``remote`` as a folder in ``local``; returns it."""
        if self.name == "local":
            return Path(remote)
        self._carry("pull", local, remote)
        return local / remote.rpartition("/")[2]

    def run(self, command: Sequence[str], remote: str) -> Ended:
        """Run the vendor's command with a folder of the device.

        Raises:
            DeviceLost: the device was not reached.
            DeviceTimedOut: the command took longer than it may; it was killed, as far as it runs here.
        """
        line = [*command, remote]
        if self.name != "local":
            line = self._filled("run", command=shlex.join(line))
        try:
            done = subprocess.run(line, capture_output=True, timeout=self.time_s, stdin=subprocess.DEVNULL, check=False)
        except subprocess.TimeoutExpired:
            raise DeviceTimedOut(f"{command[0]} did not end within {self.time_s:g} s") from None
        except OSError as error:
            raise DeviceLost(f"{line[0]}: {error.strerror}") from error
        said = _last_line(done.stderr)
        if self.name == "ssh" and done.returncode == _SSH_FAILED:
            raise DeviceLost(f"ssh {self.unit}: {said or 'no connection'}")
        if self.name == "adb" and done.returncode and any(sign in said for sign in _ADB_LOST):
            raise DeviceLost(f"adb {self.unit}: {said}")
        return Ended(done.returncode, said)

    def _carry(self, which: str, local: Path, remote: str) -> None:
        target = remote.rpartition("/")[0] if which == "push" else remote
        line = self._filled(which, local=str(local), remote=target)
        try:
            done = subprocess.run(line, capture_output=True, timeout=self.time_s, stdin=subprocess.DEVNULL, check=False)
        except subprocess.TimeoutExpired:
            raise DeviceLost(f"{which} of {local.name}: {line[0]} did not end within {self.time_s:g} s") from None
        except OSError as error:
            raise DeviceLost(f"{line[0]}: {error.strerror}") from error
        if done.returncode:
            said = _last_line(done.stderr) or f"exit code {done.returncode}"
            raise DeviceLost(f"{which} of {local.name} by {line[0]}: {said}")

    def _filled(self, which: str, **values: str) -> list[str]:
        return [part.format(unit=self.unit, **values) for part in self.templates[which]]


def check_command(which: str, words: Sequence[str]) -> None:
    """Raise ``ValueError`` for a command of one's own that has something else in braces than it may."""
    for word in words:
        try:
            word.format(**dict.fromkeys(PLACES[which], ""))
        except (LookupError, ValueError, AttributeError):
            places = ", ".join(PLACES[which])
            raise ValueError(f"{which}: {word!r}: only {places} stand in braces; write other braces twice") from None


def _last_line(data: bytes) -> str:
    lines = data.decode(errors="replace").strip().splitlines()
    return lines[-1][:300] if lines else ""
