"""A device host on this machine: an artifact store with one small bundle, a cache, and messages for it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import msgspec

from farm.protocol import AttemptMessage, Limits
from farm.settings import HostSettings
from tests.workers.bundles import branched
from workers.artifacts import open_store, push_bundle
from workers.policy import Policy

POLICY = Policy("fp32", 1, "float32", 2e-4, 1e-4, 75.0, 0.99999)


@dataclass(frozen=True)
class Host:
    """A host and the message of an attempt that passes on it."""

    settings: HostSettings
    message: AttemptMessage

    @property
    def store(self) -> Path:
        return Path(self.settings.store_url)

    def asked(self, **changes: object) -> AttemptMessage:
        """The message with some fields replaced."""
        return msgspec.structs.replace(self.message, **changes)


def make_host(folder: Path) -> Host:
    bundle = branched().write(folder / "bundle")
    manifest = push_bundle(open_store(folder / "store"), folder / "bundle")
    message = AttemptMessage(
        attempt="a1",
        token="t1",
        nonce="n1",
        architecture="network:tiny",
        bundle=bundle,
        manifest=manifest,
        device_type="numpy",
        driver="numpy",
        profile={"mode": "default"},
        policy=POLICY,
        limits=Limits(60.0, 4 << 30),
        measured_stack=None,
    )
    return Host(HostSettings(str(folder / "store"), folder / "cache", "unit-1", 1 << 30), message)
