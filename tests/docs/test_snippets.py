"""What the documents let people type is there: commands and options, names that are imported, examples that run."""

from __future__ import annotations

import ast
import importlib
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from farm.cli import cli
from tests.docs.reading import DOCUMENTS, ROOT, name_of, pieces, prose

#: Where a line of a shell goes on with something else than the command's arguments.
_END = {"|", "||", "&", "&&", ";", ">", ">>", "2>", "<"}
_VARIABLE = re.compile(r"[A-Z_]+=.*")


def typed(code: str) -> Iterator[list[str]]:
    """The arguments of each ``farm`` of a piece of shell."""
    for line in code.replace("\\\n", " ").splitlines():
        words = shlex.split(line, comments=True)
        while words and _VARIABLE.fullmatch(words[0]):
            words = words[1:]
        if words and words[0] == "farm":
            end = next((place for place, word in enumerate(words) if word in _END), len(words))
            if end > 1:
                yield words[1:end]


def parsed(arguments: list[str]) -> None:
    """Let click take the arguments, as far as it does without running anything."""
    command, names, rest = found(arguments)
    command.make_context(names[-1], rest)


def found(words: list[str]) -> tuple[click.Command, list[str], list[str]]:
    """The command that words begin with, its names, and the words that are left."""
    command: click.Command = cli
    names, rest = ["farm"], list(words)
    while isinstance(command, click.Group) and rest and not rest[0].startswith("-"):
        inner = command.get_command(click.Context(command), rest[0])
        if inner is None:
            break
        command, names, rest = inner, [*names, rest[0]], rest[1:]
    return command, names, rest


@pytest.mark.parametrize("page", DOCUMENTS, ids=name_of)
def test_commands_in_pieces_of_shell_are_right(page: Path) -> None:
    for code in (*pieces(page, "sh"), *pieces(page, "bash")):
        for arguments in typed(code):
            try:
                parsed(arguments)
            except click.exceptions.Exit:
                assert "--help" in arguments or "--version" in arguments
            except click.ClickException as error:
                pytest.fail(f"farm {shlex.join(arguments)}: {error.format_message()}")


@pytest.mark.parametrize("page", DOCUMENTS, ids=name_of)
def test_commands_in_the_text_have_the_options_that_they_are_given(page: Path) -> None:
    text = prose(page)
    said = [
        *re.findall(r"`farm ([a-z][^`\n]*)`", text),
        *re.findall(r"^    (?:\$ )?farm ([a-z].*)$", text, re.MULTILINE),
    ]
    for call in said:
        command, names, words = found(re.split(r"[\s|\[\](){}=]+", call.partition("  #")[0]))
        assert command is not cli, f"there is no command: farm {call}"
        inner = command.commands.values() if isinstance(command, click.Group) else ()
        options = [option for each in (command, *inner) for option in each.params]
        known = {name for option in options for name in (*option.opts, *option.secondary_opts)} | {"--help"}
        asked = {word.rstrip(".,:;") for word in words if re.fullmatch(r"--[a-z][a-z-]*[.,:;]*", word)}
        assert asked <= known, f"{' '.join(names)}: {call}"


PYTHON = [(page, code) for page in DOCUMENTS for code in pieces(page, "python")]


@pytest.mark.parametrize(("page", "code"), PYTHON, ids=[f"{name_of(p)}-{n}" for n, (p, _) in enumerate(PYTHON)])
def test_what_python_imports_is_there(page: Path, code: str) -> None:
    fragment = "def _():\n" + "".join(f"    {line}\n" for line in code.splitlines())
    for node in ast.walk(ast.parse(fragment)):
        if isinstance(node, ast.ImportFrom) and node.module and node.module.partition(".")[0] in OURS:
            module = importlib.import_module(node.module)
            assert [alias.name for alias in node.names if not hasattr(module, alias.name)] == []


OURS = {"farm", "workers", "mcore", "models"}

#: Pieces that run as they stand (by a line of each), and what must hold afterwards.
RUNS = {
    "README.md": ("class Stem(Module)", "import torch; assert Stem()(torch.zeros(1, 3, 8, 8)).shape == (1, 32, 8, 8)"),
    "docs/adding-an-op.md": (
        "def logit",
        "assert logit(np.float32([0.5]), eps=None) == 0.0; import mcore.platform.ops.page",
    ),
    "docs/writing-a-driver.md": (
        "class DoubleDriver",
        "from tests.workers.bundles import branched; from workers.canary import canary_failure;"
        "network = branched(); sample = network.samples[1]; driver = DoubleDriver({});"
        "found = driver.load(network.bundle()).run(sample.inputs);"
        "assert canary_failure(driver) == '';"
        "assert all(np.allclose(found[name], golden, 1e-4, 1e-5) for name, golden in sample.outputs.items())",
    ),
    "docs/architectures.md": ("model = assemble(", "assert model.parts['backbone'] == 'ResNet18'"),
}


def test_examples_run() -> None:
    """All in one other process: they enter themselves in registries."""
    lines = []
    for name, (mark, holds) in RUNS.items():
        (code,) = (code for code in pieces(ROOT / name, "python") if mark in code)
        lines += [f"space = {{'__name__': {name!r}}}", f"exec({code!r}, space)", f"exec({holds!r}, space)"]
    run = subprocess.run([sys.executable, "-c", "\n".join(lines)], cwd=ROOT, capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
