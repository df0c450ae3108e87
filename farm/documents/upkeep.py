"""Documents of what is kept: artifacts and checkpoints."""

from __future__ import annotations

from typing import Annotated, Literal

from farm.documents.base import Document, Part, Time, about
from mcore.checkpoints.record import Checkpoint, Metadata

Dry = Annotated[bool, about("Nothing was changed: it says what would be.")]


class Artifacts(Part):
    """Artifacts of the store."""

    artifacts: int
    bytes: int


class Files(Part):
    """Files of the store."""

    files: int
    bytes: int


class Entries(Part):
    """Bundles of this machine's cache."""

    entries: int
    bytes: int


class Folders(Part):
    """Folders that conversions left."""

    folders: int
    bytes: int


class Gc(Document, tag="farm-gc/1"):
    """Artifacts that nobody needs any more."""

    commands = ("farm gc",)
    dry_run: Dry
    store: Annotated[str, about("URL of the store.")]
    bytes_freed: Annotated[int, about("In all.")]
    bundles: Annotated[list[str], about("Identities of bundles that are not needed.")]
    removed: Annotated[Artifacts, about("That went.")]
    leftovers: Annotated[Files, about("Unfinished writes and old damage.")]
    young: Annotated[Artifacts, about("Not needed, but too young to go.")]
    kept: Annotated[Artifacts, about("Needed.")]
    missing: Annotated[list[str], about("Needed, and not in the store.")]
    cache: Entries
    conversions: Folders


class ListedCheckpoint(Part):
    """One checkpoint."""

    id: str
    kind: Literal["network", "backbone"]
    network: Annotated[str, about("Name of the network or backbone.")]
    task: Annotated[str, about("Or empty.")]
    created: Time
    parts: Annotated[list[str], about("That it has weights of.")]
    tensors: Annotated[int, about("Their number.")]
    size_bytes: int
    resumable: Annotated[bool, about("Training can go on from it.")]
    metadata: Metadata


class Checkpoints(Document, tag="farm-checkpoints/1"):
    """Checkpoints that were asked for."""

    commands = ("farm checkpoints list", "farm checkpoints search")
    checkpoints: list[ListedCheckpoint]


class OneCheckpoint(Document, tag="farm-checkpoint/1"):
    """All that is known of one checkpoint."""

    commands = ("farm checkpoints show",)
    file: Annotated[str, about("Its metadata file.")]
    checkpoint: Annotated[Checkpoint, about("What the file holds.")]


class Verified(Part):
    """A checkpoint whose files were read."""

    id: str
    problems: Annotated[list[str], about("Empty where it is as it was stored.")]


class CheckpointsVerify(Document, tag="farm-checkpoints-verify/1"):
    """Checkpoints held against what was stored."""

    commands = ("farm checkpoints verify",)
    checked: int
    damaged: int
    checkpoints: list[Verified]


class ImportedFile(Part):
    """What became of one file."""

    file: Annotated[str, about("Its path.")]
    kind: Annotated[str, about("network or backbone.")]
    network: str
    task: str
    layout: Annotated[str, about("Of the names that it came with.")]
    parts: Annotated[list[str], about("That it has weights of.")]
    tensors: int
    size_bytes: int
    checkpoint: Annotated[str, about("Id of the checkpoint that it is, or empty.")]
    present: Annotated[bool, about("It was imported before.")]
    problem: Annotated[str, about("Why it cannot be imported, or empty.")]


class CheckpointsImport(Document, tag="farm-checkpoints-import/1"):
    """Weights that exist elsewhere, imported."""

    commands = ("farm checkpoints import",)
    dry_run: Dry
    failed: Annotated[int, about("Files that were refused.")]
    files: list[ImportedFile]


class CheckpointsExport(Document, tag="farm-checkpoints-export/1"):
    """The weights of a checkpoint in one file."""

    commands = ("farm checkpoints export",)
    checkpoint: Annotated[str, about("Its id.")]
    file: Annotated[str, about("That was written.")]
    tensors: int
    size_bytes: int


class CheckpointsGc(Document, tag="farm-checkpoints-gc/1"):
    """Files that no checkpoint needs."""

    commands = ("farm checkpoints gc",)
    dry_run: Dry
    removed: Annotated[list[str], about("Files that went.")]
    compacted: Annotated[list[str], about("Files that were written anew without what none needs.")]
    bytes_freed: int


class CheckpointsReindex(Document, tag="farm-checkpoints-reindex/1"):
    """The index made anew from the files, or files from it."""

    commands = ("farm checkpoints reindex",)
    entered: Annotated[list[str], about("Ids that are new in the index.")]
    dropped: Annotated[list[str], about("Ids that went from it.")]
    restored: Annotated[list[str], about("Ids whose files were written.")]
    same: Annotated[int, about("As they were.")]
    damaged: Annotated[list[str], about("Files that cannot be read, and why.")]
