import hashlib
import json
from dataclasses import fields, replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mcore.platform.bundle import FileEntry, Manifest
from mcore.platform.errors import FormatError
from mcore.platform.format import identity_of, limits, manifest_from_bytes, manifest_to_bytes
from mcore.platform.format.canonical import document
from mcore.platform.format.manifest import graph_file, sample_file, sample_name

FILES = {
    "graph.json": FileEntry("1" * 64, 100),
    "weights.safetensors": FileEntry("2" * 64, 200),
    "samples/8x8.safetensors": FileEntry("3" * 64, 300),
    "samples/10x8.safetensors": FileEntry("4" * 64, 400),
}
MANIFEST = Manifest(
    architecture="resnet18",
    kind="network",
    identity=identity_of(["1" * 64], "2" * 64, {"8x8": "3" * 64, "10x8": "4" * 64}),
    files=FILES,
    constructor={"target": "models.networks:resnet18", "parameters": {"width": 1.5, "layers": [2, 2]}},
    parts={"backbone": "ResNet"},
    layers=("Conv2d", "BatchNorm2d"),
    toolchain={"torch": "2.13.0"},
    commit="a" * 40,
    closure="b" * 64,
    passed={"cpu": ("c" * 40,)},
    report={"seconds": 0.5, "notes": None},
)
DATA = manifest_to_bytes(MANIFEST)


def edited(change) -> bytes:
    """The bytes after a change of the parsed fields, with a checksum that fits."""
    content = json.loads(DATA)
    change(content)
    content.pop("checksum", None)
    return document({**content, "checksum": hashlib.sha256(document(content)).hexdigest()})


def test_a_manifest_comes_back():
    assert manifest_from_bytes(DATA) == MANIFEST
    assert manifest_to_bytes(manifest_from_bytes(DATA)) == DATA


def test_it_holds_every_field_and_says_its_version():
    content = json.loads(DATA)
    assert content.keys() == {f.name for f in fields(Manifest)} | {"schema", "checksum"}
    assert content["schema"] == "platform-manifest/2"


def test_order_of_mappings_means_nothing():
    turned = replace(
        MANIFEST, files=dict(reversed(FILES.items())), constructor=dict(reversed(MANIFEST.constructor.items()))
    )
    assert manifest_to_bytes(turned) == DATA


def test_the_identity_of_samples_is_that_of_what_sha256sum_would_print():
    printed = f"{'4' * 64}  10x8.safetensors\n{'3' * 64}  8x8.safetensors\n"
    assert MANIFEST.identity.samples == hashlib.sha256(printed.encode()).hexdigest()
    assert (MANIFEST.identity.graph, MANIFEST.identity.weights) == ("1" * 64, "2" * 64)
    renamed = identity_of(["1" * 64], "2" * 64, {"8x9": "3" * 64, "10x8": "4" * 64})
    assert renamed.samples != MANIFEST.identity.samples


@pytest.mark.parametrize("name", ["224x224", "1x1", "999999x999999"])
def test_files_of_samples(name):
    assert sample_name(sample_file(name)) == name


@pytest.mark.parametrize(
    "file",
    [
        *(
            "graph.json",
            "8x8",
            "samples/8x8",
            "8x8.safetensors",
            "samples/../8x8.safetensors",
            "samples/0x8.safetensors",
        ),
        *("samples/samples/8x8.safetensors", "samples/8x8.safetensors.safetensors", "/samples/8x8.safetensors"),
    ],
)
def test_files_of_no_sample(file):
    assert sample_name(file) is None


def test_any_flipped_bit_is_seen():
    for position in range(len(DATA)):
        damaged = bytearray(DATA)
        damaged[position] ^= 1 << (position % 8)
        with pytest.raises(FormatError, match=r"^manifest\.json: "):
            manifest_from_bytes(bytes(damaged))


def test_a_file_cut_anywhere_is_refused():
    for length in range(len(DATA)):
        with pytest.raises(FormatError, match=r"^manifest\.json: "):
            manifest_from_bytes(DATA[:length])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda m: m.update(schema="platform-manifest/1"), "not a manifest, or of another version"),
        (lambda m: m.pop("schema"), "not a manifest, or of another version (this Platform reads platform-manifest/2)"),
        (lambda m: m.update(extra=1), "unknown field 'extra'"),
        (lambda m: m.pop("kind"), "field 'kind' is missing"),
        (lambda m: m.update(architecture=3), "architecture: expected text, got 3"),
        (lambda m: m.update(commit="a\x1b"), "commit: a text of more than"),
        (lambda m: m.update(layers="Conv2d"), "layers: expected a list"),
        (lambda m: m.update(constructor=[]), "constructor: expected an object"),
        (lambda m: m.update(report=1), "report: expected an object"),
        (lambda m: m["parts"].update(neck=1), "parts['neck']: expected text"),
        (lambda m: m["passed"].update(cpu="x"), "passed['cpu']: expected a list"),
        (lambda m: m["identity"].pop("graph"), "identity: field 'graph' is missing"),
        (lambda m: m["identity"].update(graph="x"), "identity.graph: expected a sha256 in hexadecimal"),
        (lambda m: m["identity"].update(graph="A" * 64), "identity.graph: expected a sha256"),
        (lambda m: m["identity"].update(weights="3" * 64), "identity: the identity is not that of the files"),
        (lambda m: m["files"].pop("graph.json"), "files: graph.json is missing"),
        (lambda m: m["files"].pop("weights.safetensors"), "files: weights.safetensors is missing"),
        (lambda m: m["files"]["graph.json"].update(size=-1), "files['graph.json'].size: expected an integer"),
        (lambda m: m["files"]["graph.json"].update(size=limits.GRAPH_BYTES + 1), "files['graph.json'].size: expected"),
        (lambda m: m["files"]["graph.json"].update(sha256=7), "files['graph.json'].sha256: expected a sha256"),
        (lambda m: m["files"]["graph.json"].update(mode=7), "files['graph.json']: unknown field 'mode'"),
    ],
)
def test_what_does_not_fit_is_named_with_its_place(change, message):
    with pytest.raises(FormatError) as caught:
        manifest_from_bytes(edited(change))
    assert str(caught.value).startswith(f"manifest.json: {message}")


@pytest.mark.parametrize(
    "name",
    [
        *("../graph.json", "/etc/passwd", "samples/../x.safetensors", "samples/8x8.pkl", "manifest.json", "samples"),
        *("samples//8x8.safetensors", "samples/8x8.safetensors/", "./graph.json", "graph.JSON", "a\\b"),
        "samples/8x8\u2028.safetensors",
    ],
)
def test_no_other_file_can_be_named(name):
    with pytest.raises(FormatError, match=r"^manifest\.json: files"):
        manifest_from_bytes(edited(lambda m: m["files"].update({name: {"sha256": "5" * 64, "size": 1}})))


def test_the_number_of_files_is_capped():
    many = {sample_file(f"{i}x1"): {"sha256": "5" * 64, "size": 1} for i in range(1, limits.SAMPLES + 2)}
    with pytest.raises(FormatError, match=r"files: 67 samples, the limit is 64"):
        manifest_from_bytes(edited(lambda m: m["files"].update(many)))
    more = many | {graph_file(i): {"sha256": "5" * 64, "size": 1} for i in range(1, limits.GRAPHS)}
    with pytest.raises(FormatError, match=r"files: 132 entries, the limit is 129"):
        manifest_from_bytes(edited(lambda m: m["files"].update(more)))


def test_a_checksum_does_not_make_another_layout_good():
    with pytest.raises(FormatError, match=r"manifest\.json: not in canonical form"):
        manifest_from_bytes(json.dumps(json.loads(DATA), indent=1).encode())


@pytest.mark.parametrize(
    ("field", "value", "place"),
    [
        ("report", {"a": float("inf")}, "report.a: inf has no place"),
        ("constructor", {"parameters": {"act": int}}, "constructor.parameters.act: type is not plain data"),
        ("passed", {"cpu": (b"x",)}, r"passed.cpu\[0\]: bytes is not plain"),
    ],
)
def test_what_cannot_be_written_down_is_named(field, value, place):
    with pytest.raises(FormatError, match=rf"^manifest\.json: {place}"):
        manifest_to_bytes(replace(MANIFEST, **{field: value}))


@settings(max_examples=200)
@given(st.binary(max_size=200) | st.text(max_size=100).map(str.encode))
def test_anything_else_is_no_manifest(data):
    with pytest.raises(FormatError, match=r"^manifest\.json: "):
        manifest_from_bytes(data)
