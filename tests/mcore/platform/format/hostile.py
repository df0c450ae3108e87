"""What a bad disk or a bad mind makes of a bundle: mutations of documents, headers and folders, each a function of a seed.

A mutation draws from ``random.Random``; hypothesis and the coverage-guided runs (``tests/fuzz``) share them.
"""

import hashlib
import json
import os
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from random import Random
from typing import Any

from mcore.platform.bundle import Identity
from mcore.platform.errors import FormatError
from mcore.platform.format import graph_meaning, identity_of, sample_from_bytes, sample_meaning
from mcore.platform.format.canonical import document
from mcore.platform.ops import registry

#: Values that fit nowhere, or only just somewhere.
JUNK: tuple[Any, ...] = (
    *(None, True, False, 0, 1, -1, 2, 3, 7, 64, 4097, 2**16, 2**31, 2**48, -(2**48), 2**63 - 1, -(2**63) + 1, 0.5),
    *(1e308, -0.0, 1e-320, "", "H", "N", "x", "@", "@stem.weight", "v0", "float64", "int8", "a\nb", "\u202e", "../x"),
    *("x" * 600, "x" * 5000, [], {}, [[]], ["H"], [-1, -1], [0, 0], [2**40, 2**40], ["//", "H", 0], ["%", "H", "W"]),
    *(["*", "H", ["*", "W", "N"]], ["min", "H", ["-", "W", "H"]], {"dim": "H"}, {"dim": ["//", ["-", "H", 9], "W"]}),
    *({"float": "inf"}, {"float": "-inf"}, {"float": "nan"}, {"dtype": "float32", "shape": [1]}),
)
#: Text that JSON does not have, or not twice.
TOKENS = (
    *(b"NaN", b"Infinity", b"-Infinity", b"1e999", b"9" * 40, b"-", b"[" * 90, b"]" * 3, b'{"a":' * 90, b"null"),
    *(b'"', b"\\", b"\\ud800", b"\xff", b"\xed\xa0\x80", b"\x00", b'"format":1,', b",", b":", b"\r\n", b"0x1", b"01"),
)

#: What comes of mutating by its structure what has none any more.
BROKEN = (ValueError, LookupError, TypeError, AttributeError, RecursionError)


def structural(content: Any, random: Random) -> Any:
    """``content`` (parsed JSON, changed in place) after one to three structural mutations."""
    for _ in range(random.randint(1, 3)):
        places = list(_places(content))
        holder, key = random.choice(places)
        random.choice(_EDITS)(holder, key, places, random)
    return content


def _places(content: Any) -> Any:
    """Every (container, key) of a document, top down."""
    waiting = [content]
    while waiting:
        holder = waiting.pop()
        for key, value in list(holder.items() if isinstance(holder, dict) else enumerate(holder)):
            yield holder, key
            if isinstance(value, dict | list):
                waiting.append(value)


def _retype(holder: Any, key: Any, places: Any, random: Random) -> None:
    holder[key] = json.loads(json.dumps(random.choice(JUNK)))


def _drop(holder: Any, key: Any, places: Any, random: Random) -> None:
    if isinstance(holder, dict) or key < len(holder):
        del holder[key]


def _number(holder: Any, key: Any, places: Any, random: Random) -> None:
    value = holder[key]
    if isinstance(value, int):
        near = [value + 1, value - 1, -value, value * 2, float(value)]
        holder[key] = random.choice([*near, value << 40, 2 ** random.randint(0, 62)])
    else:
        _retype(holder, key, places, random)


def _twice(holder: Any, key: Any, places: Any, random: Random) -> None:
    value = json.loads(json.dumps(holder[key]))
    if isinstance(holder, list):
        holder.insert(random.randint(0, len(holder)), value)
    else:
        holder[random.choice([key + "x", key[:-1], "ß", "__pad__.0"])] = value


def _exchange(holder: Any, key: Any, places: Any, random: Random) -> None:
    """Put what stands elsewhere here: names that dangle, cycles, the wrong kind of thing."""
    other, index = random.choice(places)
    if (isinstance(other, dict) and index in other) or (isinstance(other, list) and index < len(other)):
        holder[key] = json.loads(json.dumps(other[index]))


def _rename(holder: Any, key: Any, places: Any, random: Random) -> None:
    if isinstance(holder, dict):
        holder[random.choice(["shape", "H", "x", "../../etc/passwd", "groups", "a b", "\u2028", key.upper()])] = (
            holder.pop(key)
        )
    else:
        random.shuffle(holder)


def _nest(holder: Any, key: Any, places: Any, random: Random) -> None:
    for _ in range(random.choice([1, 3, 70, 100])):
        holder[key] = random.choice(
            [[holder[key]], {"dim": holder[key]}, ["//", holder[key], 2], ["-", "H", holder[key]]]
        )


def _operation(holder: Any, key: Any, places: Any, random: Random) -> None:
    """Another op, or another attribute of it."""
    if not isinstance(holder, dict) or "op" not in holder or not isinstance(holder.get("attributes"), dict):
        return _retype(holder, key, places, random)
    if random.random() < 0.5:
        holder["op"] = random.choice(registry.names())
    else:
        declared = [a.name for name in registry.names() for a in registry.get(name).attributes]
        holder["attributes"][random.choice(declared)] = json.loads(json.dumps(random.choice(JUNK)))
    return None


_EDITS: tuple[Callable[..., None], ...] = (
    _retype,
    _drop,
    _number,
    _number,
    _twice,
    _exchange,
    _rename,
    _nest,
    _operation,
)


def by_bytes(data: bytes, random: Random) -> bytes:
    """``data`` with bits flipped, parts cut, doubled or replaced, and tokens put in."""
    content = bytearray(data)
    for _ in range(random.randint(1, 3)):
        place = random.randrange(len(content) + 1)
        length = random.choice([1, 2, 8, 40, 200])
        kind = random.randrange(6)
        if kind == 0 and place < len(content):
            content[place] ^= 1 << random.randrange(8)
        elif kind == 1:
            del content[place:]
        elif kind == 2:
            content[place:place] = random.choice(TOKENS)
        elif kind == 3:
            del content[place : place + length]
        elif kind == 4:
            content[place:place] = content[place : place + length]
        else:
            content[place : place + length] = random.randbytes(length)
    return bytes(content)


def document_of(content: Any) -> bytes:
    """``content`` in the layout of a canonical document, so that it is its meaning that is judged and not its form."""
    try:
        return document(content)
    except (ValueError, TypeError, AttributeError, UnicodeEncodeError):
        return json.dumps(content).encode()


def tensor_file(data: bytes, random: Random) -> bytes:
    """A safetensors file with a mutated header, a mutated body, or both."""
    length = int.from_bytes(data[:8], "little")
    header, body = data[8 : 8 + length], data[8 + length :]
    choice = random.randrange(4)
    if choice < 2:
        header = json.dumps(structural(json.loads(header), random)).encode()
    elif choice == 2:
        header = by_bytes(header, random)
    else:
        body = by_bytes(body, random)
    stated = random.choice([len(header)] * 8 + [0, 1, len(header) + 1, len(header) - 1, 2**63, 2**64 - 1, 8 << 20])
    return (stated % 2**64).to_bytes(8, "little") + header + body


def mutated(name: str, data: bytes, random: Random) -> bytes:
    """The content of the file ``name`` of a bundle after a mutation that suits it."""
    if random.random() < 0.3:
        return by_bytes(data, random)
    try:
        return (
            document_of(structural(json.loads(data), random)) if name.endswith(".json") else tensor_file(data, random)
        )
    except BROKEN:
        return by_bytes(data, random)


def sealed(files: dict[str, bytes]) -> bytes:
    """``manifest.json`` made to fit ``files``, as an attacker does, if the one among them can still be read."""
    try:
        content = dict(json.loads(files["manifest.json"]))
    except BROKEN:
        return files["manifest.json"]
    content["files"] = {
        name: {"sha256": hashlib.sha256(data).hexdigest(), "size": len(data)}
        for name, data in files.items()
        if name != "manifest.json"
    }
    content["identity"] = asdict(fitting_identity(files))
    return checksummed(content)


def fitting_identity(files: dict[str, bytes]) -> Identity:
    """What an attacker takes for the identity of ``files``: any hash for what is no graph or no sample."""
    graphs = sorted((name for name in files if name.startswith("graph")), key=lambda name: (len(name), name))
    samples = {name.removeprefix("samples/").removesuffix(".safetensors"): name for name in files if "samples/" in name}
    return identity_of(
        [_any_hash(graph_meaning, files[name]) for name in graphs],
        hashlib.sha256(files["weights.safetensors"]).hexdigest(),
        {
            name: _any_hash(lambda data, name=name: sample_meaning(sample_from_bytes(name, data)), files[file])
            for name, file in samples.items()
        },
    )


def _any_hash(meaning: Callable[[bytes], str], data: bytes) -> str:
    try:
        return meaning(data)
    except (*BROKEN, FormatError):
        return hashlib.sha256(data).hexdigest()


def checksummed(content: dict[str, Any]) -> bytes:
    """A manifest of ``content``, whatever that is, with the checksum that fits."""
    content.pop("checksum", None)
    return document_of({**content, "checksum": hashlib.sha256(document_of(content)).hexdigest()})


def resealed_manifest(data: bytes, random: Random) -> bytes:
    """A mutated manifest whose checksum fits."""
    try:
        return checksummed(structural(json.loads(data), random))
    except BROKEN:
        return by_bytes(data, random)


def folder_mutation(folder: Path, random: Random) -> None:
    """Something else than content goes wrong with a bundle: links, pipes, folders, missing and foreign files."""
    files = sorted(p for p in folder.rglob("*") if not p.is_dir())
    path = random.choice(files)
    kind = random.randrange(7)
    if kind == 0:
        path.unlink()
    elif kind == 1:
        path.rename(folder.parent / "elsewhere")
        path.symlink_to(
            random.choice([folder.parent / "elsewhere", Path("/dev/zero"), path, folder.parent / "nothing"])
        )
    elif kind == 2:
        path.unlink()
        os.mkfifo(path)
    elif kind == 3:
        path.unlink()
        path.mkdir()
    elif kind == 4:
        (folder / random.choice(["x", "samples/x", "samples/9x9.safetensors", ".x", "größe"])).write_bytes(b"x")
    elif kind == 5:
        os.truncate(path, random.choice([0, 1, path.stat().st_size - 1, path.stat().st_size + 1, 1 << 36]))
    else:
        (folder / "samples").rename(folder.parent / "moved")
        (folder / "samples").symlink_to(folder.parent / "moved")


def read_files(folder: Path) -> dict[str, bytes]:
    """The files of a bundle by relative name."""
    return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


def write_files(folder: Path, files: dict[str, bytes]) -> None:
    """Put ``files`` into ``folder``."""
    for name, data in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)
