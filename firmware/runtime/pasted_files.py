"""Certificate files that an administrator pasted at the console: they lie in the state folder.

Each takes the place of the one before as a whole (flushed, renamed), only after it was looked at:
what cannot be read as what it should be is refused, in words. A factory reset removes them.
"""

from __future__ import annotations

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


def keep(state: Path, parameter: str, pem: str, password: str) -> Path:
    """Keep what was pasted; return its file. ConfigError says why not."""
    data, reader = pem.encode(), Reader(password)
    read = {KEY: reader.key, CERTIFICATE: reader.own, REVOKED: reader.revoked}
    try:
        read.get(parameter, reader.certificates)(data)
    except ValueError as error:
        raise ConfigError(str(error)) from None
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
