"""Writing a capsule: with its bundle from the artifact store, as a folder or as one file."""

from __future__ import annotations

import os
import secrets
import shutil
import tarfile
import tempfile
from pathlib import Path

from farm.errors import GoneError, InfrastructureError, UsageError
from farm.repro.records import Recorded
from farm.settings import Settings
from mcore.platform.format import verified_files
from workers.artifacts import ArtifactError, ArtifactMissing, hold_bundle, open_store
from workers.capsule import write_capsule

#: Ends of names by which one file is asked for, and how tarfile writes it.
ARCHIVES = {".tar": "w", ".tar.gz": "w:gz", ".tgz": "w:gz"}


def write_recorded(recorded: Recorded, settings: Settings, target: Path) -> None:
    """Write the capsule to ``target``, which must not be there: a folder, or a file where the name ends so.

    Raises:
        UsageError: ``target`` is there already, or the URL of the store is none.
        GoneError: the artifacts of the bundle are not in the store any more.
        InfrastructureError: the store or the disk cannot be used.
    """
    if os.path.lexists(target):
        raise UsageError(f"--output {target} is there already: name another place, or remove it")
    mode = next((mode for end, mode in ARCHIVES.items() if target.name.endswith(end)), None)
    try:
        if mode is None:
            _write_folder(recorded, settings, target)
            return
        target.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=target.parent, prefix=f".{target.name}.") as temporary:
            name = target.name[: -len(next(end for end in ARCHIVES if target.name.endswith(end)))] or "capsule"
            _write_folder(recorded, settings, Path(temporary) / name)
            _pack(Path(temporary) / name, target, mode)
    except OSError as error:
        raise InfrastructureError(f"{target} cannot be written: {error.strerror or error}") from error


def _write_folder(recorded: Recorded, settings: Settings, folder: Path) -> None:
    try:
        store = open_store(settings.store_url)
    except ValueError as error:
        raise UsageError(f"FARM_STORE_URL: {error}") from None
    try:
        with hold_bundle(store, recorded.manifest, settings.cache, limit_bytes=settings.cache_limit_bytes) as bundle:
            write_capsule(folder, recorded.capsule, verified_files(bundle))
    except ArtifactMissing as error:
        raise GoneError(
            f"the bundle of attempt {recorded.capsule.attempt} is not in the artifact store any more ({error}); "
            f"`farm submit --name {recorded.architecture} --commit {recorded.commit[:10]} --reconvert` makes it again"
        ) from error
    except ArtifactError as error:
        raise InfrastructureError(str(error)) from error


def _pack(folder: Path, target: Path, mode: str) -> None:
    """Pack a folder into a file that appears whole; the same capsule makes the same ``.tar``."""
    part = target.with_name(f".{target.name}.{secrets.token_hex(8)}.part")
    try:
        with tarfile.open(part, mode) as archive:  # type: ignore[call-overload]
            archive.add(folder, folder.name, filter=_plain)
        os.link(part, target)
    except FileExistsError:
        raise UsageError(f"--output {target} was made by someone else at the same moment") from None
    finally:
        part.unlink(missing_ok=True)
        shutil.rmtree(folder, ignore_errors=True)


def _plain(entry: tarfile.TarInfo) -> tarfile.TarInfo:
    entry.uid = entry.gid = 0
    entry.uname = entry.gname = ""
    entry.mtime = 0
    return entry
