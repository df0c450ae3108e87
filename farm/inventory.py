"""``inventory.yaml``: the catalogue of architectures, the comparison policies and the device types, validated.

Every error names the file and the line. Keys given twice are refused.
"""

from __future__ import annotations

import hashlib
import json
import posixpath
from collections.abc import Iterator, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator
from pydantic_core import PydanticCustomError
from yaml.constructor import ConstructorError, SafeConstructor

from farm.errors import InventoryError, NotFoundError, near
from farm.source.catalogue import TOOLCHAIN, Catalogue
from farm.states.notifications import Kind
from workers.drivers import DRIVERS
from workers.policy import Policy, Scope

Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$")]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class CatalogueSection(_Strict):
    """Where the public architectures of the repository are.

    ``assemble`` builds one from a backbone, neck and head by name, ``configured`` one from the data of a config file, which
    ``document`` describes. ``toolchain`` names modules and definitions of ``packages`` whose code counts for no architecture by
    itself; the converter's, which it names by default, counts for all of them together.
    """

    package: str = "models"
    packages: tuple[str, ...] = ("models", "mcore")
    levels: dict[Literal["network", "backbone", "neck", "head", "attention", "block"], str]
    toolchain: tuple[str, ...] = TOOLCHAIN
    exclusions: str = "exclusions.yaml"
    assemble: str = "models.networks.assembly:assemble"
    configured: str = "models.networks.configured:ConfiguredNetwork"
    document: str = "models.networks.documentation:documentation"
    task_list: tuple[str, ...] = ()

    @field_validator("exclusions")
    @classmethod
    def _is_in_the_repository(cls, name: str) -> str:
        normal = posixpath.normpath(name)  # as git writes it
        if normal.startswith(("/", "..")):
            raise ValueError(f"{name!r} is not in the repository; give the path from its root")
        return normal


class ConversionSection(_Strict):
    """How architectures are converted.

    ``repeat_share`` of the conversions of each submission, and one at least, are repeated to see whether they give the same
    bundle; 0 switches that off.
    """

    repeat_share: Annotated[float, Field(ge=0, le=1)] = 0.05


class PolicySection(_Strict):
    """Tolerances; see :class:`workers.policy.Policy`."""

    version: Annotated[int, Field(ge=1)]
    precision: Literal["float32", "float16", "bfloat16", "int8"]
    atol_rel: Annotated[float, Field(ge=0)]
    rtol: Annotated[float, Field(ge=0)]
    sqnr_db: float
    cosine: Annotated[float, Field(ge=-1, le=1)]
    allowed_share: Annotated[float, Field(ge=0, lt=1)] = 0.0
    judged: Scope = Scope.OUTPUTS

    @model_validator(mode="after")
    def _layers_are_judged_whole(self) -> PolicySection:
        if self.judged is Scope.LAYERS and self.allowed_share:
            raise ValueError("allowed_share is for outputs: layers are judged all elements of them")
        return self


class Limits(_Strict):
    """What one attempt may use; the time limit is for all samples of a bundle together."""

    time_s: Annotated[float, Field(gt=0, le=86_400)] = 300.0
    memory_mib: Annotated[int, Field(ge=256)] = 8192


class DeviceType(_Strict):
    """One kind of device; its queue is ``device_<name>``."""

    driver: str
    policy: str
    units: Annotated[int, Field(ge=1, le=10_000)] = 1
    limits: Limits = Limits()
    profile: dict[str, Any] = {}

    @field_validator("driver")
    @classmethod
    def _is_a_driver(cls, name: str) -> str:
        if name not in DRIVERS:
            raise ValueError(f"no driver {name!r}; there are {', '.join(sorted(DRIVERS))}")
        return name

    @field_validator("profile")
    @classmethod
    def _is_plain(cls, profile: dict[str, Any]) -> dict[str, Any]:
        try:
            json.dumps(profile, sort_keys=True, allow_nan=False)
        except (TypeError, ValueError) as error:  # a date, say, or a number that is none
            raise ValueError(f"no JSON can hold it: {error}") from None
        return profile

    @property
    def configuration(self) -> str:
        """Hash of all that can change a result on this device type; verdicts are kept per configuration."""
        body = json.dumps({"driver": self.driver, "profile": self.profile}, sort_keys=True)
        return hashlib.sha256(body.encode()).hexdigest()[:16]


class HealthSection(_Strict):
    """When units are checked: after so many hours or attempts (0: never), and ``recheck_s`` after a check that was unclear."""

    check_hours: Annotated[float, Field(ge=0, le=8760)] = 24.0
    check_jobs: Annotated[int, Field(ge=0, le=1_000_000)] = 200
    recheck_s: Annotated[float, Field(ge=0, le=86_400)] = 60.0


class HostSection(_Strict):
    """One machine that several units are at; ``at_once`` is how many of them may run an attempt at the same time."""

    at_once: Annotated[int, Field(ge=1, le=10_000)]


class InheritanceSection(_Strict):
    """How long a verdict that was observed once stands for an equal bundle: see :mod:`farm.verdicts.inheritance`."""

    failures_days: Annotated[float, Field(ge=0, le=3650)] = 14.0

    @property
    def failures_for(self) -> timedelta:
        """Time after its last proof in which a failure is taken over."""
        return timedelta(days=self.failures_days)


class QueueSection(_Strict):
    """How many attempts are on the wire, how long they may stay away, and how long jobs wait: see docs/queue.md.

    ``window`` is how many messages there may be for each unit, that of the attempt which it is at included. After
    ``deadline_days`` a job that no unit could take ends, with the reason; 0: it waits for ever. ``lease_margin_s`` is what a
    lease lasts above the time limit of an attempt; by default as long as a host may need.
    """

    window: Annotated[int, Field(ge=1, le=64)] = 2
    deadline_days: Annotated[float, Field(ge=0, le=3650)] = 14.0
    lease_margin_s: Annotated[float, Field(gt=0, le=86_400)] | None = None

    @property
    def deadline(self) -> timedelta | None:
        """Time after which a job that no unit can take ends; ``None``: never."""
        return timedelta(days=self.deadline_days) if self.deadline_days else None


class TargetSection(_Strict):
    """Of which changes one target is told; by default of all."""

    kinds: tuple[Kind, ...] = tuple(Kind)


class NotificationsSection(_Strict):
    """Who is told of what (:mod:`farm.notifications`); where, the environment says: ``FARM_WEBHOOK_URL``, ``FARM_CHAT_URL``.

    After ``tries`` in vain one is given up. ``timeout_s`` is for how long a target may be silent.
    """

    webhook: TargetSection = TargetSection()
    chat: TargetSection = TargetSection()
    tries: Annotated[int, Field(ge=1, le=50)] = 10
    timeout_s: Annotated[float, Field(gt=0, le=60)] = 5.0


class Inventory(_Strict):
    """The whole file."""

    version: Literal[1]
    catalogue: CatalogueSection
    conversion: ConversionSection = ConversionSection()
    policies: dict[Name, PolicySection]
    devices: Annotated[dict[Name, DeviceType], Field(min_length=1)]
    hosts: dict[str, HostSection] = {}
    health: HealthSection = HealthSection()
    inheritance: InheritanceSection = InheritanceSection()
    notifications: NotificationsSection = NotificationsSection()
    queue: QueueSection = QueueSection()

    @model_validator(mode="after")
    def _policies_exist(self) -> Inventory:
        for name, device in self.devices.items():
            if device.policy not in self.policies:
                raise PydanticCustomError(
                    "no_policy",
                    "no policy {policy}{near}",
                    {
                        "policy": repr(device.policy),
                        "near": near(device.policy, self.policies),
                        "place": ("devices", name, "policy"),
                    },
                )
        return self

    def device(self, name: str) -> DeviceType:
        """The device type of that name; raises :class:`NotFoundError` with near names."""
        try:
            return self.devices[name]
        except KeyError:
            raise NotFoundError("device type", name, self.devices) from None

    def at_once(self, host: str) -> int | None:
        """How many units of a machine may run an attempt at the same time; ``None`` for all of them."""
        section = self.hosts.get(host)
        return section.at_once if section else None

    def policy(self, name: str) -> Policy:
        """The policy of that name, in its present version; raises :class:`NotFoundError` with near names."""
        if name not in self.policies:
            raise NotFoundError("policy", name, self.policies)
        return Policy(name=name, **self.policies[name].model_dump())

    def policy_of(self, device: str) -> Policy:
        """The policy that a device type is judged by."""
        return self.policy(self.device(device).policy)

    def source_catalogue(self, exclusions: Mapping[str, str]) -> Catalogue:
        """The catalogue as discovery wants it."""
        section = self.catalogue
        return Catalogue(
            package=section.package,
            packages=section.packages,
            levels={str(kind): folder for kind, folder in section.levels.items()},
            exclusions=dict(exclusions),
            toolchain=section.toolchain,
        )


def load_inventory(path: Path) -> Inventory:
    """Read and validate ``inventory.yaml``.

    Raises:
        InventoryError: it is absent, is not YAML, or says something that the farm does not understand; names the line.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise InventoryError(f"{path}: there is no inventory here; see docs/inventory.md for a minimal one") from None
    except OSError as error:
        raise InventoryError(f"{path}: cannot be read: {error.strerror}") from None
    except UnicodeDecodeError as error:
        raise InventoryError(f"{path}: is not a UTF-8 text: {error.reason} at byte {error.start}") from None
    data, lines = parse_yaml(text, path.name)
    if not isinstance(data, dict):
        what = "is empty" if data is None else "is no mapping"
        raise InventoryError(f"{path.name}:1: {what}; see docs/inventory.md for a minimal inventory")
    try:
        return Inventory.model_validate(data)
    except ValidationError as error:
        # A key that is misspelt makes two errors, of which the one that it is there says what to mend.
        errors = error.errors()
        first = next((each for each in errors if each["type"] == "extra_forbidden"), errors[0])
        place = first.get("ctx", {}).get("place") or tuple(p for p in first["loc"] if p != "[key]")
        dotted = ".".join(map(str, place)) or "the file"
        if first["type"] == "extra_forbidden":
            missing = [e["loc"][-1] for e in errors if e["type"] == "missing" and e["loc"][:-1] == first["loc"][:-1]]
            reason = "there is no such key" + near(str(place[-1]), map(str, missing))
        else:
            reason = first["msg"].removeprefix("Value error, ")
        more = f" (and {error.error_count() - 1} more)" if error.error_count() > 1 else ""
        raise InventoryError(f"{path.name}:{_line_of(place, lines)}: {dotted}: {reason}{more}") from None


def check_profiles(path: Path, inventory: Inventory) -> None:
    """Raise :class:`InventoryError`, with the line of ``path``, for a profile that the simulated device refuses.

    Apart from :func:`load_inventory`, since it takes the device's own code, which reading and selecting need not wait for.
    """
    for device, key, reason in _bad_profiles(inventory):
        _, lines = parse_yaml(path.read_text(encoding="utf-8"), path.name)
        line = _line_of(("devices", device, "profile", key), lines)
        raise InventoryError(f"{path.name}:{line}: devices.{device}.profile: {reason}")


def check_exclusions(path: Path, inventory: Inventory, root: Path) -> None:
    """Raise :class:`InventoryError`, with the line of ``path``, for a file of exclusions that is named and not there.

    Args:
        path: of the inventory.
        inventory: that was read from it.
        root: of the repository as it is on disk. Its earlier commits may have had no such file: then they excluded nothing.
    """
    section = inventory.catalogue
    if "exclusions" not in section.model_fields_set or (root / section.exclusions).is_file():
        return
    _, lines = parse_yaml(path.read_text(encoding="utf-8"), path.name)
    line = _line_of(("catalogue", "exclusions"), lines)
    raise InventoryError(
        f"{path.name}:{line}: catalogue.exclusions: there is no file {section.exclusions} in {root}; "
        "correct the path, add the file, or leave the key out"
    )


def _bad_profiles(inventory: Inventory) -> Iterator[tuple[str, str, str]]:
    """Device, key and reason of each profile that the simulated device refuses; other drivers need their own libraries."""
    for name, device in inventory.devices.items():
        if device.driver == "numpy" and device.profile:
            from workers.drivers.numpy import NumpyDriver

            try:
                NumpyDriver(device.profile)
            except ValueError as error:
                yield name, str(error).partition(":")[0], str(error)


def parse_exclusions(text: str, name: str) -> dict[str, str]:
    """``exclusions.yaml``: architecture name (or ``kind:name``) to the reason; raises :class:`InventoryError`."""
    data, lines = parse_yaml(text, name)
    if data is None:
        return {}
    if not isinstance(data, dict):
        raise InventoryError(f"{name}:1: exclusions are a mapping of architecture name to reason")
    for key, reason in data.items():
        if not isinstance(reason, str) or not reason.strip():
            raise InventoryError(f"{name}:{_line_of((key,), lines)}: {key}: an exclusion needs a reason")
    return {str(key): reason for key, reason in data.items()}


def parse_yaml(text: str, name: str) -> tuple[Any, dict[tuple[Any, ...], int]]:
    """Plain data of a YAML text and the line (from 1) of every key path; raises :class:`InventoryError`."""
    lines: dict[tuple[Any, ...], int] = {}
    try:
        node = yaml.compose(text, Loader=yaml.SafeLoader)
        if node is not None:
            _index(node, (), lines, name)
        return None if node is None else _Constructor().construct_document(node), lines
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise InventoryError(f"{name}:{line}: not YAML: {error.problem}") from None
    except yaml.YAMLError as error:
        raise InventoryError(f"{name}:1: not YAML: {error}") from None
    except RecursionError:
        raise InventoryError(f"{name}:1: is nested too deep, or within itself") from None


class _Constructor(SafeConstructor):
    """Names the place of what looks like a date and is none (``2026-13-45``)."""

    def construct_object(self, node: yaml.Node, deep: bool = False) -> Any:
        try:
            return super().construct_object(node, deep)
        except ValueError as error:
            raise ConstructorError(None, None, str(error), node.start_mark) from None


def _index(node: yaml.Node, path: tuple[Any, ...], lines: dict[tuple[Any, ...], int], name: str) -> None:
    lines.setdefault(path, node.start_mark.line + 1)
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            if not isinstance(key, yaml.ScalarNode):
                raise InventoryError(f"{name}:{key.start_mark.line + 1}: a key is one word, no list or mapping")
            place = (*path, key.value)
            if place in lines:
                raise InventoryError(f"{name}:{key.start_mark.line + 1}: {key.value!r} is given twice")
            lines[place] = key.start_mark.line + 1
            _index(value, place, lines, name)
    elif isinstance(node, yaml.SequenceNode):
        for position, value in enumerate(node.value):
            _index(value, (*path, position), lines, name)


def _line_of(place: tuple[Any, ...], lines: Mapping[tuple[Any, ...], int]) -> int:
    while place and place not in lines:
        place = place[:-1]
    return lines.get(place, 1)
