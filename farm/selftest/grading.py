"""The attempts of a selftest, through the local wire and child processes as any other, and the marks for them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from farm.protocol import AttemptMessage, Limits, ReportMessage, new_token
from farm.selftest.injections import Injection, Scope
from farm.selftest.networks import Network
from farm.settings import HostSettings
from farm.wires import Addressed
from farm.wires.local import LocalWire
from workers.artifacts import open_store, push_bundle
from workers.outcome import Cause, Group, Outcome
from workers.policy import Policy

#: As the inventory's own for float32.
POLICY = Policy("selftest", 1, "float32", atol_rel=2e-4, rtol=1e-4, sqnr_db=75.0, cosine=0.99999)
_WAIT_S = 1.0


@dataclass(frozen=True, slots=True)
class Graded:
    """What the farm made of one injection, and in how many seconds."""

    injection: Injection
    outcome: Outcome
    cause: Cause
    message: str
    seconds: float

    @property
    def correct(self) -> bool:
        """Outcome and cause are what they must be."""
        return (self.outcome, self.cause) == (self.injection.outcome, self.injection.cause)

    @property
    def infra_as_product(self) -> bool:
        """A fault of the infrastructure or the harness, or none at all, was held against the product."""
        return self.injection.group is not Group.PRODUCT and self.outcome.group in (Group.PRODUCT, Group.SUPPORT)

    @property
    def product_as_pass(self) -> bool:
        """A fault of the product was let through."""
        return self.injection.group is Group.PRODUCT and self.outcome.group is Group.GOOD


@dataclass(frozen=True, slots=True)
class Marks:
    """Of all injections; the floor holds where the last two are 0."""

    graded: tuple[Graded, ...]

    @property
    def correct(self) -> int:
        """How many have the right outcome and cause."""
        return sum(g.correct for g in self.graded)

    @property
    def infra_as_product(self) -> int:
        """How many faults of infrastructure or harness were held against the product."""
        return sum(g.infra_as_product for g in self.graded)

    @property
    def product_as_pass(self) -> int:
        """How many faults of the product were let through."""
        return sum(g.product_as_pass for g in self.graded)

    @property
    def floor_holds(self) -> bool:
        """The two sentences that the farm stands on."""
        return not self.infra_as_product and not self.product_as_pass


def graded(
    injections: Sequence[Injection],
    networks: Iterable[Network],
    folder: Path,
    *,
    parallel: int,
    seen: Callable[[Graded], None] = lambda graded: None,
) -> Marks:
    """Run every injection, ``parallel`` at a time, in child processes that work in ``folder``; ``seen`` hears of each."""
    published = {network.name: _published(network, folder) for network in networks}
    waiting = {f"selftest-{i}": injection for i, injection in enumerate(injections)}
    found: dict[str, Graded] = {}
    with ExitStack() as stack:
        wires = {name: stack.enter_context(LocalWire(_host(folder, name), parallel)) for name in _STORES}
        for name, wire in wires.items():
            mine = {a: i for a, i in waiting.items() if _store_of(i) == name}
            messages = (
                _message(attempt, injection, *published[injection.network]) for attempt, injection in mine.items()
            )
            wire.send_all([Addressed(message) for message in messages])
            while mine.keys() - found.keys():
                delivery = wire.receive(_WAIT_S)
                if delivery and isinstance(report := delivery.message, ReportMessage):
                    told = report.report
                    done = Graded(waiting[report.attempt], told.outcome, told.cause, told.message, report.duration_s)
                    found[report.attempt] = done
                    seen(done)
    return Marks(tuple(found[attempt] for attempt in waiting))


def _published(network: Network, folder: Path) -> tuple[str, str]:
    """Put a network into every store and spoil the stores that must be; returns its identity and its manifest's sha256."""
    made = folder / "bundles" / network.name
    identity = network.write(made)
    sha256 = push_bundle(open_store(folder / "sound"), made)
    push_bundle(open_store(folder / "truncated_file"), made)
    (folder / "lost_bundle").mkdir(exist_ok=True)
    weights = (made / "weights.safetensors").read_bytes()
    for copy in (folder / "truncated_file").rglob("*"):
        if copy.is_file() and copy.stat().st_size == len(weights) and copy.read_bytes() == weights:
            copy.chmod(0o600)
            copy.write_bytes(weights[: len(weights) // 2])
    return identity, sha256


_STORES = ("sound", "truncated_file", "lost_bundle")


def _store_of(injection: Injection) -> str:
    return injection.fault if injection.scope is Scope.STORE else "sound"


def _host(folder: Path, store: str) -> HostSettings:
    environment: Mapping[str, str] = {
        "FARM_STORE_URL": str(folder / store),
        "FARM_CACHE": str(folder / f"cache-{store}"),
        "FARM_UNIT": "selftest",
    }
    return HostSettings.load(environment)


def _message(attempt: str, injection: Injection, identity: str, manifest: str) -> AttemptMessage:
    return AttemptMessage(
        attempt=attempt,
        token=new_token(),
        nonce=new_token(),
        architecture=injection.network,
        bundle=identity,
        manifest=manifest,
        device_type="selftest",
        driver="numpy",
        profile={"faults": list(injection.faults)} if injection.faults else {},
        policy=POLICY,
        limits=Limits(time_s=injection.time_s, memory_bytes=injection.memory_bytes),
        measured_stack=None,
    )
