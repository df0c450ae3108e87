"""Running a coordinator until it is told to stop: for ``farm coordinator`` and for the Celery service."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from typing import TYPE_CHECKING

from farm.broker.access import check_coordinator_access
from farm.coordinator.loop import Coordinator
from farm.database.clocks import check_clocks
from farm.errors import UsageError
from farm.notifications.delivery import delivering
from farm.notifications.targets import unsigned
from farm.settings import from_environment
from farm.wires.celery import CeleryWire

if TYPE_CHECKING:
    from farm.conversion.background import BackgroundConverter
    from farm.running.context import Context


def coordinate(context: Context, stop: Callable[[], bool], *, convert: bool, say: Callable[[str], None]) -> None:
    """Sweep, dispatch and merge until ``stop`` says so, and ``convert`` as well, in a thread of its own.

    Raises:
        UsageError: there is no broker, or what is to be told of changes has no URL to post to.
        InventoryError: something in the inventory makes no sense, or its leases would be too short.
        InfrastructureError: the broker is there, but refuses the account, or one end's certificate is not good for the other.
    """
    context.check_profiles()
    if context.settings.broker_url is None:
        raise UsageError("FARM_BROKER_URL is not set: without a broker, `farm submit` runs everything itself")
    signing_key = from_environment("FARM_SIGNING_KEY")
    with contextlib.ExitStack() as stack:
        wire = stack.enter_context(CeleryWire(context.settings.broker_url, signing_key))
        check_coordinator_access(context.settings.broker_url)
        coordinator = Coordinator(
            context.database, context.inventory, wire, check=lambda: check_clocks(context.database)
        )
        if signing_key is None:
            say("farm: FARM_SIGNING_KEY is not set: messages of hosts are believed unsigned")
        delivery = stack.enter_context(delivering(context.database, context.inventory))
        for target in delivery.targets:
            say(f"farm: the {target.name} is told of {', '.join(sorted(target.kinds))}{unsigned(target)}")
        converting: BackgroundConverter | None = None
        if convert:
            from farm.conversion.background import BackgroundConverter
            from farm.conversion.converter import Converter

            store_url = context.settings.store_url
            worker = Converter(context.database, context.inventory, context.repository, store_url, patient=True)
            converting = stack.enter_context(BackgroundConverter(worker))
        up = False

        def over() -> bool:
            nonlocal up
            if converting is not None:
                converting.check()
            if wire.connected and not up:  # said once the broker was reached, however long that took
                say(f"farm: coordinator is up for {', '.join(context.inventory.devices)}")
                up = True
            return stop()

        coordinator.run(over)
