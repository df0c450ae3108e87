"""What is known of a checkpoint: the JSON document that lies beside its weights, validated whenever it is read.

:class:`Metadata` is what is said, or measured, of the weights; :class:`Checkpoint` is that with what the store itself knows:
where it lies, and every tensor by name with the hash of its content.
"""

from __future__ import annotations

import math
import re
from datetime import datetime
from typing import Annotated, Any, Literal

import msgspec

from mcore.checkpoints.errors import CheckpointError, DamagedError

#: Names of networks, tasks, tags, parts and metrics: they are folders, and words of the filter language.
NAME = r"^[A-Za-z0-9_][A-Za-z0-9_.+=-]*$"
Name = Annotated[str, msgspec.Meta(pattern=NAME, max_length=128)]
Word = Annotated[str, msgspec.Meta(min_length=1, max_length=256)]
Text = Annotated[str, msgspec.Meta(max_length=4096)]
Hash = Annotated[str, msgspec.Meta(pattern="^[0-9a-f]{64}$")]
Kind = Literal["network", "backbone"]


class _Struct(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Base: nothing that is not known is accepted."""


class Code(_Struct, frozen=True):
    """The repository that the weights were trained from: commit, and whether it had changes that no commit holds."""

    commit: str
    dirty: bool


class Output(_Struct, frozen=True):
    """One output of the head: its channels (of a classifier, its classes) and its size by that of the input.

    ``ratio`` is ``1`` for one value an image, else such as ``H x W`` or ``H/8 x W/8``.
    """

    name: str
    channels: int
    ratio: str


class Group(_Struct, frozen=True):
    """A parameter group of the optimiser: the names of its ``parameters``, or the modules that it has all parameters of."""

    lr: float
    weight_decay: float = 0.0
    parameters: tuple[str, ...] = ()
    elements: int = 0
    options: dict[str, Any] = {}


class Optimiser(_Struct, frozen=True):
    """By the name of its class."""

    name: str
    groups: tuple[Group, ...] = ()


class Timing(_Struct, frozen=True):
    """Median times in milliseconds, and the most memory in bytes, of one batch; ``device`` is where they were measured.

    ``memory_of`` says what the memory is of: ``cuda`` what torch took on the device, ``process`` the whole process.
    """

    device: str
    batch_size: int
    resolution: tuple[int, ...]
    forward_ms: float | None = None
    forward_backward_ms: float | None = None
    memory_bytes: int | None = None
    memory_of: Literal["cuda", "process"] | None = None


class Normalisation(_Struct, frozen=True):
    """The input is ``(image - mean) / std``, by channel, of an image of values from 0 to ``peak``."""

    mean: tuple[float, ...]
    std: tuple[float, ...]
    peak: float = 1.0


class Metadata(_Struct, frozen=True):
    """What is said of weights (requirement C4).

    Args:
        constructor: ``{"target", "parameters"}`` that builds the model (see :mod:`mcore.platform.eager.constructor`).
        variant: the parameters of it that are not the default ones; ``None`` where that is not known.
        code: repository version.
        parts_of: names of the parts that the network is made of, by role.
        metrics: by name; ``metrics_of`` says of which split, if that matters.
        loss: function that was minimised.
        resolution: ``(H, W)``, ``(L,)`` or ``(D, H, W)`` of the training images.
        channels: meaning of the input channels, in groups: ``("RGB",)``, ``("RGB", "mask")``.
        in_channels: their number.
        outputs: of the head.
        optimiser: with its groups; the rates are those at the time of saving.
        max_lr: the largest starting rate that does not spoil the weights, from a range test.
        batch_size: in training.
        timing: measured.
        dataset: trained on.
        precision: ``fp32``, ``fp16 mixed``, ``bf16`` ...
        epoch, step: when it was saved.
        classes: names of the classes, in the order of the channels.
        anchors: of a detector, by level, each ``(width, height)`` in pixels.
        mean_object_size: ``(height, width)`` in pixels.
        normalisation: of the input.
        tags: words to find it by.
        run: of the training that saved it.
        parent: the checkpoint that training began from.
        source: where weights that were imported come from.
        notes: anything else, as JSON.
    """

    constructor: dict[str, Any] | None = None
    variant: dict[str, Any] | None = None
    code: Code | None = None
    parts_of: dict[Name, str] = {}
    metrics: dict[Name, float] = {}
    metrics_of: Text = ""
    loss: Text = ""
    resolution: Annotated[tuple[int, ...], msgspec.Meta(max_length=3)] = ()
    channels: tuple[Word, ...] = ()
    in_channels: int | None = None
    outputs: tuple[Output, ...] = ()
    optimiser: Optimiser | None = None
    max_lr: float | None = None
    batch_size: int | None = None
    timing: Timing | None = None
    dataset: Text = ""
    precision: Text = ""
    epoch: int | None = None
    step: int | None = None
    classes: tuple[Word, ...] = ()
    anchors: tuple[tuple[tuple[float, float], ...], ...] = ()
    mean_object_size: tuple[float, float] | None = None
    normalisation: Normalisation | None = None
    tags: tuple[Name, ...] = ()
    run: Text = ""
    parent: str = ""
    source: Text = ""
    notes: dict[str, Any] = {}


class StoredTensor(_Struct, frozen=True):
    """A tensor of a checkpoint: ``sha256`` is of its element type, shape and bytes; ``key`` names it in the file ``pack``.

    ``pack`` is a path below the store's root: the checkpoint's own weights, or those of one that had the same tensor before.
    """

    name: Annotated[str, msgspec.Meta(min_length=1, max_length=512)]
    part: Name
    dtype: str
    shape: tuple[int, ...]
    sha256: Hash
    pack: str
    key: str


class Checkpoint(_Struct, frozen=True, kw_only=True):
    """One checkpoint, as its metadata file has it."""

    schema: Literal["checkpoint/1"] = "checkpoint/1"
    id: Name
    kind: Kind
    network: Name
    task: Annotated[str, msgspec.Meta(pattern=r"^([A-Za-z0-9_][A-Za-z0-9_.+=-]*)?$", max_length=128)] = ""
    created: datetime
    metadata: Metadata
    tensors: tuple[StoredTensor, ...]
    state: Hash | None = None

    @property
    def parts(self) -> tuple[str, ...]:
        """The parts that it holds tensors of, such as ``backbone`` and ``head``; ``network`` for what is no part's."""
        return tuple(dict.fromkeys(tensor.part for tensor in self.tensors))

    @property
    def size_bytes(self) -> int:
        """Of the tensors, whether other checkpoints share them or not."""
        return sum(tensor_bytes(tensor) for tensor in self.tensors)


_BITS = re.compile(r"(\d+)$")


def tensor_bytes(tensor: StoredTensor) -> int:
    """What the tensor takes in memory."""
    bits = _BITS.search(tensor.dtype)
    elements = 1
    for size in tensor.shape:
        elements *= size
    return elements * (int(bits[1]) // 8 if bits else 1)


def settled(metadata: Metadata) -> Metadata:
    """``metadata`` as it will be read back; raises :class:`CheckpointError` for what no metadata file may hold."""
    try:
        return msgspec.convert(_plain(msgspec.to_builtins(metadata), "metadata"), Metadata)
    except (msgspec.MsgspecError, TypeError, RecursionError) as error:
        raise CheckpointError(f"metadata: {error}") from None


def encode(checkpoint: Checkpoint) -> bytes:
    """The metadata file's content; ``checkpoint.metadata`` is settled."""
    return msgspec.json.format(msgspec.json.encode(checkpoint), indent=1) + b"\n"


def check(data: bytes) -> None:
    """Raise :class:`CheckpointError` for a metadata file that would not be read back: such a one is not written."""
    try:
        decode(data, "metadata")
    except DamagedError as error:
        raise CheckpointError(str(error)) from None


def decode(data: bytes, where: str) -> Checkpoint:
    """Read a metadata file; raises :class:`DamagedError` with the place in it that is wrong."""
    try:
        return msgspec.json.decode(data, type=Checkpoint)
    except (msgspec.MsgspecError, RecursionError) as error:
        raise DamagedError(f"{where}: {error}") from None


def _plain(value: Any, where: str) -> Any:
    """Plain JSON of ``value``: lists for tuples, and no number that JSON does not have."""
    if isinstance(value, dict):
        return {key: _plain(item, f"{where}.{key}") for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item, f"{where}[{i}]") for i, item in enumerate(value)]
    if isinstance(value, float) and not math.isfinite(value):
        raise CheckpointError(f"{where} is {value}: leave out a number that is not finite")
    return value
