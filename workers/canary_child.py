"""The canary alone, in a process of its own: ``python -m workers.canary_child <descriptor>``, the request on standard input.

It writes what is wrong with the unit to the descriptor, in one line that ends it; an empty line says that the unit lives.
"""

from __future__ import annotations

from workers.asking import answer, asked
from workers.beginning import prepare
from workers.canary import canary_failure
from workers.codec import decode_request, one_line
from workers.driver import DriverError
from workers.drivers import make_driver


def main() -> None:
    """Entry."""
    prepare()
    request = decode_request(asked())
    try:
        failure = canary_failure(make_driver(request.driver, request.profile))
    except DriverError as error:
        failure = f"the unit does not come up: {error}"
    answer(one_line(failure, 1000).encode())


if __name__ == "__main__":
    main()
