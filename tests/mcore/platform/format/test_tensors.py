import json
import struct

import numpy as np
import pytest
import safetensors.numpy
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from mcore.platform.bfloat16 import is_bfloat16
from mcore.platform.dtypes import DType
from mcore.platform.errors import FormatError
from mcore.platform.format import limits, tensors_from_bytes, tensors_to_bytes
from mcore.platform.format.files import aligned_buffer
from mcore.platform.format.tensors import PAD
from mcore.platform.pages import ALIGNMENT

NAMES = st.text(st.characters(categories=["L", "N", "P", "S"]), min_size=1, max_size=12).filter(
    lambda name: not name.startswith("__")
)
ARRAYS = st.sampled_from(list(DType)).flatmap(
    lambda dtype: arrays(dtype.numpy, array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=5))
)


def header_of(data: bytes) -> dict:
    (length,) = struct.unpack("<Q", data[:8])
    return json.loads(data[8 : 8 + length])


def crafted(header, body: bytes = b"", length: int | None = None) -> bytes:
    """A file of any header and any body."""
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return struct.pack("<Q", len(text) if length is None else length) + text + body


def entry(dtype: str = "F32", shape=(1,), offsets=(0, 4)) -> dict:
    return {"dtype": dtype, "shape": list(shape), "data_offsets": list(offsets)}


@settings(max_examples=80)
@given(st.dictionaries(NAMES, ARRAYS, max_size=6), st.dictionaries(NAMES, st.text('ab{}"', max_size=5), max_size=2))
def test_tensors_come_back_bit_by_bit(tensors, texts):
    data = tensors_to_bytes(tensors, texts)
    found = tensors_from_bytes(data)
    assert found.metadata == texts
    assert found.tensors.keys() == tensors.keys()
    for name, value in tensors.items():
        read = found.tensors[name]
        assert (read.dtype, read.shape, read.tobytes()) == (value.dtype, value.shape, value.tobytes())
        assert not read.flags.writeable
    assert tensors_to_bytes(dict(reversed(tensors.items())), dict(reversed(texts.items()))) == data
    assert tensors_to_bytes(found.tensors, found.metadata) == data


@settings(max_examples=40)
@given(st.dictionaries(NAMES, ARRAYS, max_size=6))
def test_the_official_library_reads_the_files(tensors):
    tensors = {n: v for n, v in tensors.items() if not is_bfloat16(v)}  # for which its NumPy side wants a library more
    data = tensors_to_bytes(tensors, {"key": "text"})
    found = {n: v for n, v in safetensors.numpy.load(data).items() if not n.startswith(PAD)}
    assert found.keys() == tensors.keys()
    for name, value in tensors.items():
        assert (found[name].dtype, found[name].shape) == (value.dtype, value.shape)
        assert found[name].tobytes() == value.tobytes()


@settings(max_examples=40)
@given(st.dictionaries(NAMES, ARRAYS, max_size=6))
def test_every_tensor_starts_at_a_multiple_of_64(tensors):
    data = tensors_to_bytes(tensors)
    (length,) = struct.unpack("<Q", data[:8])
    for name, described in header_of(data).items():
        if not name.startswith(PAD) and tensors[name].size:
            assert (8 + length + described["data_offsets"][0]) % ALIGNMENT == 0
    for value in tensors_from_bytes(data).tensors.values():
        assert value.size == 0 or value.ctypes.data % ALIGNMENT == 0


def test_the_official_librarys_own_files_can_be_read():
    tensors = {"b": np.arange(3, dtype="f4"), "a": np.ones((2, 2), np.bool_), "c": np.array(7, np.int64)}
    found = tensors_from_bytes(safetensors.numpy.save(tensors, {"format": "pt"}))
    assert found.metadata == {"format": "pt"}
    for name, value in tensors.items():
        np.testing.assert_array_equal(found.tensors[name], value)
        assert found.tensors[name].ctypes.data % ALIGNMENT == 0


def test_aligned_bytes_are_not_copied():
    data = tensors_to_bytes({"a": np.arange(100, dtype="f4"), "b": np.arange(3)})
    memory = aligned_buffer(len(data))
    assert memory.ctypes.data % ALIGNMENT == 0
    memory[:] = np.frombuffer(data, np.uint8)
    found = tensors_from_bytes(memory.data).tensors
    assert all(np.shares_memory(value, memory) for value in found.values())


def test_what_is_stored_is_the_values_not_their_layout():
    values = np.arange(24, dtype="f4").reshape(2, 3, 4)
    data = tensors_to_bytes({"a": values.transpose(2, 0, 1)})
    assert data == tensors_to_bytes({"a": np.ascontiguousarray(values.transpose(2, 0, 1))})
    assert data == tensors_to_bytes({"a": np.ascontiguousarray(values.transpose(2, 0, 1)).astype(">f4")})
    assert tensors_to_bytes({"a": values[::-1, ::2]}) == tensors_to_bytes({"a": values[::-1, ::2].copy()})


def test_a_scalar_keeps_its_rank():
    found = tensors_from_bytes(tensors_to_bytes({"a": np.array(2.5)})).tensors["a"]
    assert found.shape == ()
    assert found == 2.5


@pytest.mark.parametrize("name", ["", "a b", "a\n", "__metadata__", "__pad__.0", "n" * (limits.NAME + 1)])
def test_names_that_a_file_cannot_hold(name):
    with pytest.raises(FormatError, match=r"w\.st: .* is not the name of a tensor"):
        tensors_to_bytes({name: np.zeros(1)}, file="w.st")


@pytest.mark.parametrize("value", [np.zeros(1, np.complex64), np.array(["a"]), np.array([None]), np.zeros(1, "u4")])
def test_element_types_that_the_platform_lacks(value):
    with pytest.raises(FormatError, match=r"weights\.safetensors: tensor 'a' has element type"):
        tensors_to_bytes({"a": value})


def test_more_tensors_than_a_header_holds(monkeypatch):
    monkeypatch.setattr(limits, "TENSORS", 3)
    with pytest.raises(FormatError, match="4 tensors are more than a header holds"):
        tensors_to_bytes({str(i): np.zeros(16, "f4") for i in range(4)})


FOUR = bytes(4)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "w.st: shorter than the 8 bytes of a header's length"),
        (b"\0" * 7, "w.st: shorter than the 8 bytes"),
        (crafted({}, length=1 << 40), "w.st: a header of 1099511627776 bytes in a file of 10"),
        (crafted({}, length=3), "w.st: a header of 3 bytes in a file of 10"),
        (crafted({}, bytes(1 << 23), length=(1 << 23) + 1), "w.st: a header of 8388609 bytes"),
        (crafted(b""), "w.st: not JSON"),
        (crafted(b"[]"), "w.st: expected an object, got a list"),
        (crafted(b'{"a":1,"a":1}'), "w.st: key 'a' is given twice"),
        (crafted(b'{"a":NaN}'), "w.st: NaN has no place in JSON"),
        (crafted(b'{"a":' + b"[" * 5000 + b"]" * 5000 + b"}"), "w.st: nested deeper than"),
        (crafted({"a": 1}), "w.st: ['a']: expected an object"),
        (crafted({"a b": entry()}, FOUR), "w.st: 'a b' is not a name"),
        (crafted({"a": {"dtype": "F32", "shape": [1]}}), "w.st: ['a']: field 'data_offsets' is missing"),
        (crafted({"a": {**entry(), "x": 1}}, FOUR), "w.st: ['a']: unknown field 'x'"),
        (crafted({"a": entry("F8")}, FOUR), "w.st: ['a'].dtype: unknown element type 'F8'"),
        (crafted({"a": entry(["F32"])}, FOUR), "w.st: ['a'].dtype: expected text"),
        (crafted({"a": entry(shape=[-1])}, FOUR), "w.st: ['a'].shape[0]: expected an integer from 0"),
        (crafted({"a": entry(shape=[True])}, FOUR), "w.st: ['a'].shape[0]: expected an integer from 0"),
        (crafted({"a": entry(shape=[1.0])}, FOUR), "w.st: ['a'].shape[0]: expected an integer from 0"),
        (crafted({"a": entry(shape=[1] * 17)}, FOUR), "w.st: ['a'].shape: 17 items, the limit is 16"),
        (crafted({"a": entry(shape=[2**47, 2**47])}, FOUR), "w.st: ['a'].shape: more than 281474976710656 elements"),
        (crafted({"a": entry(shape=[0, 2**47, 2**47], offsets=[0, 0])}), "w.st: ['a'].shape: more than"),
        (crafted({"a": entry(shape=[2**64])}, FOUR), "w.st: integer 18446744073709551616 is beyond 64 bits"),
        (crafted({"a": entry(shape=[2**63 - 1])}, FOUR), "w.st: ['a'].shape[0]: expected an integer"),
        (crafted({"a": entry(offsets=[0])}, FOUR), "w.st: ['a'].data_offsets: expected two offsets"),
        (crafted({"a": entry(offsets=[0, 4, 4])}, FOUR), "w.st: ['a'].data_offsets: 3 items, the limit is 2"),
        (crafted({"a": entry(offsets=[-4, 0])}, FOUR), "w.st: ['a'].data_offsets[0]: expected an integer"),
        (crafted({"a": entry(offsets=[4, 0])}, FOUR), "w.st: ['a']: leaves a hole before it"),
        (crafted({"a": entry(offsets=[4, 8])}, bytes(8)), "w.st: ['a']: leaves a hole before it"),
        (crafted({"a": entry(offsets=[0, 8])}, bytes(8)), "w.st: ['a']: float32[1] does not fill its place"),
        (crafted({"a": entry(shape=[2])}, FOUR), "w.st: ['a']: float32[2] does not fill its place"),
        (crafted({"a": entry()}, bytes(3)), "w.st: ['a']: float32[1] does not fill its place"),
        (crafted({"a": entry()}, bytes(5)), "w.st: 1 bytes behind the last tensor"),
        (crafted({"a": entry(), "b": entry()}, FOUR), "w.st: ['b']: overlaps the tensor before it"),
        (
            crafted({"a": entry(), "b": entry(shape=[2], offsets=[2, 10])}, bytes(10)),
            "w.st: ['b']: overlaps the tensor before it",
        ),
        (crafted({"a": entry("BOOL", [2], [0, 2])}, b"\1\2"), "w.st: ['a']: a boolean that is neither 0 nor 1"),
        (crafted({"__pad__.0": entry("U8", [2], [0, 2])}, b"\0\1"), "w.st: ['__pad__.0']: padding that is not zero"),
        (crafted({"__metadata__": 1}), "w.st: ['__metadata__']: expected an object"),
        (crafted({"__metadata__": {"a": 1}}), "w.st: ['__metadata__']['a']: expected text"),
    ],
    ids=lambda value: value[:60] if isinstance(value, str) else "",
)
def test_files_that_lie_are_refused(data, message):
    with pytest.raises(FormatError) as caught:
        tensors_from_bytes(data, file="w.st")
    assert str(caught.value).startswith(message)
    assert "\n" not in str(caught.value)


@pytest.mark.timeout(60)
def test_many_empty_tensors_are_refused_before_they_cost_anything():
    header = {f"t{i}": entry(shape=[0], offsets=[0, 0]) for i in range(limits.TENSORS + 1)}
    with pytest.raises(FormatError, match=r"65537 entries, the limit is 65536"):
        tensors_from_bytes(crafted(header))


def test_empty_tensors_may_share_a_place():
    found = tensors_from_bytes(crafted({"b": entry(), "a": entry(shape=[0, 3], offsets=[4, 4])}, FOUR)).tensors
    assert found["a"].shape == (0, 3)


SAMPLE = tensors_to_bytes(
    {"weight": np.arange(20, dtype="f4"), "flag": np.array([True, False]), "count": np.array(3)}, {"note": "n"}
)


def test_a_file_cut_anywhere_is_refused():
    for length in range(len(SAMPLE)):
        with pytest.raises(FormatError, match=r"^weights\.safetensors: "):
            tensors_from_bytes(SAMPLE[:length])


@settings(max_examples=400)
@given(st.data())
def test_whatever_the_header_is_only_format_errors_escape(data):
    (length,) = struct.unpack("<Q", SAMPLE[:8])
    content = bytearray(SAMPLE)
    for _ in range(data.draw(st.integers(1, 4))):
        place = data.draw(st.integers(0, 8 + length - 1))
        if data.draw(st.booleans()):
            content[place] = data.draw(st.sampled_from(b'0129-{}[]",:aFU\0\xff '))
        else:
            content[place] ^= 1 << data.draw(st.integers(0, 7))
    try:
        found = tensors_from_bytes(bytes(content), file="w.st")
    except FormatError as error:
        assert str(error).startswith("w.st: ")  # noqa: PT017
    else:
        for value in found.tensors.values():
            assert value.nbytes <= len(SAMPLE)
