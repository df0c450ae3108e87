"""The environment of children: an allow-list, asserted through a real child."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

import workers
from tests.workers.parents import as_ordinary_user, child_reads_environment
from workers.processes.environment import child_environment, hide_environment, worker_environment

SECRETS = {
    "FARM_BROKER_URL": "redis://user:hunter2@broker/0",
    "FARM_DATABASE_URL": "postgresql://user:hunter2@database/farm",
    "FARM_STORE_URL": "s3://bucket?key=hunter2",
    "AWS_ACCESS_KEY_ID": "hunter2",
    "AWS_SECRET_ACCESS_KEY": "hunter2",
    "AWS_SESSION_TOKEN": "hunter2",
    "GITHUB_TOKEN": "hunter2",
    "HTTPS_PROXY": "http://user:hunter2@proxy",
    "PGPASSWORD": "hunter2",
    "SSH_AUTH_SOCK": "/run/hunter2",
    "SOMETHING_THAT_NOBODY_THOUGHT_OF": "hunter2",
}


@pytest.fixture(autouse=True)
def _secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in SECRETS.items():
        monkeypatch.setenv(name, value)


def seen_by_a_child(environment: dict[str, str]) -> dict[str, str]:
    command = [sys.executable, "-c", "import json, os; print(json.dumps(dict(os.environ)))"]
    seen: dict[str, str] = json.loads(subprocess.check_output(command, env=environment))
    return seen


def test_no_credential_reaches_a_child() -> None:
    seen = seen_by_a_child(child_environment())
    assert not seen.keys() & SECRETS.keys()
    assert "hunter2" not in json.dumps(seen)


def test_what_a_child_needs_to_start_reaches_it(monkeypatch: pytest.MonkeyPatch) -> None:
    needed = {"HOME": "/home/farm", "TMPDIR": "/scratch", "LD_LIBRARY_PATH": "/opt/vendor", "CUDA_VISIBLE_DEVICES": "1"}
    for name, value in needed.items():
        monkeypatch.setenv(name, value)
    seen = seen_by_a_child(child_environment())
    assert {name: seen.get(name) for name in needed} == needed
    assert seen["PATH"] == os.environ["PATH"]


def test_each_blas_has_one_thread_and_hashes_are_fixed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "64")
    monkeypatch.setenv("OPENBLAS_NUM_THREADS", "64")
    seen = seen_by_a_child(child_environment())
    names = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS")
    assert {name: seen[name] for name in names} == dict.fromkeys(names, "1")
    assert seen["PYTHONHASHSEED"] == "0"


def test_what_is_given_in_addition_wins() -> None:
    environment = child_environment({"MCORE_BACKEND": "torch", "OMP_NUM_THREADS": "2"})
    assert (environment["MCORE_BACKEND"], environment["OMP_NUM_THREADS"]) == ("torch", "2")


def test_the_own_environment_stays_as_it_is() -> None:
    before = dict(os.environ)
    child_environment({"MORE": "1"})["PATH"] = "/nowhere"
    assert dict(os.environ) == before


@pytest.mark.skipif(sys.platform != "linux", reason="/proc and prctl are Linux's")
def test_a_child_cannot_read_the_environment_of_a_parent_that_hides_it() -> None:
    """As an ordinary user: root reads everything."""

    def hidden() -> bool:
        before = child_reads_environment()
        hide_environment()
        return (before, child_reads_environment()) == (True, False)

    assert as_ordinary_user(hidden)


def test_a_child_of_this_package_finds_it_and_no_module_of_it_at_the_top(tmp_path: Path) -> None:
    environment = worker_environment()
    code = (
        "import importlib.util as u; print(u.find_spec('workers').origin, u.find_spec('policy'), u.find_spec('report'))"
    )
    # As attempts are run: in a folder of their own, which is not on the path.
    seen = subprocess.check_output([sys.executable, "-S", "-P", "-c", code], env=environment, cwd=tmp_path, text=True)
    assert seen.split() == [workers.__file__, "None", "None"]
