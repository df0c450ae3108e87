"""What can be measured of a model is measured: times, memory, outputs, precision (C4). The model is left as it was."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from typing import Any

import msgspec
import torch
from torch import Tensor, nn

from mcore.checkpoints.errors import CheckpointError
from mcore.checkpoints.record import Metadata, Output, Timing
from mcore.checkpoints.training.memory import PeakMemory

_SHORT = {torch.float32: "fp32", torch.float16: "fp16", torch.bfloat16: "bf16", torch.float64: "fp64"}


def measured(
    model: nn.Module,
    metadata: Metadata,
    *,
    inputs: Sequence[Tensor] | None = None,
    resolution: Sequence[int] | None = None,
    batch_size: int | None = None,
    autocast: torch.dtype | None = None,
    backward: bool = True,
    warm_up: int = 2,
    repeats: int = 7,
) -> Metadata:
    """``metadata`` with times, memory, outputs and precision of ``model``, and what inputs they were measured with.

    The forward pass is timed in evaluation mode without a graph; forward and backward in training mode, with the gradient of
    the sum of the outputs' means. Times are medians; the memory is the most that either took.

    Args:
        model: on the device that it is trained on.
        metadata: what it says of resolution and batch size is taken where it is not given here.
        inputs: tensors to call it with; by default random images of ``in_channels`` channels (else three).
        resolution: of the images, ``(H, W)``, ``(L,)`` or ``(D, H, W)``.
        batch_size: of the images; 1 by default.
        autocast: element type of mixed precision.
        backward: whether to measure that too.
        warm_up: runs that are not counted.
        repeats: runs that are.

    Raises:
        CheckpointError: no resolution is known, or the model cannot be run so; its own error is named.
    """
    given = tuple(inputs) if inputs is not None else (_image(model, metadata, resolution, batch_size),)
    first = given[0]
    context = torch.autocast(first.device.type, dtype=autocast) if autocast is not None else nullcontext()
    with unchanged(model), context:
        try:
            with PeakMemory(first.device) as memory:
                model.eval()
                with torch.no_grad():
                    outputs = model(*given)
                    forward = _median_ms(lambda: model(*given), first.device, warm_up, repeats)
                both = None
                if backward:
                    model.train()
                    both = _median_ms(lambda: _forward_backward(model, given), first.device, warm_up, repeats)
        except (RuntimeError, ValueError, TypeError) as error:
            reason = (str(error).splitlines() or [""])[0]
            raise CheckpointError(
                f"{type(model).__name__} cannot be measured: {type(error).__name__}: {reason}"
            ) from error
    timing = Timing(
        device=_device_name(first.device),
        batch_size=first.shape[0],
        resolution=tuple(first.shape[2:]),
        forward_ms=forward,
        forward_backward_ms=both,
        memory_bytes=memory.bytes,
        memory_of=memory.of,
    )
    return msgspec.structs.replace(
        metadata,
        timing=timing,
        outputs=metadata.outputs or outputs_of(outputs, tuple(first.shape[2:])),
        precision=metadata.precision or precision_of(model, autocast),
        resolution=metadata.resolution or tuple(first.shape[2:]),
        batch_size=metadata.batch_size or first.shape[0],
        in_channels=metadata.in_channels if metadata.in_channels is not None else first.shape[1],
    )


def outputs_of(outputs: Any, size: Sequence[int]) -> tuple[Output, ...]:
    """Names, channels and ratios of what a model gave for inputs of ``size``; tensors within others have paths for names."""
    return tuple(
        Output(
            name=name, channels=tensor.shape[1] if tensor.ndim > 1 else 1, ratio=_ratio(tuple(tensor.shape[2:]), size)
        )
        for name, tensor in _named(outputs, "")
    )


def precision_of(model: nn.Module, autocast: torch.dtype | None = None) -> str:
    """``fp32``, ``fp16`` ...; ``fp16 mixed`` where the forward pass computes in another type than the weights have."""
    types = {p.dtype for p in model.parameters() if p.is_floating_point()}
    own = "+".join(sorted(_SHORT.get(t, str(t)) for t in types))
    return own if autocast is None else f"{_SHORT.get(autocast, str(autocast))} mixed"


def _image(model: nn.Module, metadata: Metadata, resolution: Sequence[int] | None, batch_size: int | None) -> Tensor:
    size = tuple(resolution or metadata.resolution)
    if not size:
        raise CheckpointError(f"{type(model).__name__}: say the resolution that it is to be measured at")
    channels = metadata.in_channels
    if channels is None:
        own = getattr(model, "in_channels", None)
        channels = own if isinstance(own, int) else 3
    reference = next(iter(model.parameters()), torch.zeros(()))
    generator = torch.Generator().manual_seed(0)
    image = torch.randn((batch_size or metadata.batch_size or 1, channels, *size), generator=generator)
    return image.to(reference.device, reference.dtype)


def _forward_backward(model: nn.Module, inputs: Sequence[Tensor]) -> None:
    answers = [tensor for _, tensor in _named(model(*inputs), "") if tensor.requires_grad]
    if not answers:
        raise ValueError("no output has a gradient")
    torch.stack([tensor.float().mean() for tensor in answers]).sum().backward()
    model.zero_grad(set_to_none=True)


def _median_ms(run: Callable[[], Any], device: torch.device, warm_up: int, repeats: int) -> float:
    times = []
    for i in range(warm_up + repeats):
        _wait(device)
        started = time.perf_counter()
        run()
        _wait(device)
        if i >= warm_up:
            times.append(1000 * (time.perf_counter() - started))
    return statistics.median(times)


def _wait(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize(device)


def _device_name(device: torch.device) -> str:
    return torch.cuda.get_device_name(device) if device.type == "cuda" else device.type


@contextmanager
def unchanged(model: nn.Module) -> Iterator[None]:
    """Modes, gradients, statistics and random numbers are afterwards what they were."""
    modes = [(module, module.training) for module in model.modules()]
    gradients = [(parameter, parameter.grad) for parameter in model.parameters()]
    buffers = [(buffer, buffer.clone()) for buffer in model.buffers()]
    with torch.random.fork_rng():
        for parameter, _ in gradients:
            parameter.grad = None
        try:
            yield
        finally:
            for module, training in modes:
                module.training = training
            for parameter, gradient in gradients:
                parameter.grad = gradient
            with torch.no_grad():
                for buffer, before in buffers:
                    buffer.copy_(before)


def _named(value: Any, path: str) -> Iterator[tuple[str, Tensor]]:
    if isinstance(value, Tensor):
        yield path or "out", value
    elif isinstance(value, Mapping):
        for key, item in value.items():
            yield from _named(item, f"{path}.{key}" if path else str(key))
    elif isinstance(value, list | tuple):
        for i, item in enumerate(value):
            yield from _named(item, f"{path}.{i}" if path else str(i))


def _ratio(size: tuple[int, ...], of: Sequence[int]) -> str:
    """``size`` in terms of the input's: ``1`` for a value an image."""
    if not size:
        return "1"
    letters = {1: "L", 2: "HW", 3: "DHW"}.get(len(of), "")
    if len(size) != len(of):
        return "x".join(map(str, size))
    return " x ".join(_share(part, whole, letter) for part, whole, letter in zip(size, of, letters, strict=True))


def _share(part: int, whole: int, letter: str) -> str:
    if part == whole:
        return letter
    if part > whole:
        return f"{round(part / whole)}{letter}"
    return f"{letter}/{round(whole / part)}" if part else "0"
