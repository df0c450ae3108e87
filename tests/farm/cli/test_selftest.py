"""``farm selftest``: its document, its matrix, its exit codes."""

from collections.abc import Callable, Sequence

import pytest

from farm.cli import main
from farm.cli import selftest as command
from farm.selftest.grading import Graded, Marks
from farm.selftest.injections import STORE_FAULTS, Injection, Scope
from tests.farm.documents.valid import valid
from workers.faults import CATALOGUE
from workers.outcome import Cause, Outcome

NAN = Injection("nan", Scope.STACK, "selftest_0", Outcome.NONFINITE, Cause.DEVICE_STACK)
RIGHT = Graded(NAN, Outcome.NONFINITE, Cause.DEVICE_STACK, "1 of 9 elements", 0.25)
PASSED = Graded(NAN, Outcome.PASS, Cause.UNKNOWN, "", 0.25)


@pytest.fixture
def run(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[[Sequence[Graded], Sequence[str]], tuple[int | str | None, str]]:
    """Exit code and output of the command with the marks of attempts that were not run."""

    def run(done: Sequence[Graded], arguments: Sequence[str]) -> tuple[int | str | None, str]:
        monkeypatch.setattr("farm.cli.selftest._marks", lambda quick: Marks(tuple(done)))
        with pytest.raises(SystemExit) as stop:
            main(["selftest", *arguments])
        return stop.value.code, capsys.readouterr().out

    return run


Run = Callable[[Sequence[Graded], Sequence[str]], tuple[int | str | None, str]]


def test_the_floor_holds(run: Run) -> None:
    code, out = run([RIGHT], ["--quick"])
    assert code == 0
    assert out.splitlines()[-1].startswith("1 of 1 right; ")
    assert out.splitlines()[-1].endswith("the floor holds")


def test_a_broken_floor_is_a_bad_result(run: Run) -> None:
    code, out = run([RIGHT, PASSED], [])
    assert code == 1
    assert [line.split()[-1] for line in out.splitlines()[1:3]] == ["1", "WRONG"]
    assert "product called pass: 1; THE FLOOR IS BROKEN" in out


def test_the_document(run: Run) -> None:
    code, out = run([RIGHT, PASSED], ["--json"])
    document = valid(out)
    assert code == 1
    assert list(document) == ["schema", "injected", "correct", "infra_as_product", "product_as_pass", "matrix"]
    assert (document["schema"], document["injected"], document["correct"]) == ("farm-selftest/1", 2, 1)
    assert document["product_as_pass"] == 1
    assert document["matrix"][0] == {
        "injected": "nan",
        "scope": "stack",
        "network": "selftest_0",
        "expected_outcome": "NONFINITE",
        "expected_cause": "device stack",
        "outcome": "NONFINITE",
        "cause": "device stack",
        "correct": True,
        "message": "1 of 9 elements",
        "seconds": 0.25,
    }


def test_the_list_has_a_line_for_each_fault(run: Run) -> None:
    code, out = run([], ["--list"])
    assert code == 0
    assert [line.split()[0] for line in out.splitlines()] == [*CATALOGUE, *STORE_FAULTS]
    assert "(parameters: op, value)" in out


def test_the_command_is_that_of_the_group() -> None:
    assert command.selftest.name == "selftest"
