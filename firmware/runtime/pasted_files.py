"""Certificate files that an administrator pasted at the console: they lie in the state folder.

Each takes the place of the one before as a whole (flushed, renamed), only after it was looked at:
what cannot be read as what it should be is refused, in words. A factory reset removes them.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from config.certificates import Reader
from config.checks import CERTIFICATE, CHAIN, KEY, REVOKED, TRUSTED
from config.disk import flush_folder, save_flushed
from config.files import reason
from config.problem import ConfigError

FOLDER = "certificates"

NAMES = {
    TRUSTED: "trusted.pem",
    CHAIN: "chain.pem",
    CERTIFICATE: "own.pem",
    KEY: "own.key",
    REVOKED: "revoked.pem",
}
"""The file of each parameter."""


WAITING = "waiting"
"""The name of a key, and of its request, that wait for their certificate."""


def request(state: Path, name: str, names: Sequence[str], *, replaces: bool) -> str:
    """Make a key and a request for its certificate; return that as PEM. ConfigError says why not.

    The key takes the place of the one in use when its certificate comes, and not before.
    """
    from config.request import KeyType, files, make_key, make_request, write

    key = make_key(KeyType.EC)
    asked = make_request(key, name, names)
    place = files(state / FOLDER, WAITING)
    try:
        place.key.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigError(f"{place.key.parent}: cannot be made: {reason(error)}") from error
    write(place, key, asked, replaces)
    return place.request.read_text()


def has_waiting_key(state: Path) -> bool:
    """Tell whether a key waits for its certificate."""
    return (state / FOLDER / f"{WAITING}.key").exists()


def take_waiting_key(state: Path, pem: str) -> Path | None:
    """Put the key that waits for this certificate in its place; return it, None for another's."""
    waiting, reader = state / FOLDER / f"{WAITING}.key", Reader("")
    try:
        reader.own(pem.encode())
        reader.key(waiting.read_bytes())
        if not reader.match:
            return None
        path = (state / FOLDER / NAMES[KEY]).resolve()
        waiting.replace(path)
        waiting.with_suffix(".csr").unlink(missing_ok=True)
        flush_folder(path.parent)
    except (OSError, ValueError):
        return None  # None waits, or the certificate is none: that is said elsewhere.
    return path


def look_at(parameter: str, data: bytes, password: str) -> None:
    """See that a file is what its parameter wants; ConfigError says what is wrong."""
    reader = Reader(password)
    read = {KEY: reader.key, CERTIFICATE: reader.own, REVOKED: reader.revoked}
    try:
        read.get(parameter, reader.certificates)(data)
    except ValueError as error:
        raise ConfigError(str(error)) from None


def keep(state: Path, parameter: str, pem: str, password: str) -> Path:
    """Keep what was pasted; return its file. ConfigError says why not."""
    data = pem.encode()
    look_at(parameter, data, password)
    path = (state / FOLDER / NAMES[parameter]).resolve()
    try:
        save_flushed(path, data)
    except OSError as error:
        raise ConfigError(f"{path}: cannot be saved: {reason(error)}") from error
    return path


def wipe(state: Path) -> None:
    """Remove all of them; OSError where the disk refuses."""
    folder = state / FOLDER
    if not folder.is_dir():
        return
    for path in folder.iterdir():
        path.unlink()
    flush_folder(folder)
