"""The last good copies of files that servers gave, in the state folder.

There are the configuration files of the provisioning server, and what parameters name by URL
(certificates, contacts), under the parameter's name.

Each is the server's file, byte by byte, and one comment line behind it: where it came from, what
there is to doubt about it (T2), its ETag, when it was fetched, and a checksum over all of it. It is
flushed and renamed into place, so a power cut leaves the one before or the one after. A copy that
is damaged all the same is not used, and fetched anew. Only the phone may read it (T4).
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from pathlib import Path

from config.cfg_file import FILE_BYTES_MAX, Statement, parse_file
from config.disk import flush_folder, save_flushed
from config.files import read_bounded
from config.layers import Key, server_layer
from config.problem import Problem, Problems

FOLDER = "fetched"

DIRECTORY = "directory 1"
"""The parameter that names a file of contacts."""

MARK = b"\n# fetched: "
LABEL_BYTES_MAX = 8192
"""Of the last line: a URL and an ETag, each bounded where they come in."""


@dataclass(frozen=True, slots=True)
class FetchedFile:
    """One file as a server gave it. It may hold secrets, so its data is not in the repr (T4)."""

    name: str  # "startup.cfg", "sips private key"
    data: bytes = field(repr=False)
    source: str = ""  # Its URL.
    doubt: str = ""  # Why it may not set what is guarded: "it came over TFTP"; "": it may.
    etag: str = ""
    fetched_at: int = 0  # Unix seconds.


def copy_path(state: Path, name: str) -> Path:
    """Return where the copy of a file is; PEM may be read as it is, with the line behind it."""
    return state / FOLDER / name


class DamagedCopyError(ValueError):
    """A copy on disk that is not as it was written."""


def read_copy(state: Path, name: str) -> FetchedFile | None:
    """Return the last good copy, None where there is none; OSError or DamagedCopyError else."""
    try:
        whole = read_bounded(copy_path(state, name), FILE_BYTES_MAX + LABEL_BYTES_MAX)
    except (FileNotFoundError, NotADirectoryError):
        return None
    import json  # noqa: PLC0415 (a phone that fetches nothing starts without it)

    data, mark, label = whole.rpartition(MARK)
    try:
        fields = json.loads(label)
        if not mark or fields.pop("checksum") != _checksum(data, fields):
            raise ValueError
        return FetchedFile(name, data, **fields)
    except (ValueError, TypeError, AttributeError, KeyError, RecursionError):
        raise DamagedCopyError("the copy is damaged; it is fetched again") from None


def save_copy(state: Path, file: FetchedFile) -> None:
    """Put a copy in place of the one before; OSError where the disk refuses."""
    fields: dict[str, object] = {
        "source": file.source,
        "doubt": file.doubt,
        "etag": file.etag,
        "fetched_at": file.fetched_at,
    }
    import json  # noqa: PLC0415

    label = json.dumps(fields | {"checksum": _checksum(file.data, fields)}).encode()
    save_flushed(copy_path(state, file.name), file.data + MARK + label + b"\n")


def remove_copy(state: Path, name: str) -> None:
    """Forget a file that the server has no more."""
    path = copy_path(state, name)
    path.unlink(missing_ok=True)
    if path.parent.is_dir():
        flush_folder(path.parent)


def wipe_copies(state: Path) -> None:
    """Remove every copy, and what is left of earlier ones."""
    folder = state / FOLDER
    if not folder.is_dir():
        return
    for path in folder.iterdir():
        path.unlink()
    flush_folder(folder)


def faults(file: FetchedFile, before: FetchedFile | None) -> tuple[Problem, ...]:
    """Return why a file must not take the place of the copy before: none where it may.

    All of it is looked at: one bad line or value and the whole file is left, so that what counts is
    always a file that somebody wrote, never half of one and half of another.
    """
    if before is not None and before.data.strip() and not file.data.strip():
        return (Problem("is empty", file.name),)
    parsed = parse_file(file.data, file.name)
    problems, unknown = Problems(parsed.problems), dict[Key, Statement]()
    server_layer(parsed.statements, problems, unknown)
    return problems.all()


def _checksum(data: bytes, fields: dict[str, object]) -> str:
    words = "\n".join(f"{name}: {value}" for name, value in sorted(fields.items()))
    return hashlib.sha256(data + MARK + words.encode()).hexdigest()
