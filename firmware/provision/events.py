"""The words between the provisioner and the world that fetches, keeps and restarts for it."""

from __future__ import annotations

from dataclasses import field

from config.fetched import FetchedFile
from firmware.frozen import frozen
from firmware.provision.server import ProvisionSettings, Server


@frozen
class Change:
    """One parameter that is different, in words without secrets."""

    text: str
    needs_restart: bool = False


# From the world.
@frozen
class FileFetched:
    """A file has come, and all of it is good. Each outcome bears the number of its fetch."""

    number: int
    file: FetchedFile


@frozen
class FileUnchanged:
    """The server says that the copy is as new as its file (ETag)."""

    number: int


@frozen
class FileAbsent:
    """The server has no such file."""

    number: int


@frozen
class FileRefused:
    """A file has come that must not take the place of its copy; sentences say why."""

    number: int
    faults: tuple[str, ...]


@frozen
class FetchFailed:
    """No file has come, for no fault of its own: nobody there, a certificate, no answer in time."""

    number: int
    reason: str
    retry_after_s: float = 0.0


Outcome = FileFetched | FileUnchanged | FileAbsent | FileRefused | FetchFailed


@frozen
class FilesKept:
    """The files of a round are on disk, and read: what is different now."""

    changes: tuple[Change, ...] = ()
    settings: ProvisionSettings = ProvisionSettings()


@frozen
class FilesNotKept:
    """The disk refused them; nothing has changed."""

    reason: str


@frozen
class InUse:
    """Somebody uses the phone, or nobody does any more."""

    is_used: bool


@frozen
class FetchAsked:
    """Somebody at one of the doors wants the files now, whoever uses the phone."""


@frozen
class RestartWanted:
    """Something was set that counts after a new start only: when nobody uses the phone."""


@frozen
class SettingsChanged:
    """What the provisioner is told has changed without it: a person's settings, DHCP."""

    settings: ProvisionSettings


# To the world.
@frozen
class Fetch:
    """Fetch a file; `before` is the copy of it, where it came from the same server."""

    number: int
    server: Server
    name: str
    before: FetchedFile | None = field(default=None, repr=False)


@frozen
class KeepFiles:
    """Put files in place of their copies, and forget those of files that are gone."""

    files: tuple[FetchedFile, ...]
    gone: tuple[str, ...] = ()


@frozen
class StartAnew:
    """Start the phone again, now that nobody uses it."""

    reason: str


@frozen
class ProvisionStatus:
    """Where provisioning stands, for screens and logs: sentences in plain words."""

    server: str = ""
    state: str = ""  # "up to date", or what it does, or waits for, or why not.
    why: str = ""  # Why the last round was begun.
    changed: tuple[str, ...] = ()  # By the last round that changed something.
    faults: tuple[str, ...] = ()  # Of files that were refused.
    done: tuple[int, int] | None = None  # How many files of a round that goes on, of how many.
    waits: bool = False  # Something of it counts after a new start.
