"""Files that people have, put where networks look; what is no state dict is refused in one line."""

import json
import pickle
from collections import OrderedDict

import numpy as np
import pytest
import torch
from safetensors.numpy import save_file

from mcore.pretrained import PretrainedError, install
from mcore.pretrained.__main__ import main
from mcore.pretrained.manifest import read

WEIGHT = torch.arange(6, dtype=torch.float32).reshape(2, 3)
FACTS = {"family": "tiny", "name": "net", "task": "classification", "source": "made here"}


@pytest.fixture(autouse=True)
def checkpoints(tmp_path, monkeypatch):
    monkeypatch.setenv("FARM_CHECKPOINTS", str(tmp_path / "checkpoints"))
    return tmp_path / "checkpoints"


@pytest.mark.parametrize(
    "wrap",
    [
        dict,
        OrderedDict,
        lambda state: {"state_dict": state, "epoch": 3},
        lambda state: {"model": state, "optimizer": {"lr": 0.1}},
        lambda state: {f"module.{key}": value for key, value in state.items()},
    ],
)
def test_what_torch_saved_is_read_in_all_its_wrappings(wrap, tmp_path, checkpoints):
    file = tmp_path / "weights.pth"
    torch.save(wrap({"fc.weight": WEIGHT, "steps": torch.tensor(3)}), file)
    folder = install(file, **FACTS)
    assert folder == checkpoints / "pretrained" / "tiny" / "net"
    manifest, weights, _ = read(folder)
    assert (manifest.task, manifest.source, manifest.layout) == ("classification", "made here", "native")
    np.testing.assert_array_equal(weights["fc.weight"], WEIGHT.numpy())
    assert weights["steps"] == 3


def test_safetensors_are_read(tmp_path):
    save_file({"fc.weight": WEIGHT.numpy()}, tmp_path / "weights.safetensors")
    _, weights, _ = read(install(tmp_path / "weights.safetensors", **FACTS))
    np.testing.assert_array_equal(weights["fc.weight"], WEIGHT.numpy())


class Trap:
    def __reduce__(self):
        return print, ("this ran",)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (lambda file: file.write_bytes(b"nothing"), "not a file of plain tensors"),
        (lambda file: file.write_bytes(b""), "not a file of plain tensors"),
        (lambda file: file.write_bytes(pickle.dumps({"fc": Trap()}, protocol=2)), "not a file of plain tensors"),
        (lambda file: torch.save({"fc": Trap()}, file), "not a file of plain tensors"),
        (lambda file: torch.save([WEIGHT], file), "holds no state dict"),
        (lambda file: torch.save({}, file), "holds no state dict"),
        (lambda file: torch.save({"epoch": 3}, file), "holds no state dict"),
        (
            lambda file: torch.save({"fc": WEIGHT.to(torch.float8_e4m3fn)}, file),
            "fc is a tensor of torch.float8_e4m3fn",
        ),
        (lambda file: None, "cannot be read: No such file"),
    ],
)
def test_what_is_no_state_dict_is_refused_and_nothing_runs(content, message, tmp_path, checkpoints, capsys):
    file = tmp_path / "weights.pth"
    content(file)
    with pytest.raises(PretrainedError, match=message) as caught:
        install(file, **FACTS)
    assert "\n" not in str(caught.value)
    assert "this ran" not in capsys.readouterr().out
    assert not checkpoints.exists()


def test_weights_are_replaced_only_when_asked(tmp_path):
    torch.save({"w": WEIGHT}, tmp_path / "first.pth")
    torch.save({"w": WEIGHT + 1}, tmp_path / "second.pth")
    folder = install(tmp_path / "first.pth", **FACTS)
    with pytest.raises(FileExistsError):
        install(tmp_path / "second.pth", **FACTS)
    np.testing.assert_array_equal(read(folder)[1]["w"], WEIGHT)
    install(tmp_path / "second.pth", overwrite=True, **FACTS)
    np.testing.assert_array_equal(read(folder)[1]["w"], WEIGHT + 1)


def test_the_command(tmp_path, checkpoints, capsys):
    torch.save({"w": WEIGHT}, tmp_path / "w.pth")
    required = ["--family", "tiny", "--name", "net", "--task", "classification", "--source", "here"]
    facts = ["--layout", "timm", "--channels", "R,G,B", "--mean", "0.1,0.2,0.3", "--std", "1,1,1", "--dataset", "none"]
    assert main(["install", str(tmp_path / "w.pth"), *required, *facts]) == 0
    folder = checkpoints / "pretrained" / "tiny" / "net"
    assert capsys.readouterr().out.strip() == str(folder)
    said = json.loads((folder / "manifest.json").read_text())
    assert said["channels"] == ["R", "G", "B"]
    assert said["normalisation"] == {"mean": [0.1, 0.2, 0.3], "std": [1.0, 1.0, 1.0], "peak": 1.0}
    assert main(["install", str(tmp_path / "w.pth"), *required]) == 2
    assert "exists already" in capsys.readouterr().err
    assert main(["install", str(tmp_path / "none.pth"), *required, "--overwrite"]) == 2
