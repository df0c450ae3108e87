"""Weights by family and name: key maps, adaptation, a report, and one line for whatever does not fit."""

import io
import json
from pathlib import Path
from typing import ClassVar

import numpy as np
import pytest
import torch

from mcore.module import Module
from mcore.pretrained import Adaptation, PretrainedError, fingerprint, install, load_pretrained
from mcore.pretrained.loading import rename
from models import BatchNorm2d, Conv2d, Linear


class Net(Module):
    key_maps: ClassVar = {"theirs": ((r"^stem\.", "conv."), (r"^aux\.", None), (r"^head\.fc\.", "fc."))}

    def __init__(self, channels=3, classes=4, width=8):
        super().__init__()
        self.conv = Conv2d(channels, width, 3)
        self.bn = BatchNorm2d(width)
        self.fc = Linear(width, classes)


@pytest.fixture
def put(tmp_path, monkeypatch):
    """Installs a state dict for ``Net``; gives the folder."""
    monkeypatch.setenv("FARM_CHECKPOINTS", str(tmp_path / "checkpoints"))

    def install_state(state, **facts):
        torch.save(state, tmp_path / "state.pth")
        facts = {"family": "test_loading", "name": "Net", "task": "none", "source": "here", **facts}
        return install(tmp_path / "state.pth", overwrite=True, **facts)

    return install_state


def same(model, state):
    return all(torch.equal(value, state[key]) for key, value in model.state_dict().items())


def test_weights_are_found_by_the_file_and_the_class(put):
    source = Net()
    put(source.state_dict())
    model = Net()
    report = load_pretrained(model)
    assert same(model, source.state_dict())
    assert "conv.weight" in report.loaded
    assert (report.adapted, report.fresh, report.dropped) == ((), (), ())
    assert report.manifest.source == "here"


def test_the_report_has_the_fingerprint_of_files_that_are_read_once(put, monkeypatch):
    folder = put(Net().state_dict())
    wanted, opened, open_file = fingerprint(folder), [], io.open

    def noted(file, *args, **kwargs):
        opened.append(Path(file).name)
        return open_file(file, *args, **kwargs)

    monkeypatch.setattr(io, "open", noted)
    assert load_pretrained(Net()).fingerprint == wanted
    assert opened == ["manifest.json", "weights.safetensors"]


def test_a_name_in_lower_case_is_found_too(put):
    put(Net().state_dict(), name="net")
    assert load_pretrained(Net()).loaded


def test_another_layout_goes_through_the_declared_key_map(put):
    source = Net().state_dict()
    names = {"conv.": "stem.", "fc.": "head.fc.", "bn.": "bn."}
    theirs = {
        new + key.removeprefix(old): v for key, v in source.items() for old, new in names.items() if key.startswith(old)
    }
    put({**theirs, "aux.weight": torch.zeros(3)}, layout="theirs")
    model = Net()
    assert load_pretrained(model).dropped == ("aux.weight",)
    assert same(model, source)


def test_a_layout_without_a_key_map_is_refused(put):
    put(Net().state_dict(), layout="nobodys")
    with pytest.raises(PretrainedError, match=r"Net has no key map for the layout 'nobodys'; it has native, theirs$"):
        load_pretrained(Net())


def test_two_keys_that_become_one_are_refused():
    with pytest.raises(PretrainedError, match="makes two weights one: fc"):
        rename({"a": np.zeros(1), "b": np.zeros(1)}, [("^[ab]$", "fc")])


def test_other_channels_and_classes_only_when_asked(put):
    source = Net()
    put(source.state_dict())
    with pytest.raises(
        PretrainedError, match=r"conv.weight is \(8, 3, 3, 3\), wanted \(8, 1, 3, 3\) \(say Adaptation\(channels="
    ):
        load_pretrained(Net(channels=1))
    with pytest.raises(
        PretrainedError, match=r'fc.weight is \(4, 8\), wanted \(9, 8\) \(say Adaptation\(classes="fresh"\)\)'
    ):
        load_pretrained(Net(classes=9))
    model = Net(channels=1, classes=9)
    before = model.fc.weight.clone()
    report = load_pretrained(model, Adaptation(channels="repeat", classes="fresh"))
    assert report.adapted == ("conv.weight",)
    assert report.fresh == ("fc.weight", "fc.bias")
    torch.testing.assert_close(model.conv.weight, source.conv.weight.sum(dim=1, keepdim=True))
    assert torch.equal(model.fc.weight, before)
    fresh = Net(channels=5)
    assert load_pretrained(fresh, Adaptation(channels="fresh")).fresh == ("conv.weight",)


def test_another_width_is_not_taken_for_another_number_of_classes(put):
    put(Net().state_dict())
    with pytest.raises(PretrainedError, match="wrong shape"):
        load_pretrained(Net(width=16, classes=9), Adaptation(channels="repeat", classes="fresh"))


def test_missing_and_unexpected_weights_are_listed_and_nothing_is_loaded(put):
    state = Net().state_dict()
    del state["fc.bias"]
    put({**state, "extra": torch.zeros(1)})
    model = Net()
    before = {key: value.clone() for key, value in model.state_dict().items()}
    with pytest.raises(PretrainedError, match=r"do not fit Net: missing: fc.bias; unexpected: extra$"):
        load_pretrained(model)
    assert same(model, before)


def test_a_part_takes_its_own_from_the_whole(put):
    put({**Net().state_dict(), "head.weight": torch.zeros(2)})
    assert load_pretrained(Net(), partial=True).dropped == ("head.weight",)


def test_damaged_weights_are_refused(put):
    folder = put(Net().state_dict())
    data = bytearray((folder / "weights.safetensors").read_bytes())
    data[-1] ^= 1
    (folder / "weights.safetensors").write_bytes(data)
    with pytest.raises(PretrainedError, match=r"weights.safetensors: sha256 is \w{12}\.\.\., the manifest says"):
        load_pretrained(Net())


@pytest.mark.parametrize("text", ["", "{}", '{"sha256": 3}', '{"sha256": "", "source": "", "task": "", "colour": 1}'])
def test_a_manifest_that_is_none_is_refused(put, text):
    folder = put(Net().state_dict())
    (folder / "manifest.json").write_text(text)
    with pytest.raises(PretrainedError, match=r"manifest.json: "):
        load_pretrained(Net())


def test_a_missing_file_says_where_it_was_looked_for_and_how_to_put_it_there(put, tmp_path):
    with pytest.raises(PretrainedError) as caught:
        load_pretrained(Net())
    folder = tmp_path / "checkpoints" / "pretrained" / "test_loading" / "Net"
    assert str(folder) in str(caught.value)
    assert "python -m mcore.pretrained install FILE --family test_loading --name Net" in str(caught.value)


def test_without_a_configured_folder_the_variable_is_named(monkeypatch):
    monkeypatch.delenv("FARM_CHECKPOINTS", raising=False)
    with pytest.raises(PretrainedError, match="set FARM_CHECKPOINTS"):
        load_pretrained(Net())


def test_the_manifest_is_plain_json(put):
    folder = put(Net().state_dict(), channels=["R"])
    assert json.loads((folder / "manifest.json").read_text())["channels"] == ["R"]
