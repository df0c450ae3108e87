import json
from dataclasses import replace

import numpy as np
import pytest
import safetensors

from mcore.platform.bundle import Sample
from mcore.platform.errors import FormatError
from mcore.platform.format import sample_from_bytes, sample_to_bytes, tensors_to_bytes
from tests.mcore.platform.format.networks import sample_of, small_graph

SAMPLE = sample_of(small_graph(), 2, 8, 12)
FIGURES = {"sensitivity": "{}", "noise_floor": "{}"}


def equal(a: Sample, b: Sample) -> bool:
    groups = ("inputs", "outputs", "digests")
    return (a.name, a.sensitivity, a.noise_floor) == (b.name, b.sensitivity, b.noise_floor) and all(
        getattr(a, g).keys() == getattr(b, g).keys()
        and all(np.array_equal(getattr(a, g)[n], getattr(b, g)[n]) for n in getattr(a, g))
        for g in groups
    )


def test_a_sample_comes_back():
    data = sample_to_bytes(SAMPLE)
    assert equal(sample_from_bytes("8x12", data), SAMPLE)
    assert sample_to_bytes(sample_from_bytes("8x12", data)) == data


def test_other_readers_find_the_tensors_and_the_figures(tmp_path):
    path = tmp_path / "8x12.safetensors"
    path.write_bytes(sample_to_bytes(SAMPLE))
    with safetensors.safe_open(path, "numpy") as file:
        assert {"in/x", "out/out", "out/skip", "digest/v0"} <= set(file.keys())
        assert json.loads(file.metadata()["sensitivity"]) == {"out": 0.25, "skip": 0.25}
        assert file.metadata()["noise_floor"] == '{"out":3.1e-07,"skip":3.1e-07}'


def test_figures_may_be_numpys_and_in_any_order():
    changed = replace(SAMPLE, sensitivity={"skip": np.float32(0.25), "out": np.float64(0.25)})
    assert sample_to_bytes(changed) == sample_to_bytes(SAMPLE)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -0.5])
def test_figures_are_finite_and_not_negative(value):
    with pytest.raises(FormatError, match=r"^samples/8x12\.safetensors: noise_floor"):
        sample_to_bytes(replace(SAMPLE, noise_floor={"out": value}))


@pytest.mark.parametrize(
    "name", ["", "8", "8x", "x8", "08x8", "8x8x8", "../8x8", "8x8/..", "8x8\n", "٣x٣", "8 x8", "1234567x1"]
)
def test_a_name_is_height_x_width(name):
    with pytest.raises(FormatError, match=r"^samples: sample .* is not named <H>x<W>"):
        sample_to_bytes(replace(SAMPLE, name=name))


@pytest.mark.parametrize(
    ("tensors", "texts", "message"),
    [
        ({"x": np.zeros(1)}, FIGURES, "tensor 'x' is none of in/, out/, digest/"),
        ({"mid/x": np.zeros(1)}, FIGURES, "tensor 'mid/x' is none of"),
        ({"in/": np.zeros(1)}, FIGURES, "tensor 'in/' is none of"),
        ({}, {}, "the header's texts are not noise_floor and sensitivity"),
        ({}, {**FIGURES, "note": ""}, "the header's texts are not"),
        ({}, {**FIGURES, "sensitivity": "[]"}, "sensitivity: expected an object"),
        ({}, {**FIGURES, "sensitivity": '{"a":NaN}'}, "sensitivity: NaN has no place in JSON"),
        ({}, {**FIGURES, "sensitivity": '{"a":-1}'}, "sensitivity['a']: expected a number from 0 on, got -1"),
        ({}, {**FIGURES, "noise_floor": '{"a":1,"a":1}'}, "noise_floor: key 'a' is given twice"),
        ({}, {**FIGURES, "noise_floor": "{"}, "noise_floor: not JSON"),
    ],
)
def test_files_that_are_no_samples(tensors, texts, message):
    with pytest.raises(FormatError) as caught:
        sample_from_bytes("8x12", tensors_to_bytes(tensors, texts))
    assert str(caught.value).startswith(f"samples/8x12.safetensors: {message}")
