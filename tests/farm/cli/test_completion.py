"""Shell completion, asked for as the shells ask: by click's own protocol, in the environment."""

from __future__ import annotations

import subprocess
from collections.abc import Callable

import pytest

from farm.cli import main
from farm.cli.completion import WORDS
from tests.farm.cli.test_help import EVERY
from tests.farm.conftest import Scratch

#: What no list of words can offer.
FREE = {
    "A,B",
    "ADDRESS",
    "ATTEMPT",
    "DIR|FILE.tar",
    "URL",
    "YYYY-MM-DD",
    "[COMMIT|SUBMISSION]",
    "ATTEMPT|JOB",
    "DAYS",
    "DEFINITION|FILE",
    "DIR",
    "FACTOR",
    "FILE",
    "FILTER",
    "HOURS",
    "ID",
    "JOB...",
    "K",
    "KEY=VALUE",
    "LAYOUT",
    "N",
    "NAME=VALUE",
    "PART",
    "SECONDS",
    "TAG",
    "TASK",
    "TEXT",
    "UNIT",
    "[CHECKPOINT]...",
    "[JOB]...",
    "[SECONDS]",
    "[failures|all]",
}

Complete = Callable[..., list[str]]


@pytest.fixture
def complete(tiny: Scratch, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Complete:
    """What bash would be offered for the last of the words."""

    def ask(*words: str) -> list[str]:
        monkeypatch.setenv("_FARM_COMPLETE", "bash_complete")
        monkeypatch.setenv("COMP_WORDS", " ".join(["farm", *words]))
        monkeypatch.setenv("COMP_CWORD", str(len(words)))
        capsys.readouterr()
        with pytest.raises(SystemExit):
            main([])
        captured = capsys.readouterr()
        assert captured.err == ""
        return [line.partition(",")[2] for line in captured.out.splitlines() if line]

    return ask


@pytest.mark.parametrize(
    ("words", "offered"),
    [
        (("statu",), ["status"]),
        (("devices", "d"), ["drain"]),
        (("status", "t"), ["tiny"]),
        (("why", "B"), ["Block"]),
        (("convert", "wi"), ["wide"]),
        (("status", "tiny@m"), ["tiny@main"]),
        (("submit", "--name", "w"), ["wide"]),
        (("table", "--device", "e"), ["exact"]),
        (("devices", "drain", "unit-1", "--device", "n"), ["numpy"]),
        (("fixes", ""), ["numpy", "exact"]),
        (("table", "--kind", "ba"), ["backbone"]),
        (("table", "--verdict", "F"), ["FAILED", "FLAKY"]),
        (("table", "--form"), ["--format"]),
        (("table", "--format", "m"), ["md"]),
        (("diff", "HE"), ["HEAD", "HEAD~1"]),
        (("plan", "--changed-since", "v"), ["v1.0"]),
        (("rejudge", "--policy", ""), ["fp32"]),
        (("status", "nothing-like-it"), []),
    ],
)
def test_what_a_shell_is_offered(complete: Complete, tiny: Scratch, words: tuple[str, ...], offered: list[str]) -> None:
    tiny.git("tag", "v1.0")
    assert complete(*words) == offered


@pytest.mark.parametrize("text", [None, "", "devices: [", "- a list", "devices: 3\ncatalogue: x\n"])
def test_what_cannot_be_read_is_not_offered(complete: Complete, tiny: Scratch, text: str | None) -> None:
    tiny.write({"inventory.yaml": text, "models/networks/__init__.py": "__all__ = ["})
    assert complete("table", "--device", "") == []
    assert complete("status", "t") == []


def test_outside_of_a_repository_nothing_is_offered(
    complete: Complete, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path_factory.mktemp("elsewhere"))
    assert complete("status", "t") == complete("table", "--device", "") == []
    assert complete("diff", "HE") == ["HEAD", "HEAD~1"]


def test_every_value_is_completed_or_is_free_text() -> None:
    metavars = {p.metavar for command in EVERY.values() for p in command.params if p.metavar}
    assert metavars - set(WORDS) - FREE == set()


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_every_shell_has_a_script(
    shell: str, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("_FARM_COMPLETE", f"{shell}_source")
    with pytest.raises(SystemExit) as stopped:
        main([])
    assert stopped.value.code == 0
    said = capfd.readouterr().out
    assert f"_FARM_COMPLETE={shell}_complete" in said


def test_the_script_is_one_that_bash_takes(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("_FARM_COMPLETE", "bash_source")
    with pytest.raises(SystemExit):
        main([])
    script = capfd.readouterr().out
    done = subprocess.run(["bash", "-c", f"{script}\ncomplete -p farm"], capture_output=True, text=True, check=True)
    assert "_farm_completion" in done.stdout
