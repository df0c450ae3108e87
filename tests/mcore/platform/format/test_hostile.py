"""Bundles damaged or made with bad intent: read for what they say, or refused with one line, soon and in little memory.

The mutations and properties are those of the coverage-guided runs (``make fuzz``); here a few hundred of each.
"""

import shutil
import time
import tracemalloc
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mcore.platform.errors import FormatError
from mcore.platform.format import graph_from_bytes, graph_to_bytes, limits, tensors_from_bytes
from mcore.platform.runtime import limits as runtime_limits
from tests.fuzz.targets import TARGETS, check_bundle, mutate_bundle, packed, read_and_run
from tests.mcore.platform.format import hostile
from tests.mcore.platform.format.networks import rich_bundle, rich_graph, small_bundle, small_graph

SEEDS = st.integers(0, 2**64 - 1)
#: Seconds that one small file or bundle may take, on a machine that is busy with other things.
TIME_S = 10
#: Memory that reading a bundle of 40 KB may take, in bytes, its parsed documents and the error included.
MEMORY_BYTES = 8 << 20


@pytest.fixture(scope="module")
def bundles(tmp_path_factory):
    folder = tmp_path_factory.mktemp("bundles")
    small_bundle(folder / "small")
    rich_bundle(folder / "rich")
    return folder


@pytest.fixture(autouse=True, scope="module")
def little_memory():
    """Plans as large as this machine allows would take too long to run."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(runtime_limits, "memory_bytes", lambda: 64 << 20)
        yield


@pytest.mark.parametrize("target", TARGETS.values(), ids=lambda target: target.name)
def test_what_is_valid_is_taken(target):
    for seed in target.seeds():
        target.check(seed)


@pytest.mark.parametrize("name", ["graph", "manifest", "tensors", "sample"])
@settings(max_examples=300, deadline=TIME_S * 1000)
@given(SEEDS)
def test_a_mutated_file_means_what_it_says_or_is_refused(name, seed):
    target, random = TARGETS[name], Random(seed)
    target.check(target.mutate(random.choice(target.seeds()), random))


@settings(max_examples=150, deadline=TIME_S * 1000)
@given(SEEDS)
def test_a_mutated_bundle_can_be_run_or_is_refused(seed):
    target, random = TARGETS["bundle"], Random(seed)
    data = random.choice(target.seeds())
    for _ in range(random.randint(1, 2)):
        data = mutate_bundle(data, random)
    check_bundle(data)


def test_mutations_get_past_the_checksums_and_the_form(bundles):
    """Else the properties above would only ever see the first check of the reader."""
    seen = set()
    for seed in range(300):
        random = Random(seed)
        files = hostile.read_files(bundles / random.choice(["small", "rich"]))
        mutated = hostile.mutated("graph.json", files["graph.json"], random)
        try:
            graph_from_bytes(mutated)
        except FormatError as error:
            seen.add(error.what.split()[0])
        else:
            seen.add("taken")
    assert {"taken", "op", "expected", "field", "unknown", "not", "input", "output", "key"} <= seen


@pytest.mark.timeout(120)
@settings(max_examples=60, deadline=TIME_S * 1000)
@given(SEEDS)
def test_links_pipes_folders_and_sizes_that_lie(tmp_path_factory, bundles, seed):
    random = Random(seed)
    place = tmp_path_factory.mktemp("damaged")
    folder = shutil.copytree(bundles / random.choice(["small", "rich"]), place / "net")
    hostile.folder_mutation(folder, random)
    with pytest.raises(FormatError):
        read_and_run_loudly(folder)
    shutil.rmtree(place)


def read_and_run_loudly(folder):
    """As ``read_and_run``, and the refusal, once judged, is raised: nothing that happened to the folder may pass."""
    from mcore.platform.format import read_bundle

    read_and_run(folder)
    read_bundle(folder)


@settings(max_examples=40)
@given(SEEDS)
def test_a_lie_takes_no_memory(seed):
    random = Random(seed)
    data = mutate_bundle(random.choice(TARGETS["bundle"].seeds()), random)
    tracemalloc.start()
    try:
        check_bundle(data)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < MEMORY_BYTES + 6 * len(data)


#: Documents that become as much as they can in memory for their size; the whole is some number of them.
COSTLY = {
    "nested lists": "[" * 38 + "]" * 38,
    "lists of fractions": "[1.5,1.5,1.5]",
    "fractions": "1.5",
    "objects": '{"a":{}}',
    "texts": '"é"',
}
#: What these tests have of the real limits: the same documents, smaller.
SHARE = 256


@pytest.fixture
def smaller_limits(monkeypatch):
    for name in ("CONTAINERS", "VALUES", "GRAPH_BYTES"):
        monkeypatch.setattr(limits, name, getattr(limits, name) // SHARE)


@pytest.mark.parametrize("part", COSTLY.values(), ids=COSTLY)
def test_the_largest_document_takes_no_more_memory_than_declared(part, smaller_limits):
    containers = part.count("[") + part.count("{")
    values = containers + part.count(",") + 1
    count = min(
        (limits.GRAPH_BYTES - 2000) // (len(part.encode()) + 1),
        (limits.VALUES - 200) // values,
        (limits.CONTAINERS - 200) // containers if containers else limits.VALUES,
    )
    data = graph_to_bytes(small_graph()).replace(b'"strides":2', f'"strides":[{",".join([part] * count)}]'.encode())
    tracemalloc.start()
    try:
        graph = graph_from_bytes(data)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert len(graph.metadata["strides"]) == count
    assert peak < limits.DOCUMENT_MEMORY_BYTES / SHARE


@pytest.mark.parametrize(
    ("part", "message"), [("[]", "lists and objects, the limit is 4096"), ("0", "values, the limit is 16384")]
)
def test_a_document_of_too_many_values_is_not_parsed(part, message, smaller_limits, monkeypatch):
    data = graph_to_bytes(small_graph()).replace(b'"strides":2', f'"strides":[{",".join([part] * 16384)}]'.encode())
    monkeypatch.setattr("json.loads", lambda *_, **__: pytest.fail("was parsed"))
    with pytest.raises(FormatError, match=rf"^graph\.json: \d+ {message}"):
        graph_from_bytes(data)


def test_the_limits_leave_room_for_the_largest_networks():
    """A node with four sizes that are expressions: as many as fit in the bytes of a graph must not be too many values."""
    line = max(graph_to_bytes(rich_graph()).splitlines(), key=lambda line: line.count(b"["))
    nodes = limits.GRAPH_BYTES // len(line)
    assert nodes > 20_000
    assert 30_000 * (line.count(b"[") + line.count(b"{")) < limits.CONTAINERS
    assert nodes * (line.count(b"[") + line.count(b"{") + line.count(b",")) < limits.VALUES


@pytest.mark.parametrize(
    "header",
    [
        '{"a":{"dtype":"F32","shape":[1099511627776],"data_offsets":[0,4398046511104]}}',
        '{"a":{"dtype":"F32","shape":[65536,65536,65536,0,9],"data_offsets":[0,0]}}',
        '{"a":{"dtype":"F32","shape":[4611686018427387904,4],"data_offsets":[0,0]}}',
        '{"a":{"dtype":"U8","shape":[4],"data_offsets":[-4,0]}}',
        '{"a":{"dtype":"U8","shape":[9223372036854775807],"data_offsets":[0,9223372036854775807]}}',
        '{"../../a":{"dtype":"U8","shape":[1],"data_offsets":[0,9223372036854775808]}}',
    ],
)
def test_a_header_that_promises_much_costs_nothing(header):
    data = len(header).to_bytes(8, "little") + header.encode()
    started = time.perf_counter()
    tracemalloc.start()
    try:
        with pytest.raises(FormatError, match=r"^weights\.safetensors: "):
            tensors_from_bytes(data)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 1 << 20
    assert time.perf_counter() - started < TIME_S


def test_a_container_is_not_a_way_out_of_the_folder():
    """The harness itself must not write where a mutated name points."""
    check_bundle(packed({"../../escaped": b"x", "manifest.json": b"{}"}))
