"""docs/commands.md: every command and option, as ``--help`` has them."""

from __future__ import annotations

import inspect
from collections.abc import Iterator

import click

from farm.cli import cli
from farm.reference.markdown import anchor, note, table

_HEAD = """\
# Commands

What `farm COMMAND --help` says, of all commands. [The command line](cli.md) tells of what they have in common. Each takes `-h`
and `--help`; an option that is *repeatable* may be given several times.
"""


def page() -> str:
    """The whole page."""
    found = list(commands())
    contents = table(
        ("command", ""),
        ((f"[{names}](#{anchor(names)})", _first(command)) for names, command in found),
    )
    sections = [_section(names, command) for names, command in found]
    return "\n".join([note("farm.cli"), _HEAD, contents, *sections])


def commands(group: click.Group = cli, above: str = "farm") -> Iterator[tuple[str, click.Command]]:
    """Every command with its full name, in the order of the help; groups before what is in them."""
    context = click.Context(group, info_name=above)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        yield f"{above} {name}", command
        if isinstance(command, click.Group):
            yield from commands(command, f"{above} {name}")


def _section(names: str, command: click.Command) -> str:
    prose, examples = _parts(command)
    parts = [f"## {names}\n", f"```text\n{_usage(names, command)}\n```\n"]
    parts += [f"{paragraph}\n" for paragraph in prose]
    options = [p for p in command.params if isinstance(p, click.Option) and not p.hidden]
    if options:
        parts.append(table(("option", ""), ((_spelt(option), _said(option)) for option in options)))
    if examples:
        parts.append("\n".join(["```sh", *examples, "```\n"]))
    return "\n".join(parts)


def _usage(names: str, command: click.Command) -> str:
    pieces = command.collect_usage_pieces(click.Context(command, info_name=names))
    return " ".join([names, *pieces])


def _first(command: click.Command) -> str:
    """The first sentence of the help."""
    first = _parts(command)[0][0]
    return first.partition(". ")[0].removesuffix(".") + "."


def _parts(command: click.Command) -> tuple[list[str], list[str]]:
    r"""The paragraphs of the help, and its examples: the lines below a \b."""
    prose: list[str] = []
    examples: list[str] = []
    for block in inspect.cleandoc(command.help or "").split("\n\n"):
        lines = block.splitlines()
        if lines and lines[0].strip() == "\b":
            examples += lines[1:]
        elif lines:
            prose.append(_escaped(" ".join(line.strip() for line in lines)))
    return prose, examples


def _spelt(option: click.Option) -> str:
    names = [f"`{name}`" for name in (*option.opts, *option.secondary_opts)]
    # As the help shows it: a click.Choice by its values, a flag by nothing.
    value = "" if option.is_flag or option.count else option.make_metavar(click.Context(click.Command("")))
    return ", ".join(names) + (f" `{value}`" if value else "")


def _said(option: click.Option) -> str:
    record = option.get_help_record(click.Context(click.Command(""), show_default=option.show_default is True))
    return _escaped(record[1] if record else option.help or "")


def _escaped(text: str) -> str:
    """What Markdown would take for its own signs."""
    for sign in ("*", "<", "["):
        text = text.replace(sign, f"\\{sign}")
    return text
