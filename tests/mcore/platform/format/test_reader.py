import hashlib
import json
import os
import random
import shutil
import socket
import threading
from dataclasses import asdict, replace

import numpy as np
import pytest

from mcore.platform.errors import FormatError
from mcore.platform.format import (
    files,
    graph_meaning,
    limits,
    read_bundle,
    read_manifest,
    sample_to_bytes,
    tensors_to_bytes,
    verified_files,
)
from mcore.platform.format.canonical import document
from tests.mcore.platform.format.hostile import fitting_identity
from tests.mcore.platform.format.networks import sample_of, samples_of, small_bundle, small_graph, weights_of

FILES = ["graph.json", "manifest.json", "samples/8x8.safetensors", "weights.safetensors"]


@pytest.fixture(scope="module")
def pristine(tmp_path_factory):
    folder = tmp_path_factory.mktemp("pristine") / "net"
    small_bundle(folder)
    return folder


@pytest.fixture
def bundle(pristine, tmp_path):
    """A bundle to damage."""
    return shutil.copytree(pristine, tmp_path / "net")


def refused(folder, message: str) -> None:
    with pytest.raises(FormatError) as caught:
        read_bundle(folder)
    assert str(caught.value).startswith(message)
    assert "\n" not in str(caught.value)


def rewritten(folder, name: str, data: bytes) -> None:
    """Another content under a name, with a manifest that fits: what an attacker, not a bad disk, does."""
    (folder / name).write_bytes(data)
    content = json.loads((folder / "manifest.json").read_bytes())
    content["files"][name] = {"sha256": hashlib.sha256(data).hexdigest(), "size": len(data)}
    content["identity"] = asdict(fitting_identity({n: (folder / n).read_bytes() for n in content["files"]}))
    del content["checksum"]
    content["checksum"] = hashlib.sha256(document(content)).hexdigest()
    (folder / "manifest.json").write_bytes(document(content))


def test_everything_comes_back(pristine):
    found = read_bundle(pristine)
    graph = small_graph()
    assert (found.graph.types, found.graph.outputs) == (graph.types, graph.outputs)
    for name, value in weights_of(graph).items():
        np.testing.assert_array_equal(found.weights[name], value, strict=True)
    wanted = sorted(samples_of(graph), key=lambda s: s.name)
    assert [s.name for s in found.samples] == ["8x12", "8x8", "9x11"] == [s.name for s in wanted]
    for a, b in zip(found.samples, wanted, strict=True):
        np.testing.assert_array_equal(a.inputs["x"], b.inputs["x"])
        np.testing.assert_array_equal(a.outputs["skip"], b.outputs["skip"])
        np.testing.assert_array_equal(a.digests["v2"], b.digests["v2"])
        assert (a.sensitivity, a.noise_floor) == (b.sensitivity, b.noise_floor)
    assert found.manifest == read_manifest(pristine)


def test_arrays_are_aligned_and_read_only(pristine):
    found = read_bundle(pristine)
    arrays = [*found.weights.values(), *(v for s in found.samples for v in (*s.inputs.values(), *s.outputs.values()))]
    assert all(array.ctypes.data % 64 == 0 and not array.flags.writeable for array in arrays)


def test_the_identity_is_that_of_the_files(pristine):
    identity = read_manifest(pristine).identity
    assert identity.graph == graph_meaning((pristine / "graph.json").read_bytes())
    assert identity.weights == hashlib.sha256((pristine / "weights.safetensors").read_bytes()).hexdigest()


def test_nothing_is_mapped(bundle):
    """A file that is cut while its arrays are in use kills nobody."""
    found = read_bundle(bundle)
    os.truncate(bundle / "weights.safetensors", 0)
    np.testing.assert_array_equal(found.weights["stem.bias"], weights_of(small_graph())["stem.bias"])


@pytest.mark.parametrize("name", FILES)
def test_a_flipped_bit_anywhere_is_refused(bundle, name):
    path = bundle / name
    data = path.read_bytes()
    rng = random.Random(name)
    positions = {0, 7, len(data) - 1, *(rng.randrange(len(data)) for _ in range(60))}
    for position in positions:
        path.write_bytes(data[:position] + bytes([data[position] ^ 1 << rng.randrange(8)]) + data[position + 1 :])
        refused(bundle, f"{name}: ")
    path.write_bytes(data)
    read_bundle(bundle)


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("share", [0.0, 0.01, 0.5, 0.999])
def test_a_file_cut_short_or_gone_on_is_refused(bundle, name, share):
    path = bundle / name
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * share)])
    refused(bundle, f"{name}: ")
    path.write_bytes(data + b"\n")
    refused(bundle, f"{name}: ")


@pytest.mark.parametrize("name", FILES)
def test_a_missing_file(bundle, name):
    (bundle / name).unlink()
    refused(bundle, f"{name}: missing")


def test_no_bundle_at_all(tmp_path):
    refused(tmp_path / "nowhere", f"manifest.json: missing (is {tmp_path / 'nowhere'} a bundle?)")
    (tmp_path / "file").write_text("")
    refused(tmp_path / "file", "manifest.json: missing")
    refused(tmp_path, "manifest.json: missing")
    with pytest.raises(FormatError, match=r"manifest\.json: missing"):
        read_manifest(tmp_path)


@pytest.mark.parametrize("name", ["readme.txt", "samples/extra.bin", "samples/10x10.safetensors", ".hidden", "sub"])
def test_a_file_that_nobody_listed(bundle, name):
    (bundle / name).write_text("")
    refused(bundle, f"{name}: not listed in the manifest")


def test_a_folder_that_nobody_listed(bundle):
    (bundle / "samples/8x8").mkdir()
    refused(bundle, "samples/8x8: not listed in the manifest")


@pytest.mark.parametrize("name", FILES)
def test_links_are_not_followed(bundle, name, tmp_path):
    path = bundle / name
    path.rename(tmp_path / "elsewhere")
    path.symlink_to(tmp_path / "elsewhere")
    refused(bundle, f"{name}: a symbolic link")


def test_the_folder_of_samples_is_no_link(bundle, tmp_path):
    (bundle / "samples").rename(tmp_path / "elsewhere")
    (bundle / "samples").symlink_to(tmp_path / "elsewhere")
    refused(bundle, "samples: not a folder")
    (bundle / "samples").unlink()
    (bundle / "samples").write_text("")
    refused(bundle, "samples: not a folder")


@pytest.mark.timeout(60)
@pytest.mark.parametrize("name", FILES)
def test_pipes_folders_and_sockets_are_no_files(bundle, name, monkeypatch):
    path = bundle / name
    path.unlink()
    os.mkfifo(path)
    refused(bundle, f"{name}: not a regular file")
    path.unlink()
    path.mkdir()
    refused(bundle, f"{name}: not a regular file")
    path.rmdir()
    monkeypatch.chdir(path.parent)  # the path of a socket must be short
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(path.name)
        refused(bundle, f"{name}: not a regular file")


def test_a_file_that_may_not_be_read_is_the_systems_matter(bundle, monkeypatch):
    def forbidden(*_, **__):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(os, "open", forbidden)
    with pytest.raises(PermissionError):
        read_bundle(bundle)


def test_a_manifest_that_is_too_long_is_not_read(bundle):
    os.truncate(bundle / "manifest.json", limits.MANIFEST_BYTES + 1)
    refused(bundle, f"manifest.json: {limits.MANIFEST_BYTES + 1} bytes, the limit is {limits.MANIFEST_BYTES}")


def test_a_file_of_another_size_is_not_read(bundle, monkeypatch):
    os.truncate(bundle / "weights.safetensors", 1 << 40)  # sparse: it takes no space
    asked = []
    aligned_buffer = files.aligned_buffer
    monkeypatch.setattr(files, "aligned_buffer", lambda size: asked.append(size) or aligned_buffer(size))
    refused(bundle, "weights.safetensors: 1099511627776 bytes, the manifest says")
    assert max(asked) < 1 << 24


def test_a_file_that_changes_under_the_reader(bundle, monkeypatch):
    aligned_buffer = files.aligned_buffer

    def cut(size):
        if size == (bundle / "graph.json").stat().st_size:
            os.truncate(bundle / "graph.json", size // 2)
        return aligned_buffer(size)

    monkeypatch.setattr(files, "aligned_buffer", cut)
    refused(bundle, "graph.json: changed while it was read")


def test_weights_that_fit_their_hash_but_not_the_graph(bundle):
    weights = weights_of(small_graph())
    for change, message in (
        (
            {"stem.bias": np.zeros(4)},
            "weights.safetensors: weight 'stem.bias' is float64[4], graph.json says float32[4]",
        ),
        ({"more": np.zeros(1)}, "weights.safetensors: weight 'more' is not in graph.json"),
    ):
        rewritten(bundle, "weights.safetensors", tensors_to_bytes({**weights, **change}))
        refused(bundle, message)
    rewritten(bundle, "weights.safetensors", tensors_to_bytes(weights, {"note": "x"}))
    refused(bundle, "weights.safetensors: texts in the header")
    rewritten(bundle, "weights.safetensors", b"\x80\x04K\x01.")
    refused(bundle, "weights.safetensors: shorter than")


def test_samples_that_fit_their_hash_but_not_the_graph(bundle):
    smaller = replace(sample_of(small_graph(), 1, 8, 8), inputs={"x": np.zeros((1, 3, 3, 8), "f4")})
    rewritten(bundle, "samples/8x8.safetensors", sample_to_bytes(smaller))
    refused(bundle, "samples/8x8.safetensors: H = 3 is outside 4..512")
    rewritten(bundle, "samples/8x8.safetensors", tensors_to_bytes({"in/x": np.zeros(3)}))
    refused(bundle, "samples/8x8.safetensors: the header's texts are not")


def test_a_graph_that_fits_its_hash_but_is_none(bundle):
    graph = (bundle / "graph.json").read_bytes()
    rewritten(bundle, "graph.json", graph.replace(b'"op":"relu"', b'"op":"evil"'))
    refused(bundle, "graph.json: nodes[1] (evil, act): unknown op 'evil'")
    rewritten(bundle, "graph.json", b"[" * 100_000)
    refused(bundle, "graph.json: nested deeper than")


@pytest.mark.parametrize("part", ["weights", "samples", "graph"])
def test_an_identity_that_is_not_the_files(bundle, part):
    content = json.loads((bundle / "manifest.json").read_bytes())
    content["identity"][part] = "0" * 64
    del content["checksum"]
    content["checksum"] = hashlib.sha256(document(content)).hexdigest()
    (bundle / "manifest.json").write_bytes(document(content))
    whose = "the files" if part == "weights" else "graphs and samples"
    refused(bundle, f"manifest.json: identity: the identity is not that of {whose}")


def test_files_are_handed_out_one_by_one_and_verified(bundle):
    found = {name: bytes(data) for name, data in verified_files(bundle)}
    assert list(found)[-1] == "manifest.json"
    assert found == {str(p.relative_to(bundle)): p.read_bytes() for p in bundle.rglob("*") if p.is_file()}
    (bundle / "weights.safetensors").write_bytes(bytes(len(found["weights.safetensors"])))
    with pytest.raises(FormatError, match=r"weights\.safetensors: the sha256 is not the manifest's"):
        dict(verified_files(bundle))


def test_reading_needs_no_right_to_write(bundle):
    for path in (*bundle.rglob("*"), bundle):
        path.chmod(0o555 if path.is_dir() else 0o444)
    try:
        read_bundle(bundle)
    finally:
        for path in (bundle, bundle / "samples"):
            path.chmod(0o755)


def test_threads_may_read_at_once(pristine):
    found = []
    threads = [threading.Thread(target=lambda: found.append(read_bundle(pristine).manifest)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [read_manifest(pristine)] * 4
