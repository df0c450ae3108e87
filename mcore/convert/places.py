"""Where in the model something happens: the path of the running module, and the line of model code.

While a model is traced, global forward hooks keep the stack of running modules. A line is found by walking up the Python
stack to the first frame that is not torch's and not the converter's own.
"""

from __future__ import annotations

import linecache
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

import torch
from torch import nn
from torch.nn.modules.module import register_module_forward_hook, register_module_forward_pre_hook

# With a separator at the end, lest torchvision be taken for torch.
_TORCH = os.path.join(os.path.dirname(torch.__file__), "")
_CONVERTER = os.path.join(os.path.dirname(__file__), "")
_MCORE = os.path.join(os.path.dirname(_CONVERTER.rstrip(os.sep)), "")


@dataclass(frozen=True, slots=True)
class Scope:
    """A running module: its path (``layer1.0.conv1``, ``""`` for the root) and the name of its class."""

    path: str
    source: str


class Scopes:
    """The stack of running modules of one model.

    A module that stands at several paths is known by its first. Modules that run but are not part of the model (made inside
    a forward) leave the stack as it is.
    """

    def __init__(self, model: nn.Module) -> None:
        self._modules = {id(module): Scope(path, type(module).__name__) for path, module in model.named_modules()}
        self._leaves = {id(module) for module in model.modules() if not any(True for _ in module.children())}
        self._stack = [Scope("", type(model).__name__)]
        self.leaves_met: set[str] = set()

    @property
    def current(self) -> Scope:
        """The innermost running module."""
        return self._stack[-1]

    def place(self, line: str) -> str:
        """The innermost running module and a line of its code, for a message."""
        path, source = self.current.path, self.current.source
        module = f"{path} ({source})" if path else source
        return f"{module}, {line}" if line else module

    @contextmanager
    def following(self) -> Iterator[None]:
        """Follow forwards for the time of the context. When one raises, the stack stays as it was at that moment."""
        handles = register_module_forward_pre_hook(self._enter), register_module_forward_hook(self._leave)
        token = _FOLLOWED.set(self)
        try:
            yield
        finally:
            _FOLLOWED.reset(token)
            for handle in handles:
                handle.remove()

    def _enter(self, module: nn.Module, _inputs: object) -> None:
        scope = self._modules.get(id(module))
        if scope is not None:
            self._stack.append(scope)
            if id(module) in self._leaves:
                self.leaves_met.add(scope.source)

    def _leave(self, module: nn.Module, _inputs: object, _output: object) -> None:
        # A hook that returns anything but None would replace the module's output.
        scope = self._modules.get(id(module))
        if scope is not None:
            # Scopes above it are left over from forwards that raised and whose error the model caught.
            while self._stack.pop() != scope:
                pass

    @contextmanager
    def inside(self, scope: Scope) -> Iterator[None]:
        """Act as ``scope`` for the time of the context, in place of the module that really runs."""
        self._stack.append(scope)
        yield
        self._stack.pop()


_FOLLOWED: ContextVar[Scopes | None] = ContextVar("followed", default=None)


@contextmanager
def acting_as(path: str, source: str) -> Iterator[None]:
    """Let a running trace take what happens in the context for work of the module at ``path`` of class ``source``.

    A module rebuilt from a graph so gives the same module paths when it is converted again. Without a trace it does nothing.
    """
    scopes = _FOLLOWED.get()
    if scopes is None:
        yield
        return
    with scopes.inside(Scope(path, source)):
        yield


def model_frame(stop: str) -> FrameType | None:
    """The innermost frame of model code above the function named ``stop`` of this package; ``None`` if there is none."""
    frame: FrameType | None = sys._getframe(1)
    while frame is not None:
        file = frame.f_code.co_filename
        if file.startswith(_CONVERTER):
            if frame.f_code.co_name == stop:
                return None
        elif not file.startswith((_TORCH, _MCORE)):
            return frame
        frame = frame.f_back
    return None


def position(frame: FrameType | None) -> str:
    """``file.py:41`` of a frame, the file without its folders but the package's; ``""`` for none."""
    return f"{_short(frame)}:{frame.f_lineno}" if frame is not None else ""


def raised_at(error: BaseException) -> str:
    """``file.py:41`` of the innermost line of model code that ``error`` passed through, ``""`` if there is none."""
    found = ""
    trace = error.__traceback__
    while trace is not None:
        if not trace.tb_frame.f_code.co_filename.startswith((_TORCH, _MCORE)):
            found = f"{_short(trace.tb_frame)}:{trace.tb_lineno}"
        trace = trace.tb_next
    return found


def statement(frame: FrameType | None) -> str:
    """File, function and text of the frame's line, without its number: it stays the same when code above it moves."""
    if frame is None:
        return ""
    text = " ".join(linecache.getline(frame.f_code.co_filename, frame.f_lineno).split())
    return f"{_short(frame)}, {frame.f_code.co_qualname}" + (f": {text}" if text else "")


def _short(frame: FrameType) -> str:
    """The file's path from its top package on, so that it does not depend on the machine."""
    path = Path(frame.f_code.co_filename)
    depth = str(frame.f_globals.get("__name__", "")).count(".") + (path.name == "__init__.py")
    return Path(*path.parts[-1 - depth :]).as_posix()
