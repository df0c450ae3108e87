"""inventory.yaml and exclusions.yaml: what is understood, and that every refusal names file and line."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from farm.errors import ExitCode, InventoryError, NotFoundError
from farm.inventory import Inventory, check_exclusions, check_profiles, load_inventory, parse_exclusions, parse_yaml
from tests.docs.reading import pieces
from workers.drivers import DRIVERS

ROOT = Path(__file__).parent.parent.parent

GOOD = """\
version: 1
catalogue:
  levels: {network: models/networks}
policies:
  fp32: {version: 1, precision: float32, atol_rel: 2.0e-4, rtol: 1.0e-4, sqnr_db: 75, cosine: 0.99999}
devices:
  numpy:
    driver: numpy
    policy: fp32
"""


def load(text: str, tmp_path: Path) -> Inventory:
    path = tmp_path / "inventory.yaml"
    path.write_text(text)
    return load_inventory(path)


def test_the_repositorys_own_inventory_is_valid() -> None:
    inventory = load_inventory(ROOT / "inventory.yaml")
    assert {"numpy", "torch"} <= set(inventory.devices)
    assert inventory.policy_of("numpy").key == "fp32/2"
    parse_exclusions((ROOT / "exclusions.yaml").read_text(), "exclusions.yaml")


def test_the_smallest_one_of_the_documents_is_valid(tmp_path: Path) -> None:
    (smallest, *_) = pieces(ROOT / "docs" / "inventory.md", "yaml")
    assert list(load(smallest, tmp_path).devices) == ["numpy"]


def test_a_failure_counts_for_two_weeks_unless_the_inventory_says_otherwise(tmp_path: Path) -> None:
    assert load(GOOD, tmp_path).inheritance.failures_for == timedelta(days=14)
    hours = load(f"{GOOD}inheritance: {{failures_days: 0.5}}\n", tmp_path)
    assert hours.inheritance.failures_for == timedelta(hours=12)


@pytest.mark.parametrize(
    ("change", "line", "said"),
    [
        (
            ("driver: numpy", "drive: numpy"),
            8,
            "devices.numpy.drive: there is no such key; did you mean driver? (and 1 more)",
        ),
        (
            ("    policy: fp32", "    polcy: fp32"),
            9,
            "devices.numpy.polcy: there is no such key; did you mean policy? (and 1 more)",
        ),
        (("    driver: numpy", "    driver: numpy\n    unit: 2"), 9, "devices.numpy.unit: there is no such key"),
        (
            ("driver: numpy", "driver: abacus"),
            8,
            f"no driver 'abacus'; there are {', '.join(sorted(DRIVERS))}",
        ),
        (("policy: fp32", "policy: fp16"), 9, "devices.numpy.policy: no policy 'fp16'; did you mean fp32?"),
        (("precision: float32", "precision: float31"), 5, "policies.fp32.precision"),
        (("atol_rel: 2.0e-4", "atol_rel: -1"), 5, "policies.fp32.atol_rel"),
        (("atol_rel: 2.0e-4", "judged: ends, atol_rel: 2.0e-4"), 5, "policies.fp32.judged"),
        (
            ("atol_rel: 2.0e-4", "judged: layers, allowed_share: 0.1, atol_rel: 2.0e-4"),
            5,
            "allowed_share is for outputs",
        ),
        (("version: 1\ncatalogue", "version: 2\ncatalogue"), 1, "version"),
        (("network: models", "nework: models"), 3, "nework"),
        (("    driver: numpy", "    driver: numpy\n    units: 0"), 9, "devices.numpy.units"),
        (("    driver: numpy", "    driver: numpy\n    driver: torch"), 9, "'driver' is given twice"),
        (("devices:", "devices: ["), 9, "not YAML"),
        (("policies:", "inheritance: {failures_days: -1}\npolicies:"), 4, "inheritance.failures_days"),
        (("policies:", "inheritance: {failures_days: .inf}\npolicies:"), 4, "inheritance.failures_days"),
        (("policies:", "inheritance:\n  failure_days: 3\npolicies:"), 5, "inheritance.failure_days"),
        (("policies:", "health: {check_hours: -1}\npolicies:"), 4, "health.check_hours"),
        (("policies:", "hosts:\n  bench: {at_once: 0}\npolicies:"), 5, "hosts.bench.at_once"),
    ],
)
def test_a_broken_inventory_names_the_line(change: tuple[str, str], line: int, said: str, tmp_path: Path) -> None:
    broken = GOOD.replace(*change)
    assert broken != GOOD
    with pytest.raises(InventoryError) as caught:
        load(broken, tmp_path)
    text = str(caught.value)
    assert said in text
    assert text.startswith("inventory.yaml:")
    assert "\n" not in text
    assert caught.value.exit_code == ExitCode.USAGE
    assert abs(int(text.split(":")[1]) - line) <= 1


def test_only_a_host_that_is_named_has_a_bound(tmp_path: Path) -> None:
    inventory = load(f"{GOOD}hosts: {{bench: {{at_once: 2}}}}\n", tmp_path)
    assert (inventory.at_once("bench"), inventory.at_once("other"), inventory.at_once("")) == (2, None, None)


def test_without_an_inventory(tmp_path: Path) -> None:
    with pytest.raises(InventoryError, match="no inventory here"):
        load_inventory(tmp_path / "inventory.yaml")


@pytest.mark.parametrize(
    ("text", "what"), [("", "is empty"), ("# later\n", "is empty"), ("- numpy\n", "is no mapping")]
)
def test_one_that_says_nothing(text: str, what: str, tmp_path: Path) -> None:
    with pytest.raises(InventoryError, match=rf"^inventory\.yaml:1: {what}; see docs/inventory\.md"):
        load(text, tmp_path)


def excluding(name: str, tmp_path: Path) -> Inventory:
    levels = "levels: {network: models/networks}\n"
    return load(GOOD.replace(levels, f"{levels}  exclusions: {name}\n"), tmp_path)


def test_a_file_of_exclusions_that_is_named_has_to_be_there_and_the_default_one_need_not(tmp_path: Path) -> None:
    path = tmp_path / "inventory.yaml"
    check_exclusions(path, load(GOOD, tmp_path), tmp_path)
    named = excluding("./skipped.yaml", tmp_path)
    with pytest.raises(InventoryError) as raised:
        check_exclusions(path, named, tmp_path)
    start = f"inventory.yaml:4: catalogue.exclusions: there is no file skipped.yaml in {tmp_path}; "
    assert str(raised.value).startswith(start)
    (tmp_path / "skipped.yaml").write_text("resnet50: slow\n")
    check_exclusions(path, named, tmp_path)


@pytest.mark.parametrize("name", ["/etc/skipped.yaml", "../skipped.yaml", "models/../../skipped.yaml"])
def test_exclusions_lie_in_the_repository(name: str, tmp_path: Path) -> None:
    with pytest.raises(InventoryError, match=r"^inventory\.yaml:4: catalogue\.exclusions: .* is not in the repository"):
        excluding(name, tmp_path)


def test_an_unknown_device_suggests_near_names(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match="did you mean numpy"):
        load(GOOD, tmp_path).device("nunpy")


def test_the_configuration_of_a_device_is_its_driver_and_profile(tmp_path: Path) -> None:
    plain = load(GOOD, tmp_path).device("numpy").configuration
    more_units = load(GOOD + "    units: 3\n", tmp_path).device("numpy").configuration
    faulty = load(GOOD + "    profile: {faults: [nan]}\n", tmp_path).device("numpy").configuration
    assert plain == more_units
    assert plain != faulty


@pytest.mark.parametrize(
    ("profile", "line", "reason"),
    [
        ("precision: int4", 8, "precision: the simulated device has float32, float16, bfloat16, int8, not 'int4'"),
        ("mode: default\n      missing_ops: [conv9d]", 9, "missing_ops: no op 'conv9d'"),
        ("faults: [gremlin]", 8, "faults: no fault 'gremlin'; there are wrong_kernel, "),
        ("op_limits: {conv2d: {kernel: 3}}", 8, "op_limits: conv2d has no limit 'kernel'; "),
        ("colour: red", 7, "there is no key 'colour'; it has mode, "),
    ],
)
def test_a_profile_that_the_simulated_device_refuses_is_named_with_its_line(
    profile: str, line: int, reason: str, tmp_path: Path
) -> None:
    inventory = load(f"{GOOD}    profile:\n      {profile}\n", tmp_path)
    with pytest.raises(InventoryError) as raised:
        check_profiles(tmp_path / "inventory.yaml", inventory)
    start = f"inventory.yaml:{line + 3}: devices.numpy.profile: {reason}"
    assert str(raised.value).startswith(start)
    assert "\n" not in str(raised.value)


def test_an_exclusion_needs_a_reason() -> None:
    assert parse_exclusions("UNet: too slow here\n", "x.yaml") == {"UNet": "too slow here"}
    assert parse_exclusions("# nothing\n", "x.yaml") == {}
    with pytest.raises(InventoryError, match=r"x\.yaml:2: UNet: an exclusion needs a reason"):
        parse_exclusions("resnet18: slow\nUNet:\n", "x.yaml")
    with pytest.raises(InventoryError, match="mapping"):
        parse_exclusions("- UNet\n", "x.yaml")


@given(st.text(max_size=200))
def test_any_text_is_read_or_refused_by_name(text: str) -> None:
    refused = ""
    try:
        parse_yaml(text, "x.yaml")
    except InventoryError as error:
        refused = str(error)
    assert refused == "" or refused.startswith("x.yaml:")


@pytest.mark.parametrize(("make", "said"), [("folder", "cannot be read"), ("binary", "not a UTF-8 text")])
def test_an_inventory_that_cannot_be_read(make: str, said: str, tmp_path: Path) -> None:
    path = tmp_path / "inventory.yaml"
    if make == "folder":
        path.mkdir()
    else:
        path.write_bytes(b"version: 1 # \xff\n")
    with pytest.raises(InventoryError, match=said):
        load_inventory(path)


def test_code_that_counts_for_nobody_is_the_converter_unless_it_is_named(tmp_path: Path) -> None:
    assert "mcore.convert" in load(GOOD, tmp_path).source_catalogue({}).toolchain
    named = GOOD.replace("levels:", "toolchain: [models.registry]\n  levels:")
    assert load(named, tmp_path).source_catalogue({}).toolchain == ("models.registry",)
