"""A bundle that a browser sends, onto the disk in pieces, while the phone is a phone.

As a download is kept (`bundle_download.py`): the disk has a thread, the file appears whole or not
at all, and beside a call it comes slowly. The browser is held back by TCP alone.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

from config.disk import draft_of
from config.files import reason
from drivers.http_listener import Body
from firmware.runtime.bundle_download import (
    PIECE_BYTES,
    SETTLED_BYTES,
    SLOW_BYTES,
    SLOW_S,
    opened,
    rename,
    room_for,
    settle,
)
from firmware.runtime.http_client import HttpError
from firmware.web.forms import FormError
from firmware.web.upload import UploadReader


class BundleUpload:
    """Takes the rest of a body whose file has begun."""

    def __init__(
        self, path: Path, note: Callable[[int, int], None], is_busy: Callable[[], bool]
    ) -> None:
        self._path, self._note, self._is_busy = path, note, is_busy
        self._sha256 = hashlib.sha256()
        self._waiting = bytearray()  # For the disk.
        self._unsettled = 0

    @property
    def digest(self) -> str:
        """The file's, once it is whole."""
        return self._sha256.hexdigest()

    async def take(self, body: Body, reader: UploadReader, first: bytes) -> None:
        """Keep the file, of which `first` has come; raise HttpError where that fails."""
        draft = draft_of(self._path)
        try:
            await asyncio.to_thread(room_for, self._path.parent, body.length)
            with await asyncio.to_thread(opened, draft) as file:
                await self._copy(body, reader, file, first)
            await asyncio.to_thread(rename, draft, self._path)
        except EOFError:
            raise HttpError("the browser has broken off") from None
        except TimeoutError:
            raise HttpError("nothing comes from the browser any more") from None
        except FormError as error:
            raise HttpError(str(error)) from None
        except OSError as error:
            raise HttpError(f"it cannot be kept: {reason(error)}") from error
        finally:
            await asyncio.to_thread(draft.unlink, missing_ok=True)

    async def _copy(self, body: Body, reader: UploadReader, file: BinaryIO, first: bytes) -> None:
        self._waiting += first
        while piece := await body.read():
            self._waiting += reader.feed(piece)
            if len(self._waiting) >= PIECE_BYTES:
                await self._write(file)
                self._note(body.length - body.left, body.length)
                if self._is_busy():
                    await asyncio.sleep(SLOW_S * PIECE_BYTES / SLOW_BYTES)
        reader.end()
        await self._write(file)
        await asyncio.to_thread(settle, file)

    async def _write(self, file: BinaryIO) -> None:
        data = bytes(self._waiting)
        self._waiting.clear()
        self._sha256.update(data)
        await asyncio.to_thread(file.write, data)
        self._unsettled += len(data)
        if self._unsettled >= SETTLED_BYTES:
            self._unsettled = 0
            await asyncio.to_thread(settle, file)
