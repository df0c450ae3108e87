import os
import random
import re
import signal
import subprocess
import sys
import time
from dataclasses import replace

import numpy as np
import pytest

from mcore.platform.errors import FormatError
from mcore.platform.format import read_bundle, read_manifest, write_bundle, writer
from mcore.platform.graph import Graph
from tests.mcore.platform.format.networks import sample_of, samples_of, small_bundle, small_graph, weights_of

FILES = {"graph.json", "manifest.json", "samples", "weights.safetensors"}


def write(folder, graph: Graph | None = None, **fields):
    graph = graph or small_graph()
    arguments = {"graph": graph, "weights": weights_of(graph), "samples": samples_of(graph), **fields}
    return write_bundle(folder, **arguments)


def contents(folder):
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def test_a_bundle_is_these_files(tmp_path):
    small_bundle(tmp_path / "net")
    assert os.listdir(tmp_path) == ["net"]
    assert set(os.listdir(tmp_path / "net")) == FILES
    assert set(os.listdir(tmp_path / "net/samples")) == {f"{n}.safetensors" for n in ("8x8", "8x12", "9x11")}


def test_what_is_returned_is_what_is_read_back(tmp_path):
    manifest = small_bundle(tmp_path / "net", constructor={"target": "m:f", "parameters": {"a": (1, 2)}})
    assert read_manifest(tmp_path / "net") == manifest
    assert manifest.constructor["parameters"] == {"a": [1, 2]}
    assert manifest.passed == {"cpu": ("a" * 40,)}


def test_the_same_network_makes_the_same_bytes(tmp_path):
    small_bundle(tmp_path / "a")
    small_bundle(tmp_path / "b")
    assert contents(tmp_path / "a") == contents(tmp_path / "b")


def test_each_part_of_the_identity_is_its_own(tmp_path):
    graph = small_graph()
    base = write(tmp_path / "a").identity
    other = write(tmp_path / "b", replace(graph, metadata={"other": 1})).identity
    assert other.graph != base.graph
    assert (other.weights, other.samples) == (base.weights, base.samples)
    other = write(tmp_path / "c", weights=weights_of(graph, seed=1)).identity
    assert other.weights != base.weights
    assert (other.graph, other.samples) == (base.graph, base.samples)
    other = write(tmp_path / "d", samples=samples_of(graph)[:2]).identity
    assert other.samples != base.samples
    assert (other.graph, other.weights) == (base.graph, base.weights)
    assert write(tmp_path / "e", commit="f" * 40, report={"seconds": 9.5}).identity == base


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"weights": {}}, r"^weights\.safetensors: weight 'body\.weight' of graph\.json is missing"),
        ({"samples": [sample_of(small_graph(), 1, 8, 8)] * 2}, "^samples: more than 64 samples, or two of one name"),
        ({"report": {"x": float("nan")}}, r"^manifest\.json: report\.x: nan"),
        ({"passed": {"cpu": (3,)}}, r"^manifest\.json: passed\['cpu'\]\[0\]: expected text"),
        ({"architecture": "a\nb"}, r"^manifest\.json: architecture: a text"),
        ({"samples": [replace(sample_of(small_graph(), 1, 8, 8), outputs={})]}, r"^samples/8x8\.safetensors: output"),
        ({"samples": [replace(sample_of(small_graph(), 1, 8, 8), name="../x")]}, r"^samples: sample '\.\./x'"),
    ],
)
def test_what_is_wrong_is_said_before_anything_is_written(tmp_path, fields, message):
    with pytest.raises(FormatError, match=message):
        write(tmp_path / "net", **fields)
    assert os.listdir(tmp_path) == []


def test_a_failing_disk_leaves_nothing(tmp_path, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        write(tmp_path / "net")
    assert os.listdir(tmp_path) == []


def test_an_existing_folder_is_kept(tmp_path):
    small_bundle(tmp_path / "net")
    before = contents(tmp_path / "net")
    with pytest.raises(FileExistsError, match=r"net exists already; pass overwrite=True to replace it"):
        write(tmp_path / "net")
    assert contents(tmp_path / "net") == before
    assert os.listdir(tmp_path) == ["net"]


def test_overwriting_replaces_the_whole_bundle(tmp_path):
    small_bundle(tmp_path / "net")
    manifest = write(tmp_path / "net", samples=[], overwrite=True)
    assert read_bundle(tmp_path / "net").manifest == manifest
    assert set(os.listdir(tmp_path / "net")) == FILES - {"samples"}
    assert os.listdir(tmp_path) == ["net"]


def test_nothing_but_a_bundle_is_replaced(tmp_path):
    (tmp_path / "thesis").mkdir()
    (tmp_path / "thesis/chapter1.tex").write_text("words")
    (tmp_path / "file").write_text("words")
    (tmp_path / "link").symlink_to(tmp_path / "thesis")
    for name in ("thesis", "file", "link"):
        with pytest.raises(FileExistsError, match=f"{name} is not a bundle, so it is not replaced"):
            write(tmp_path / name, overwrite=True)
    assert (tmp_path / "thesis/chapter1.tex").read_text() == "words"
    (tmp_path / "empty").mkdir()
    write(tmp_path / "empty", overwrite=True)
    assert read_manifest(tmp_path / "empty")


def test_missing_parents_are_made_and_relative_paths_taken(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write("deep/down/net")
    assert read_manifest(tmp_path / "deep/down/net")


def test_weights_of_every_element_type(tmp_path):
    graph = small_graph()
    kinds = ("float64", "float32", "float16", "int64", "int32", "int16", "int8", "uint8", "bool")
    extra = {f"buffer.{kind}": np.ones((2, 3), kind) for kind in kinds}
    extra |= {"buffer.empty": np.ones((0, 3), "f4"), "buffer.count": np.array(5)}
    from mcore.platform.dtypes import DType
    from mcore.platform.graph import TensorType

    declared = {n: TensorType(DType.of(v), v.shape) for n, v in extra.items()}
    write(
        tmp_path / "net",
        replace(graph, weights={**graph.weights, **declared}),
        weights={**weights_of(graph), **extra},
    )
    found = read_bundle(tmp_path / "net").weights
    for name, value in extra.items():
        np.testing.assert_array_equal(found[name], value, strict=True)


def test_the_bytes_do_not_depend_on_the_hash_seed(tmp_path):
    for seed in ("1", "77"):
        program = (
            "from pathlib import Path; from tests.mcore.platform.format.networks import small_bundle;"
            f"small_bundle(Path({str(tmp_path / seed)!r}))"
        )
        environment = {**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": "."}
        subprocess.run([sys.executable, "-c", program], env=environment, check=True)
    assert contents(tmp_path / "1") == contents(tmp_path / "77")


def test_a_process_killed_at_any_moment_leaves_a_whole_bundle_or_none(tmp_path):
    """It writes new bundles and replaces one, over and over, until it is killed."""
    program = (
        "import sys, itertools\n"
        "from pathlib import Path\n"
        "from tests.mcore.platform.format.networks import small_bundle\n"
        "root = Path(sys.argv[1])\n"
        "print('ready', flush=True)\n"
        "for i in itertools.count():\n"
        "    small_bundle(root / 'same', commit=str(i), overwrite=True)\n"
        "    small_bundle(root / f'new{i}', commit=str(i))\n"
    )
    rng = random.Random(4)
    whole = 0
    for kill in range(8):
        root = tmp_path / str(kill)
        root.mkdir()
        process = subprocess.Popen(
            [sys.executable, "-c", program, str(root)], env={**os.environ, "PYTHONPATH": "."}, stdout=subprocess.PIPE
        )
        assert process.stdout is not None
        process.stdout.readline()
        time.sleep(rng.uniform(0.0, 0.25))
        process.send_signal(signal.SIGKILL)
        process.wait()
        process.stdout.close()
        for folder in root.iterdir():
            if re.fullmatch(r"same|new\d+", folder.name):
                read_bundle(folder)
                whole += 1
            else:
                assert folder.name.startswith(".")
    assert whole > 0


def test_a_reader_always_finds_a_bundle_while_it_is_replaced(tmp_path):
    small_bundle(tmp_path / "net")
    program = (
        "import sys\n"
        "from pathlib import Path\n"
        "from tests.mcore.platform.format.networks import small_bundle\n"
        "for i in range(20):\n"
        "    small_bundle(Path(sys.argv[1]), commit=str(i), overwrite=True)\n"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", program, str(tmp_path / "net")], env={**os.environ, "PYTHONPATH": "."}
    )
    seen = 0
    while process.poll() is None:
        assert (tmp_path / "net").is_dir()
        seen += 1
    assert process.returncode == 0
    assert seen > 0
    assert read_manifest(tmp_path / "net").commit == "19"


def test_what_was_written_could_be_read(tmp_path, monkeypatch):
    """A graph that would not read back is refused by the writer, not found out by a device."""
    monkeypatch.setattr(writer, "graph_to_bytes", lambda graph, file: b"{}")
    with pytest.raises(FormatError, match=r"^graph\.json: not a platform-graph"):
        write(tmp_path / "net")
    assert os.listdir(tmp_path) == []
