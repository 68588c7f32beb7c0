"""One large file from a server onto the disk, in pieces, while the phone is a phone.

Nothing of it waits on the event loop: the disk has a thread. While `is_busy` says so (a call goes
on) it comes slowly, so that the call has the line and the processor.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

from config.disk import FILE_MODE, draft_of, flush_folder
from config.files import reason
from firmware.runtime.http_client import NOT_WHOLE, HttpError, Reply, parse_head

PIECE_BYTES = 256 * 1024

SLOW_BYTES, SLOW_S = 16 * 1024, 0.1
"""A piece and the pause behind it, beside a call: 1.3 Mbit/s."""

SETTLED_BYTES = 1 << 20
"""So much waits in memory for the disk: the service's memory is bounded, and the phone needs it."""

STALLED_S = 60.0
"""Without a byte for so long, the server is given up."""

BYTES_MAX = 1 << 30
"""A bundle is smaller than the slot that it is for."""

SPARE_BYTES = 32 << 20
"""What stays free beside it: for settings, lists and logs."""


class BundleDownload:
    """Reads replies (`HttpClient.ask`); the file appears at `path` whole, or not at all."""

    def __init__(
        self, path: Path, note: Callable[[int, int], None], is_busy: Callable[[], bool]
    ) -> None:
        self._path, self._note, self._is_busy = path, note, is_busy
        self.digest = ""  # Of what has come.

    async def read(self, reader: asyncio.StreamReader) -> Reply:
        """Read a reply, and the file where it has one; raise HttpError where that fails."""
        try:
            async with asyncio.timeout(STALLED_S):
                head = await reader.readuntil(b"\r\n\r\n")
        except (asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            raise HttpError(NOT_WHOLE) from None
        except TimeoutError:
            raise HttpError(_silence()) from None
        reply, length = parse_head(head)
        if reply.status == 200:
            await self._save(reader, length)
        return reply

    async def _save(self, reader: asyncio.StreamReader, length: int) -> None:
        draft = draft_of(self._path)
        try:
            await asyncio.to_thread(room_for, self._path.parent, length)
            with await asyncio.to_thread(opened, draft) as file:
                await self._copy(reader, file, length)
                await asyncio.to_thread(settle, file)
            await asyncio.to_thread(rename, draft, self._path)
        except OSError as error:
            raise HttpError(f"it cannot be kept: {reason(error)}") from error
        finally:
            await asyncio.to_thread(draft.unlink, missing_ok=True)

    async def _copy(self, reader: asyncio.StreamReader, file: BinaryIO, length: int) -> None:
        have, sha256 = 0, hashlib.sha256()
        while have < length:
            busy = self._is_busy()
            try:
                async with asyncio.timeout(STALLED_S):
                    piece = await reader.read(SLOW_BYTES if busy else PIECE_BYTES)
            except TimeoutError:
                raise HttpError(_silence()) from None
            except OSError:  # Of TCP, of TLS, of the route.
                raise HttpError("the connection was cut") from None
            if not piece:
                raise HttpError(f"only {have} of {length} bytes have come")
            piece = piece[: length - have]
            await asyncio.to_thread(file.write, piece)
            sha256.update(piece)
            if have // SETTLED_BYTES != (have + len(piece)) // SETTLED_BYTES:
                await asyncio.to_thread(settle, file)
            have += len(piece)
            self._note(have, length)
            if busy:
                await asyncio.sleep(SLOW_S)
        self.digest = sha256.hexdigest()


def _silence() -> str:
    return f"nothing came from the server for {STALLED_S:g} s"


def room_for(folder: Path, length: int) -> None:
    """Look whether a file of that length has room in the folder; raise HttpError where not."""
    if length > BYTES_MAX:
        raise HttpError(f"larger than {BYTES_MAX} bytes")
    free = shutil.disk_usage(folder).free
    if free < length + SPARE_BYTES:
        raise HttpError(f"no room for it: {_mb(length)} MB, and {_mb(free)} MB are free")


def _mb(count: int) -> int:
    return count // 1_000_000


def opened(path: Path) -> BinaryIO:
    """Open a file anew; OSError where that cannot be."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC
    return os.fdopen(os.open(path, flags, FILE_MODE), "wb")


def settle(file: BinaryIO) -> None:
    """Bring what has come to the disk, and let go of the system's copy of it."""
    file.flush()
    os.fdatasync(file.fileno())
    os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def rename(draft: Path, path: Path) -> None:
    """Put a file that is whole in its place."""
    os.replace(draft, path)
    flush_folder(path.parent)
