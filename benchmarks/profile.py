"""Where the time of one network goes, in the planned NumPy runtime and in torch eager: batch 1, float32, one thread.

``python -m benchmarks.profile NETWORK [--side 224] [--top 15] [--json]``. ``NETWORK`` is a name in ``models.networks``, or one
of another library that is installed: ``torchvision:convnext_tiny``, ``timm:mixer_s16_224``. The graph is captured at this
one size. Ours is processor time by planned form and by the ops that it computes, then the slowest operations; torch's is the
self time that its profiler counts. ``Plain`` forms are those without a plan: look there first.
"""

import os

os.environ["OPENBLAS_NUM_THREADS"] = os.environ["OMP_NUM_THREADS"] = "1"  # read when NumPy and torch are imported
os.environ["MCORE_BACKEND"] = "torch"

import argparse
import json
import time
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from statistics import median

import torch

from mcore.convert.calibrate import calibrate
from mcore.convert.running import Size, evaluation_copy, run, seeded_inputs
from mcore.convert.trace import trace
from mcore.platform.runtime import Program
from mcore.platform.runtime.timing import Timing, timings
from mcore.sampling import H, Input, N, Sampling, W

SCHEMA = "benchmark-profile/1"


@dataclass(frozen=True, slots=True)
class Share:
    """``count`` calls that took ``ms`` together in one run of the network."""

    what: str
    count: int
    ms: float


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.profile", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("network")
    parser.add_argument("--side", type=int, default=224, help="height and width of the image")
    parser.add_argument("--top", type=int, default=15, help="rows of each table")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    torch.set_num_threads(1)
    model, program, image = prepared(options.network, options.side)
    inputs = {"x": image.numpy()}
    with torch.inference_mode():
        ours_ms, peer_ms = processor_ms(lambda: program.run(inputs)), processor_ms(lambda: model(image))
        found = timings(program, inputs, 7)
        peer = torch_shares(model, image)
    slowest = sorted(found, key=lambda t: -t.ms)[: options.top]
    if options.json:
        rows = {"ours": by_form(found), "torch": peer}
        document = {"schema": SCHEMA, "network": options.network, "ours_ms": ours_ms, "torch_ms": peer_ms}
        document |= {name: [asdict(share) for share in shares] for name, shares in rows.items()}
        print(json.dumps(document | {"slowest": [asdict(t) for t in slowest]}, indent=1))
        return
    print(f"{options.network}: {ours_ms:.1f} ms, torch eager {peer_ms:.1f} ms, ratio {ours_ms / peer_ms:.2f}")
    show("ours, by form and ops", by_form(found)[: options.top])
    show("ours, slowest operations", [Share(f"{t.form}: {t.ops}, {t.label}", 1, t.ms) for t in slowest])
    show("torch", peer[: options.top])


def prepared(network: str, side: int) -> tuple[torch.nn.Module, Program, torch.Tensor]:
    """The calibrated network, its program, and an image."""
    model = made(network).eval()
    calibrate(model, Sampling((Input("x", (N, 3, H, W)),), sizes=((side, side),) * 3), network)
    model = evaluation_copy(model)
    fixed, size = Sampling((Input("x", (1, 3, side, side)),), sizes=((side, side),) * 3), Size(1, side, side)
    inputs = seeded_inputs(fixed, size, "profile")
    run(model, fixed, inputs)
    traced = trace(model, fixed, size, inputs)
    return model, Program(traced.graph, traced.weights, {"x": (1, 3, side, side)}), inputs["x"]


def made(network: str) -> torch.nn.Module:
    """A network by its name; raises ``SystemExit`` where there is none."""
    library, _, name = network.rpartition(":")
    if library == "timm":
        import timm

        made_: torch.nn.Module = timm.create_model(name)
        return made_
    if library == "torchvision":
        from torchvision.models import get_model

        return get_model(name, weights=None)  # type: ignore[no-any-return]
    import models.networks as networks

    if library or not hasattr(networks, name):
        raise SystemExit(f"there is no network {network!r}; models.networks has {', '.join(networks.__all__)}")
    return getattr(networks, name)()  # type: ignore[no-any-return]


def processor_ms(function: Callable[[], object], runs: int = 7) -> float:
    """Median processor time, which a busy machine disturbs less than the clock on the wall."""
    times = []
    for _ in range(runs + 1):
        start = time.process_time()
        function()
        times.append((time.process_time() - start) * 1e3)
    return median(times[1:])


def by_form(found: Iterable[Timing]) -> list[Share]:
    """Times of the operations of one form that compute the same ops, the largest first."""
    times: dict[str, list[float]] = defaultdict(list)
    for timing in found:
        times[f"{timing.form}: {timing.ops}"].append(timing.ms)
    return sorted((Share(what, len(all_), sum(all_)) for what, all_ in times.items()), key=lambda s: -s.ms)


def torch_shares(model: torch.nn.Module, image: torch.Tensor, runs: int = 5) -> list[Share]:
    """Self time of torch's operators in one run, the largest first."""
    with torch.profiler.profile(activities=[torch.profiler.ProfilerActivity.CPU]) as profiler:
        for _ in range(runs):
            model(image)
    events = sorted(profiler.key_averages(), key=lambda event: -event.self_cpu_time_total)
    return [Share(e.key, e.count // runs, e.self_cpu_time_total / 1e3 / runs) for e in events]


def show(title: str, shares: Iterable[Share]) -> None:
    print(f"\n{title}\n{'ms':>9} {'count':>6}")
    for share in shares:
        print(f"{share.ms:9.2f} {share.count:6d}  {share.what}")


if __name__ == "__main__":
    main()
