"""Capsules as folders: written whole or not at all, checked file by file before anything in them is used."""

from __future__ import annotations

import hashlib
import re
import shutil
from collections.abc import Iterable
from pathlib import Path

from mcore.platform.format.atomic import place, staging_folder, write_files
from workers.capsule.contents import Capsule, capsule_from_bytes
from workers.capsule.errors import CapsuleDamaged, CapsuleMissing

CAPSULE, BUNDLE, SCRIPT, SUMS = "capsule.json", "bundle", "replay.py", "SHA256SUMS"
_LINE = re.compile(r"([0-9a-f]{64})  ([A-Za-z0-9_][A-Za-z0-9_./-]*)", re.ASCII)
_MOST_BYTES = 1 << 20

_TEXT = '''\
"""Replay this capsule: ``python replay.py``. It says whether the same comes out, and exits with 0 if it does."""

import sys
from pathlib import Path

try:
    from workers.capsule.command import main
except ModuleNotFoundError as error:
    print(f"this capsule is replayed by device-farm {version}: pip install . in a clone of it ({error})", file=sys.stderr)
    sys.exit(3)

if __name__ == "__main__":
    main([str(Path(__file__).resolve().parent)])
'''


def write_capsule(folder: Path, capsule: Capsule, bundle: Iterable[tuple[str, bytes | memoryview]]) -> None:
    """Write a capsule with the files of its bundle, by their names in it.

    Raises:
        FileExistsError: ``folder`` is there already.
        OSError: the disk cannot be used.
    """
    staging = staging_folder(folder)
    sums: list[str] = []

    def summed(name: str, data: bytes | memoryview) -> tuple[str, bytes | memoryview]:
        sums.append(f"{hashlib.sha256(data).hexdigest()}  {name}\n")
        return name, data

    try:
        script = _TEXT.replace("{version}", capsule.made_by).encode()
        write_files(staging, (summed(f"{BUNDLE}/{name}", data) for name, data in bundle))
        write_files(staging, [summed(CAPSULE, capsule.to_bytes()), summed(SCRIPT, script)])
        write_files(staging, [(SUMS, "".join(sums).encode())])
        place(staging, folder)
    finally:
        shutil.rmtree(staging, ignore_errors=True)


def read_capsule(folder: Path) -> Capsule:
    """The capsule in ``folder``, once every file of it was seen to be what it was.

    Raises:
        CapsuleError: there is none, it is damaged, or of another version.
    """
    if not folder.is_dir():
        raise CapsuleMissing(f"{folder}: no such folder; unpack the capsule first if it is a .tar")
    if not (folder / SUMS).is_file():
        raise CapsuleMissing(f"{folder}: no capsule, it has no {SUMS}")
    listed = _sums(folder / SUMS)
    for name in (CAPSULE, f"{BUNDLE}/manifest.json"):
        if name not in listed:
            raise CapsuleDamaged(f"{folder / SUMS}: {name} is not in it")
    for name, wanted in listed.items():
        try:
            with (folder / name).open("rb") as file:
                found = hashlib.file_digest(file, "sha256").hexdigest()
        except OSError as error:
            raise CapsuleDamaged(f"{folder / name}: {error.strerror}") from None
        if found != wanted:
            raise CapsuleDamaged(f"{folder / name}: it was changed since the capsule was made (sha256 {found[:16]}...)")
    return capsule_from_bytes((folder / CAPSULE).read_bytes(), str(folder / CAPSULE))


def _sums(path: Path) -> dict[str, str]:
    data = path.read_bytes()[: _MOST_BYTES + 1]
    try:
        lines = data.decode("ascii").splitlines()
    except UnicodeDecodeError:
        lines = [""]
    found = [_LINE.fullmatch(line) for line in lines]
    listed = {match[2]: match[1] for match in found if match and ".." not in match[2].split("/")}
    if len(listed) != len(lines) or len(data) > _MOST_BYTES:
        raise CapsuleDamaged(f"{path}: not a list of checksums as a capsule has it")
    return listed
