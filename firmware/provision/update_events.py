"""The words between the updater and the world that fetches, installs and restarts for it."""

from __future__ import annotations

from config.configuration import Configuration
from config.problem import without_credentials
from firmware.frozen import frozen
from firmware.provision.fleet import Fleet, fleet_of
from firmware.provision.server import (
    FIRMWARE_TOO,
    Resync,
    checked_update_uri,
    resync_of,
    update_uri_of,
)

NOT_THIS_WAY = "this phone is not updated this way"


@frozen
class Where:
    """The slot that runs, "" where there is none, and what the kernel calls its start."""

    slot: str = ""
    start: str = ""


@frozen
class Tried:
    """The last bundle that was installed: its mark, and which slot ran, since which start."""

    mark: str
    where: Where


@frozen
class Begun:
    """An installation that goes on, by the number of its wish."""

    number: str
    tried: Tried


# From the world.
@frozen
class DoorInUse:
    """An administrator is at a door of the phone, or nobody is any more."""

    is_used: bool


@frozen
class UpdateSettings:
    """Where a bundle is ("": nowhere, and `problem` may say why), and when it is looked for.

    `fleet` is the server that is asked beside that.
    """

    uri: str = ""
    problem: str = ""
    resync: Resync | None = None
    fleet: Fleet | None = None


@frozen
class UpdateAsked:
    """Somebody at one of the doors wants an update; `uri` "": from where the parameters say."""

    uri: str = ""


@frozen
class FileComes:
    """Somebody sends a bundle to the phone's page."""


@frozen
class BundleFetched:
    """The bundle is on the data partition."""


@frozen
class BundleUnchanged:
    """What the server has is the bundle that was installed before."""


@frozen
class BundleNotFetched:
    """There is none: the server is away, has none, or there is no room for it."""

    reason: str
    retry_after_s: float = 0.0


@frozen
class FleetAnswered:
    """The fleet's server has nothing for this phone, or could not be asked: `failure` says why."""

    failure: str = ""


@frozen
class Proceeds:
    """So much is done, of so much, where that is known; `text` says what goes on."""

    done: tuple[int, int] | None
    text: str = ""


@frozen
class Installed:
    """The other slot is written, and is the next to be started."""


@frozen
class NotInstalled:
    """The bundle was refused, or could not be written: the phone stays as it is."""

    reason: str


# To the world.
@frozen
class FetchBundle:
    """Fetch a bundle; one whose mark is `known` is not wanted again."""

    uri: str
    known: str = ""


@frozen
class InstallBundle:
    """Install what was fetched; `only_newer`: not where it is older than what runs."""

    only_newer: bool = False


@frozen
class AskFleet:
    """Ask the fleet's server, and install what it has for this phone."""

    fleet: Fleet


@frozen
class HoldInstallation:
    """Somebody uses the phone: what the fleet's server has sent waits with its installation."""

    is_held: bool


@frozen
class RestartMachine:
    """Restart all of the machine, now that nobody uses it."""

    reason: str


@frozen
class UpdateStatus:
    """Where updates stand, for screens and logs: sentences in plain words."""

    state: str = ""
    uri: str = ""
    why: str = ""  # Why it was begun.
    doing: str = ""  # What is being done just now.
    done: tuple[int, int] | None = None
    failed: bool = False  # The state is a failure that somebody should know of.
    fleet: str = ""  # Where the fleet's server is, and what it said last.


def update_settings(configuration: Configuration, mac: str = "") -> UpdateSettings:
    """Return the settings of the updater; `mac` is what a fleet's server knows the phone by."""
    resync, uri = resync_of(configuration, FIRMWARE_TOO), update_uri_of(configuration)
    fleet = fleet_of(configuration, mac)
    try:
        return UpdateSettings(checked_update_uri(uri) if uri else "", "", resync, fleet)
    except ValueError as error:
        return UpdateSettings("", f"{without_credentials(uri)}: {error}", resync, fleet)
