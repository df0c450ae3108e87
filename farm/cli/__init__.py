"""The ``farm`` command. Each subcommand lives in a module of its own that is imported when it is used: help stays quick."""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Sequence
from typing import NamedTuple

import click

from farm.web import WEB_LIBRARIES


class _Entry(NamedTuple):
    module: str
    summary: str


COMMANDS = {
    "submit": _Entry("submit", "Convert what changed, run it on every device, enter it in the table."),
    "status": _Entry("status", "What is known of one architecture on every device."),
    "table": _Entry("table", "The support table of a commit."),
    "diff": _Entry("diff", "What one commit broke, fixed and slowed down since another."),
    "gate": _Entry("gate", "Judge a commit by its base, for a pull request; runs nothing."),
    "history": _Entry("history", "What was known of one architecture at every commit."),
    "bisect": _Entry("bisect", "Find the commit that broke an architecture on a device."),
    "repro": _Entry("repro", "Make a capsule of an attempt, which replays it elsewhere."),
    "regressions": _Entry("regressions", "What turned from passing to failing, since when, and why; known issues."),
    "plan": _Entry("plan", "What a submission would select, and why; runs nothing."),
    "audit": _Entry("audit", "Convert everything, and see whether the selection missed anything."),
    "why": _Entry("why", "Why one architecture is, or is not, selected."),
    "convert": _Entry("convert", "Convert one architecture into a folder."),
    "rejudge": _Entry("rejudge", "Judge what was observed by another policy; runs nothing."),
    "checkpoints": _Entry("checkpoints", "Trained weights: list, search, import, export, verify."),
    "devices": _Entry("devices", "Device types of the inventory, their units and queues."),
    "jobs": _Entry("jobs", "Jobs: where each stands, why it waits; cancel and release them."),
    "logs": _Entry("logs", "What an attempt left behind: how it ended, and what its process said."),
    "metrics": _Entry("metrics", "The farm's metrics, as Prometheus reads them."),
    "fixes": _Entry("fixes", "What devices lack, and what fixing it would turn green."),
    "web": _Entry("web", "Serve the table and all that leads to it as pages, and as JSON."),
    "report": _Entry("report", "Write those pages as files."),
    "up": _Entry("up", "Run a whole farm on this machine, for development."),
    "coordinator": _Entry("coordinator", "Run the coordinator: convert, dispatch, merge."),
    "converter": _Entry("converter", "Run a converter beside a coordinator."),
    "gc": _Entry("gc", "Remove artifacts that nobody needs any more, and what killed processes left."),
    "doctor": _Entry(
        "doctor", "What is wrong with installation and repository, and what selection cannot see through."
    ),
    "schema": _Entry("schema", "The JSON Schema of a --json document."),
    "selftest": _Entry("selftest", "Inject every fault on purpose; print what the farm makes of each."),
    "broker": _Entry("broker", "The accounts of device hosts on the broker."),
    "db": _Entry("db", "Migrate the database."),
}

#: What a device host, which has the base alone, lacks.
COORDINATOR_LIBRARIES = (
    "alembic",
    "lark",
    "platformdirs",
    "prometheus_client",
    "psycopg",
    "pydantic",
    "rich",
    "sqlalchemy",
    "yaml",
)


class _Lazy(click.Group):
    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        entry = COMMANDS.get(cmd_name)
        if entry is None:
            return None
        command = getattr(importlib.import_module(f"farm.cli.{entry.module}"), cmd_name)
        assert isinstance(command, click.Command)
        if "_FARM_COMPLETE" in os.environ:  # the shell asks
            from farm.cli.completion import complete_values

            complete_values(command)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args and args[0] not in COMMANDS:
            from farm.errors import near

            raise click.UsageError(f"no command {args[0]!r}{near(args[0], COMMANDS)}", ctx)
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, entry.summary) for name, entry in COMMANDS.items()])


@click.group(cls=_Lazy, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="device-farm", prog_name="farm")
def cli() -> None:
    """Which of our networks work on which device, at which commit, and what broke them.

    \b
    farm submit --changed-since HEAD~1     test what the last commit changed
    farm status resnet50                   one network, every device
    farm table                             everything

    Results go to standard output, progress to standard error. Exit codes: 0 good, 1 a result is bad, 2 usage,
    3 infrastructure, 4 not found, 5 timed out while waiting.
    """  # noqa: D301


def main(arguments: Sequence[str] | None = None) -> None:
    """Entry point; turns the farm's errors into one line and an exit code."""
    try:
        code = cli.main(arguments, standalone_mode=False, prog_name="farm")
    except click.exceptions.Exit as stop:
        code = stop.exit_code
    except click.Abort:
        click.echo("farm: interrupted", err=True)
        code = 130
    except click.ClickException as error:
        error.show()
        code = error.exit_code
    except ModuleNotFoundError as error:
        if error.name not in (*COORDINATOR_LIBRARIES, *WEB_LIBRARIES):
            raise
        from farm.extras import bring

        extra = "web" if error.name in WEB_LIBRARIES else "coordinator"
        click.echo(f"farm: this command needs {error.name}: {bring(extra)}", err=True)
        code = 3
    except Exception as error:
        exit_code = getattr(error, "exit_code", None)
        if exit_code is None:  # not one of ours: the traceback is what helps
            raise
        click.echo(f"farm: {error}", err=True)
        code = int(exit_code)
    sys.exit(code if isinstance(code, int) else 0)
