"""safetensors files in which every tensor starts at a multiple of 64 bytes.

Alignment is by zero-filled ``__pad__.<n>`` entries (uint8) between the tensors and spaces behind the header, so every reader of
the format reads these files (https://github.com/huggingface/safetensors, "Format"). Tensors are stored by name. The reader
takes bytes that nobody vouches for, and makes no copy of what is aligned.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from mcore.platform.dtypes import DType
from mcore.platform.errors import FormatError
from mcore.platform.format import canonical, limits
from mcore.platform.format.files import Blocks, joined
from mcore.platform.format.typed import Item, is_name
from mcore.platform.pages import ALIGNMENT, lasting

PAD = "__pad__."
METADATA = "__metadata__"

_CODES = {
    DType.FLOAT64: "F64",
    DType.FLOAT32: "F32",
    DType.FLOAT16: "F16",
    DType.BFLOAT16: "BF16",
    DType.INT64: "I64",
    DType.INT32: "I32",
    DType.INT16: "I16",
    DType.INT8: "I8",
    DType.UINT8: "U8",
    DType.BOOL: "BOOL",
}
_DTYPES = {code: dtype for dtype, code in _CODES.items()}


@dataclass(frozen=True, slots=True)
class TensorFile:
    """What a file holds: tensors by name (read-only, 64-byte aligned) and the texts of its header."""

    tensors: Mapping[str, np.ndarray]
    metadata: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Stored:
    """A tensor as it lies in its file, from byte ``begin`` to ``end``, and in memory: in one part or several."""

    dtype: DType
    shape: tuple[int, ...]
    begin: int
    end: int
    parts: tuple[np.ndarray, ...]

    def array(self) -> np.ndarray:
        """The tensor, read-only and aligned: a view of its memory if it lies in one part, and well."""
        array = joined(self.parts).view(self.dtype.numpy.newbyteorder("<")).reshape(self.shape)
        array.flags.writeable = False
        return array

    def copy(self) -> Stored:
        """The same in memory of its own."""
        memory = lasting((self.end - self.begin,), np.uint8)
        np.concatenate([memory[:0], *self.parts], out=memory)
        return replace(self, parts=(memory,))


@dataclass(frozen=True, slots=True)
class _Entry:
    name: str
    dtype: DType
    shape: tuple[int, ...]
    begin: int
    end: int
    where: str


def tensors_to_bytes(
    tensors: Mapping[str, np.ndarray], metadata: Mapping[str, str] | None = None, *, file: str = "weights.safetensors"
) -> bytes:
    """A whole file; the same tensors make the same bytes. Raises ``FormatError`` for a name or element type without place."""
    return b"".join(tensor_parts(tensors, metadata, file=file))


def tensor_parts(
    tensors: Mapping[str, np.ndarray], metadata: Mapping[str, str] | None = None, *, file: str = "weights.safetensors"
) -> list[bytes | memoryview]:
    """:func:`tensors_to_bytes` in parts, one after the other: most of them are the memory of ``tensors``, not copied."""
    header: dict[str, Any] = {}
    parts: list[bytes | memoryview] = []
    position = 0
    for name in sorted(tensors):
        array = _storable(name, tensors[name], file)
        if padding := -position % ALIGNMENT if array.size else 0:
            header[f"{PAD}{len(header)}"] = _header_entry("U8", (padding,), position, padding)
            parts.append(bytes(padding))
            position += padding
        header[name] = _header_entry(_CODES[DType.of(array)], array.shape, position, array.nbytes)
        parts.append(array.reshape(-1).view(np.uint8).data)
        position += array.nbytes
    if metadata:
        header[METADATA] = dict(metadata)
    text = canonical.line(header).encode()
    if len(text) > limits.HEADER_BYTES or len(header) > limits.TENSORS:
        raise FormatError(f"{len(tensors)} tensors are more than a header holds", where=file)
    text += b" " * (-(8 + len(text)) % ALIGNMENT)
    return [len(text).to_bytes(8, "little"), text, *parts]


def tensors_from_bytes(data: bytes | memoryview, *, file: str = "weights.safetensors") -> TensorFile:
    """Read a file whose bytes may be anything.

    Args:
        data: the whole file. Memory that is aligned is not copied; the arrays are views of it.
        file: the name that errors give.

    Raises:
        FormatError: the header is too long, not JSON or says a thing twice; a tensor lies about its size, overlaps another or
            leaves a hole; padding is not zero; a boolean is neither 0 nor 1.
    """
    stored, metadata = tensors_in(Blocks([np.frombuffer(data, np.uint8)]), file=file)
    return TensorFile({name: tensor.array() for name, tensor in stored.items()}, metadata)


def tensors_in(data: Blocks, *, file: str) -> tuple[dict[str, Stored], dict[str, str]]:
    """:func:`tensors_from_bytes` without making arrays yet: tensors by name, and the texts of the header."""
    if data.size < 8:
        raise FormatError("shorter than the 8 bytes of a header's length", where=file)
    length = int.from_bytes(joined(data.parts(0, 8)).tobytes(), "little")
    if length > limits.HEADER_BYTES or length > data.size - 8:
        raise FormatError(f"a header of {length} bytes in a file of {data.size}", where=file)
    text = joined(data.parts(8, 8 + length)).data
    root = Item(canonical.parse(text, where=file, limit=limits.HEADER_BYTES), file)
    entries = root.mapping()
    metadata = entries.pop(METADATA, None)
    tensors = dict(_read(sorted(map(_entry, entries.items()), key=lambda e: (e.begin, e.end)), data, 8 + length, file))
    texts = {} if metadata is None else {name: _metadata(item) for name, item in metadata.mapping().items()}
    return tensors, texts


def _storable(name: str, value: np.ndarray, file: str) -> np.ndarray:
    if not is_name(name) or name == METADATA or name.startswith(PAD):
        raise FormatError(f"{name[:80]!r} is not the name of a tensor", where=file)
    try:
        dtype = DType.of(value)
    except ValueError:
        raise FormatError(f"tensor {name!r} has element type {value.dtype}", where=file) from None
    return np.asarray(value, dtype=dtype.numpy.newbyteorder("<"), order="C")


def _header_entry(code: str, shape: tuple[int, ...], begin: int, size: int) -> dict[str, Any]:
    return {"dtype": code, "shape": list(shape), "data_offsets": [begin, begin + size]}


def _entry(named: tuple[str, Item]) -> _Entry:
    name, item = named
    fields = item.record(("dtype", "shape", "data_offsets"))
    if fields["dtype"].text() not in _DTYPES:
        fields["dtype"].refuse(f"unknown element type {fields['dtype'].value[:20]!r}")
    shape = fields["shape"].each(lambda i: i.integer(0, limits.ELEMENTS), limits.RANK)
    offsets = fields["data_offsets"].each(lambda i: i.integer(0, limits.INTEGER), 2)
    if len(offsets) != 2:
        fields["data_offsets"].refuse("expected two offsets")
    if math.prod(filter(None, shape)) > limits.ELEMENTS:  # zeros aside: NumPy multiplies the others too
        fields["shape"].refuse(f"more than {limits.ELEMENTS} elements")
    return _Entry(name, _DTYPES[fields["dtype"].value], shape, *offsets, item.where)


def _read(entries: list[_Entry], data: Blocks, start: int, file: str) -> Iterator[tuple[str, Stored]]:
    """The tensors in the order of the file, which must cover ``data`` from ``start`` on without overlap or hole."""
    position, size = 0, data.size - start
    for entry in entries:
        if entry.begin != position:
            what = "overlaps the tensor before it" if entry.begin < position else "leaves a hole before it"
            raise FormatError(what, where=entry.where)
        filled = entry.dtype.numpy.itemsize * math.prod(entry.shape)
        if entry.end - entry.begin != filled or entry.end > size:
            raise FormatError(f"{entry.dtype.value}{list(entry.shape)} does not fill its place", where=entry.where)
        position = entry.end
        begin, end = start + entry.begin, start + entry.end
        parts = data.parts(begin, end)
        if entry.name.startswith(PAD):
            if any(part.any() for part in parts):
                raise FormatError("padding that is not zero", where=entry.where)
            continue
        if entry.dtype is DType.BOOL and any(part.max() > 1 for part in parts):
            raise FormatError("a boolean that is neither 0 nor 1", where=entry.where)
        yield entry.name, Stored(entry.dtype, entry.shape, begin, end, parts)
    if position != size:
        raise FormatError(f"{size - position} bytes behind the last tensor", where=file)


def _metadata(item: Item) -> str:
    if not isinstance(item.value, str):
        item.refuse("expected text")
    return str(item.value)
