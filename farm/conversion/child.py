"""The converter's child process: imports the model code of one commit and converts the architectures that it is given.

Reads a :class:`~farm.conversion.wire.Request` from standard input and writes events, one JSON line each, to the file
descriptor that its argument names; what model code prints so never mixes with them. Nothing of the farm but the wire is
imported before the commit's own packages are first on the path.
"""

from __future__ import annotations

import contextlib
import errno
import importlib
import os
import sys
import time
import traceback
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from farm.conversion.watch import Reach, Watch
from farm.conversion.wire import Begun, Event, Item, Request, Result
from workers.outcome import Cause, Outcome

if TYPE_CHECKING:
    from mcore.convert.errors import ConversionError


def main() -> None:
    """Entry: ``python -m farm.conversion.child <descriptor>``."""
    out = os.fdopen(int(sys.argv[1]), "wb", buffering=0)
    request = msgspec.json.decode(sys.stdin.buffer.read(), type=Request)

    def emit(event: Event) -> None:
        out.write(msgspec.json.encode(event) + b"\n")

    os.nice(request.niceness)
    sys.path.insert(0, request.source)
    for item in request.items:
        emit(Begun(item.key, "import"))
        started = time.monotonic()
        watch = Watch(Path(request.source), item.watch) if item.watch else None
        with watch() if watch else contextlib.nullcontext():
            failure = _convert(item, emit)
        seconds = time.monotonic() - started
        reached = watch.found() if watch else []
        emit(failure(seconds, reached) if failure else Result(item.key, seconds, reached=reached))


class _Failure:
    """A way in which a conversion ended, waiting for its duration."""

    def __init__(self, item: Item, outcome: Outcome, cause: Cause, message: str) -> None:
        self._fields: dict[str, Any] = {
            "key": item.key,
            "outcome": outcome,
            "cause": cause,
            "message": message,
            "trace": traceback.format_exc(limit=-12),
        }

    def __call__(self, seconds: float, reached: list[Reach]) -> Result:
        return Result(seconds=seconds, reached=reached, **self._fields)


def _convert(item: Item, emit: Any) -> _Failure | None:
    module, _, name = item.target.partition(":")
    try:
        build = getattr(importlib.import_module(module), name)
        emit(Begun(item.key, "build"))
        model = build(**item.parameters)
    except (Exception, SystemExit) as error:  # the architecture's own code
        return _Failure(item, *_whose(error), f"building it raised {_said(error)}")
    weights: dict[str, Any] = {"weights": item.weights}
    # An older commit may bring a converter of its own, which knows no such thing: it is asked for it in need alone.
    further: dict[str, Any] = {"further": item.further} if item.further else {}
    if item.stored or item.checkpoint:
        emit(Begun(item.key, "load weights"))
        loaded = _load(item, model)
        if isinstance(loaded, _Failure):
            return loaded
        weights = loaded
    emit(Begun(item.key, "convert"))
    from mcore import convert
    from mcore.convert.errors import ConversionError

    try:
        convert.toplatform(
            model,
            item.folder,
            architecture=item.key,
            kind=item.kind,
            constructor={"target": item.target, "parameters": item.parameters},
            commit=item.commit,
            closure=item.closure,
            passed={device: tuple(commits) for device, commits in item.passed.items()},
            overwrite=item.overwrite,
            **further,
            **weights,
        )
    except ConversionError as error:
        outcome, cause = _meaning(error)
        return _Failure(item, outcome, cause, str(error))
    except SystemExit as error:  # the converter asks for no such thing
        return _Failure(item, Outcome.MODEL_FAILED, Cause.MODEL_CODE, f"running it raised {_said(error)}")
    except OSError as error:
        # A disk that is full, or gone: what the network's own code raises is a ModelFailed by here.
        return _Failure(item, Outcome.INFRA_ERROR, Cause.INFRA, _said(error))
    except Exception as error:  # the converter's own code: never blamed on the network
        return _Failure(item, Outcome.HARNESS_ERROR, Cause.CONVERTER, _said(error))
    return None


def _load(item: Item, model: Any) -> dict[str, Any] | _Failure:
    """Load trained weights; gives what the conversion is to be told of them."""
    try:
        return _load_stored(item, model) if item.stored else _load_pretrained(item, model)
    except Exception as error:  # the loader's own code
        return _Failure(item, Outcome.HARNESS_ERROR, Cause.CONVERTER, _said(error))


def _load_stored(item: Item, model: Any) -> dict[str, Any] | _Failure:
    from mcore.checkpoints.errors import DamagedError, MisfitError
    from mcore.checkpoints.matching import fingerprint, load_document
    from mcore.checkpoints.store import ROOT_VARIABLE

    try:
        loaded = load_document(model, Path(os.environ[ROOT_VARIABLE]), item.stored)
    except (DamagedError, MisfitError) as error:  # the file's fault, or that of who put it there
        message = f"checkpoint {Path(item.stored).stem}: {error}"
        return _Failure(item, Outcome.REFERENCE_INVALID, Cause.REFERENCE, message)
    return {"weights": "keep", "checkpoint": {"id": loaded.id, "sha256": fingerprint(loaded)}}


def _load_pretrained(item: Item, model: Any) -> dict[str, Any] | _Failure:
    from mcore.pretrained import PretrainedError, load_pretrained

    family, _, name = item.checkpoint.partition("/")
    try:
        loaded = load_pretrained(model, family=family, name=name, partial=item.kind == "backbone")
    except PretrainedError as error:  # likewise
        return _Failure(item, Outcome.REFERENCE_INVALID, Cause.REFERENCE, f"pretrained weights: {error}")
    return {"weights": "keep", "pretrained": loaded}


def _meaning(error: ConversionError) -> tuple[Outcome, Cause]:
    from mcore.convert import errors

    if isinstance(error, errors.ModelFailed):
        return _whose(getattr(error, "error", error))
    if isinstance(error, errors.ReferenceInvalid):
        return Outcome.REFERENCE_INVALID, Cause.REFERENCE
    if isinstance(error, errors.CaptureRefused):
        return Outcome.CONVERT_FAILED, Cause.MODEL_CODE
    return Outcome.CONVERT_FAILED, Cause.CONVERTER


def _whose(error: BaseException) -> tuple[Outcome, Cause]:
    """Of what the network's own code raised: the network's, unless the machine had no memory or no room for it."""
    if isinstance(error, OSError):
        lacking = error.errno in (errno.ENOMEM, errno.ENOSPC, errno.EDQUOT)
    else:
        lacking = isinstance(error, MemoryError) or "can't allocate memory" in str(error)  # torch has no type for it
    return (Outcome.INFRA_ERROR, Cause.INFRA) if lacking else (Outcome.MODEL_FAILED, Cause.MODEL_CODE)


def _said(error: BaseException) -> str:
    text = " ".join(str(error).split())
    frames = traceback.extract_tb(error.__traceback__)
    place = f" ({os.path.basename(frames[-1].filename)}:{frames[-1].lineno})" if frames else ""
    return f"{type(error).__name__}: {text}{place}"


if __name__ == "__main__":
    main()
