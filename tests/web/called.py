"""The town with its incidents as the mind would hold them: called, with a next call due."""

from dataclasses import replace
from datetime import timedelta

from immutables import Map

from monitor.core.model import Page
from tests.web.standing import NOW, Standing, town

__all__ = ["town_in_trouble"]


def town_in_trouble() -> Standing:
    """Meta's outage is incident 17 and called the first on call, Reddit's wavering is 18."""
    house = town()
    page = Page(
        "root", "desk", house.rules.policies["ladder"], taken=1, called=("first",), due=NOW + timedelta(minutes=14)
    )
    incidents = {
        number: replace(incident, id=number, firing=incident.opened, pages=(page,))
        for number, incident in (("17", house.state.incidents["17"]), ("18", house.state.incidents["18"]))
    }
    index = {(i.condition.value, c): i.id for i in incidents.values() for c in i.channels}
    monitor = replace(house.state.monitor, sequence=18, alive=NOW)
    house.state = replace(house.state, incidents=Map(incidents), index=Map(index), monitor=monitor)
    return house
