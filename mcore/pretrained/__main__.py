"""``python -m mcore.pretrained install FILE --family F --name N --task T --source S``."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from mcore.pretrained import PretrainedError, install


def main(arguments: list[str] | None = None) -> int:
    """Run the command; the exit code is 2 for a request that cannot be followed."""
    parser = argparse.ArgumentParser(prog="python -m mcore.pretrained", description="Pretrained weights, put in place.")
    command = parser.add_subparsers(required=True).add_parser(
        "install", help="put a checkpoint file where networks look for it"
    )
    command.add_argument("file", type=Path, help=".safetensors, or what torch.save wrote")
    for name, meaning in (
        ("family", "folder of the family: the name of the file that defines the network"),
        ("name", "of the network or backbone"),
        ("task", "that the weights were trained for"),
        ("source", "where they come from"),
    ):
        command.add_argument(f"--{name}", required=True, help=meaning)
    command.add_argument("--layout", default="native", help="whose key names they are (default: the network's own)")
    command.add_argument("--channels", default="", help="meaning of the input channels, such as R,G,B")
    command.add_argument("--dataset", default="", help="that they were trained on")
    command.add_argument("--mean", type=_numbers, help="of the input normalisation, by channel")
    command.add_argument("--std", type=_numbers, help="of the input normalisation, by channel")
    command.add_argument("--overwrite", action="store_true", help="replace weights that are there")
    given = vars(parser.parse_args(arguments))
    mean, std = given.pop("mean"), given.pop("std")
    given["channels"] = [c for c in given["channels"].split(",") if c]
    if (mean is None) != (std is None):
        parser.error("--mean and --std come together")
    if mean is not None:
        given["normalisation"] = {"mean": mean, "std": std}
    try:
        print(install(given.pop("file"), **given))
    except (PretrainedError, FileExistsError) as error:
        print(f"mcore.pretrained: {error}", file=sys.stderr)
        return 2
    return 0


def _numbers(text: str) -> list[float]:
    return [float(number) for number in text.split(",")]


if __name__ == "__main__":
    sys.exit(main())
