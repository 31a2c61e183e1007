"""config/*.yaml -> frozen typed settings; every fault at once, with file, line, column and a hint.

`load` reads the team's file and the entries of the catalogue that it lists; `difference` says what a reload changes.
A file that cannot be used changes nothing: `load` raises SettingsError, and whoever holds the old settings keeps them.
"""

from monitor.settings.address import host_of, is_loopback, public_url
from monitor.settings.catalogue import CatalogueChannel, Facts, catalogue_folder, channel_ids
from monitor.settings.contacts import check_all
from monitor.settings.contacts_apart import check_all_apart
from monitor.settings.difference import Difference, difference
from monitor.settings.faults import Fault, SettingsError, format_faults, redact
from monitor.settings.loading import CheckContacts, load, load_facts
from monitor.settings.model import ChannelEntry, listener
from monitor.settings.people import Person, Place
from monitor.settings.routing import GroupWait, Routes
from monitor.settings.settings import CalendarAddress, ProbeSpec, Settings

__all__ = [
    "CalendarAddress",
    "CatalogueChannel",
    "ChannelEntry",
    "CheckContacts",
    "Difference",
    "Facts",
    "Fault",
    "GroupWait",
    "Person",
    "Place",
    "ProbeSpec",
    "Routes",
    "Settings",
    "SettingsError",
    "catalogue_folder",
    "channel_ids",
    "check_all",
    "check_all_apart",
    "difference",
    "format_faults",
    "host_of",
    "is_loopback",
    "listener",
    "load",
    "load_facts",
    "public_url",
    "redact",
]
