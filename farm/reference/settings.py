"""docs/settings.md: every environment variable that the farm reads. A test holds that the code reads these and no others."""

from __future__ import annotations

from typing import NamedTuple

from farm.reference.markdown import note, table

_HEAD = """\
# Settings

An option of a command goes before the environment, the environment before the [inventory](inventory.md) and the default. What
is secret can be given by file: `FARM_DATABASE_URL_FILE` names the file that holds what `FARM_DATABASE_URL` would, so that no
secret stands in an environment.
"""


class Setting(NamedTuple):
    """``of`` is who reads it; ``file`` whether ``<name>_FILE`` is read too; ``says`` is its meaning, with the default."""

    name: str
    of: str
    says: str
    file: bool = False


_EVERY = "all"
_HOST = "device host"
_SUBMITS = "where one submits"
_TELLS = "coordinator; `farm submit` without a broker"

SETTINGS = (
    Setting(
        "FARM_DATABASE_URL",
        "all but device hosts",
        "`postgresql://user:password@host/name` or `sqlite:///path`; default: SQLite in `.farm/` of the repository, if that "
        "folder is there, else in the user's data folder",
        file=True,
    ),
    Setting(
        "FARM_BROKER_URL",
        _EVERY,
        "`redis://:password@host:6379/0`, `rediss://` for [TLS](production.md#tls-to-the-broker); default: no broker, "
        "`farm submit` runs everything itself",
        file=True,
    ),
    Setting("FARM_BROKER_CA", _EVERY, "file with the CA that signed the broker's certificate; default: the system's"),
    Setting("FARM_BROKER_CERT", _EVERY, "file with the certificate that the broker is shown; default: none"),
    Setting("FARM_BROKER_CERT_KEY", _EVERY, "file with its key"),
    Setting(
        "FARM_STORE_URL",
        _EVERY,
        "a folder, `s3://bucket/prefix`, or for hosts that only read, `https://...` ([the store](store.md)); default: a folder "
        "beside the default database; a device host must have it",
        file=True,
    ),
    Setting(
        "FARM_INVENTORY", "all but device hosts", "path of the inventory; default: `inventory.yaml` of the repository"
    ),
    Setting(
        "FARM_CHECKPOINTS",
        "where one submits, converts or trains",
        "the folder of [checkpoints](checkpoints.md) and [pretrained weights](pretrained.md); default: none, all weights are "
        "calibrated",
    ),
    Setting(
        "FARM_CHECKPOINTS_DATABASE_URL",
        "where one submits, converts or trains",
        "the index of the checkpoints; default: SQLite in that folder, which is for one machine",
        file=True,
    ),
    Setting("FARM_CACHE", _HOST, "folder of its bundle cache; default: `farm/bundles` in the user's cache folder"),
    Setting("FARM_CACHE_LIMIT", _HOST, "what that may take: bytes, or a number with K, M, G or T; default: `20G`"),
    Setting("FARM_UNIT", _HOST, "the name that it reports as; default: the machine's"),
    Setting(
        "FARM_HOST", _HOST, "the name of the machine, which [`hosts`](inventory.md#hosts) bounds; default: its own"
    ),
    Setting(
        "FARM_HEARTBEAT_S", _HOST, "seconds from one [heartbeat](devices.md#keeping-units) to the next; default: 10"
    ),
    Setting(
        "FARM_SIGNING_KEY",
        "coordinator, `farm broker key`",
        "the secret that [messages are signed](production.md#signed-messages) with; default: they are not",
        file=True,
    ),
    Setting(
        "FARM_DEVICE_KEY", _HOST, "the signing key of its device type; default: messages are not signed", file=True
    ),
    Setting(
        "FARM_PAGES_TOKEN",
        "`farm web`",
        "what [whoever reads the pages](pages.md#who-may-read) must have; default: whoever reaches them reads them",
        file=True,
    ),
    Setting(
        "FARM_PAGES_URL", _TELLS, "URL of the farm's front page, for links in reports and messages; default: no links"
    ),
    Setting(
        "FARM_STATUS_URL",
        _SUBMITS,
        "the repository of GitHub's or GitLab's API whose commits get [the gate's status](gate.md#the-status-of-the-commit); "
        "default: none do",
    ),
    Setting("FARM_STATUS_TOKEN", _SUBMITS, "the token for it", file=True),
    Setting("FARM_WEBHOOK_URL", _TELLS, "who is [told of changes](notifications.md); default: nobody", file=True),
    Setting("FARM_WEBHOOK_SECRET", _TELLS, "what those posts are signed with; default: they are not", file=True),
    Setting("FARM_CHAT_URL", _TELLS, "the chat that is [told of changes](notifications.md); default: none", file=True),
    Setting(
        "FARM_LOG_FORMAT",
        "what runs for long",
        "`text` (default), or `json`: an object a line ([logs](metrics.md#logs))",
    ),
    Setting(
        "FARM_FAILPOINT",
        "tests",
        "the step at which a process kills itself: [the names](guarantees.md#faults); default: none",
    ),
    Setting("MCORE_BACKEND", "whoever imports `models`", "`torch` (default) or `platform`, which is pure NumPy"),
)


def page() -> str:
    """The whole page."""
    rows = ((f"`{setting.name}`", setting.of, setting.says, "yes" if setting.file else "") for setting in SETTINGS)
    return "\n".join([note("farm.reference.settings"), _HEAD, table(("variable", "of", "meaning", "by file"), rows)])
