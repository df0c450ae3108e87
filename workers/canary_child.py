"""The canary alone, in a process of its own: ``python -m workers.canary_child <descriptor>``, the request on standard input.

It writes what is wrong with the unit to the descriptor, in one line that ends it; an empty line says that the unit lives.
"""

from __future__ import annotations

import os
import sys

from workers.canary import canary_failure
from workers.child import prepare
from workers.codec import decode_request
from workers.driver import DriverError
from workers.drivers import make_driver


def main() -> None:
    """Entry."""
    prepare()
    request = decode_request(sys.stdin.buffer.read())
    try:
        failure = canary_failure(make_driver(request.driver, request.profile))
    except DriverError as error:
        failure = f"the unit does not come up: {error}"
    os.write(int(sys.argv[1]), " ".join(failure.split())[:1000].encode() + b"\n")


if __name__ == "__main__":
    main()
