"""Device types and their units: how they are, what waits for them, what they did, and what they lack."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import select

from farm.commits.naming import find_recorded
from farm.database import models as db
from farm.details.device import read_device
from farm.details.unit import read_unit
from farm.errors import NothingRecordedError
from farm.reading.device_list import list_devices
from farm.web.drawings import days_plot
from farm.web.page import Page, Parameters, Scope, View
from farm.web.unit_names import as_parameter, from_parameter


def listed(view: View) -> str:
    """All of the inventory."""
    found = list_devices(view.session, view.inventory, view.now, attended=view.attended)
    return view.render("devices.html", devices=found, parameter=as_parameter)


def show(view: View, name: str) -> str:
    """One device type."""
    record = read_device(view.session, view.inventory, name, view.now, attended=view.attended, commit=_commit(view))
    return view.render("device.html", record=record, parameter=as_parameter, plot=days_plot(record.days, name))


def show_unit(view: View, device: str, unit: str) -> str:
    """One unit."""
    name = from_parameter(unit)
    record = read_unit(view.session, view.inventory, device, name, view.now)
    return view.render(
        "unit.html", record=record, unit=record.unit, parameter=as_parameter, plot=days_plot(record.days, name)
    )


def _commit(view: View) -> str | None:
    """The one that the front page is of; none before the first submission."""
    try:
        return view.scope[0] if view.scope else find_recorded(view.session, view.repository, None)
    except NothingRecordedError:
        return None


def _types(view: View, _scope: Scope) -> Iterable[Parameters]:
    return ({"name": name} for name in view.inventory.devices)


def _units(view: View, _scope: Scope) -> Iterable[Parameters]:
    rows = view.session.execute(select(db.Device.device_type, db.Device.unit)).all()
    return [{"device": device, "unit": as_parameter(unit)} for device, unit in rows]


LIST = Page("devices", "devices", listed, lambda _view, _scope: ({},), heading="Devices")
PAGE = Page("device", "device/{name}", show, _types, below="devices")
UNIT = Page("unit", "unit/{device}/{unit}", show_unit, _units, below="devices")
