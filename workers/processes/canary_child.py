"""The canary alone, in a process of its own: ``python -m workers.processes.canary_child <descriptor>``.

The question is on standard input. It writes a :class:`workers.processes.checkup.Checkup` to the descriptor, in one line that
ends it.
"""

from __future__ import annotations

from dataclasses import replace

from workers.canary import canary_failure
from workers.codec import decode, encode, one_line
from workers.driver import DriverError, fingerprint_of
from workers.drivers import NoSuchDriver, make_driver
from workers.processes.asking import answer, asked
from workers.processes.beginning import prepare
from workers.processes.checkup import Checkup, Question


def main() -> None:
    """Entry."""
    prepare()
    question: Question = decode(asked(), Question)
    checkup = _checkup(question)
    answer(encode(replace(checkup, failure=one_line(checkup.failure, 1000))))


def _checkup(question: Question) -> Checkup:
    try:
        driver = make_driver(question.driver, question.profile)
    except NoSuchDriver as error:
        return Checkup(f"this host has {error}: update it", outside=True)
    except ValueError as error:
        return Checkup(f"inventory: {error}", outside=True)
    except ModuleNotFoundError as error:
        return Checkup(f"this host lacks what driver {question.driver!r} needs: {error}", outside=True)
    except ImportError as error:
        return Checkup(f"driver {question.driver!r} cannot be imported here: {error}", outside=True)
    except DriverError as error:
        return Checkup(f"the unit does not come up: {error}")
    except (
        Exception
    ) as error:  # what nobody foresaw: who has to look needs more than the code that this process ends with
        return Checkup(f"the unit does not come up: {type(error).__name__}: {error}")
    try:
        return Checkup(canary_failure(driver), fingerprint_of(driver))
    except Exception as error:
        return Checkup(f"the canary ends by {type(error).__name__}: {error}")


if __name__ == "__main__":
    main()
