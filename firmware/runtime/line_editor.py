"""The line editor of the console: `prompt_toolkit` in a process of its own, beside the phone.

The phone starts it for somebody who has logged in at a terminal that understands it, and ends it
when they leave: what it needs of memory is given back then, and what it does, or does wrong, never
holds the phone up. Only commands are edited here; passwords and keys are read by the phone itself.

Both ends speak JSON, a line each. From the phone: `{"edit": PROMPT}`, `{"keys": BASE64}` (what was
typed), `{"say": TEXT}` (print above the line), `{"columns": N, "rows": N}`. To the phone:
`{"ready": true}`, `{"write": TEXT}` (for the terminal), `{"line": TEXT}`, `{"interrupt": true}`,
`{"end": true}`.
"""

from __future__ import annotations

import asyncio
import base64
import io
import json
import sys
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

from prompt_toolkit import PromptSession
from prompt_toolkit.application import run_in_terminal
from prompt_toolkit.completion import CompleteEvent, Completer, Completion
from prompt_toolkit.data_structures import Size
from prompt_toolkit.document import Document
from prompt_toolkit.history import InMemoryHistory
from prompt_toolkit.input.base import PipeInput
from prompt_toolkit.input.defaults import create_pipe_input
from prompt_toolkit.key_binding import KeyBindings, KeyPressEvent
from prompt_toolkit.output import ColorDepth
from prompt_toolkit.output.vt100 import Vt100_Output
from prompt_toolkit.shortcuts import CompleteStyle

from firmware.console.completion import next_words
from firmware.console.vocabulary import holds_secret

COMMAND_MAX = 1_000_000
"""Bytes of a command of the phone: the longest answer that is printed above a line."""


def tell(**words: object) -> None:
    """Say something to the phone."""
    print(json.dumps(words), flush=True)


class Words(Completer):
    """The console's own completion."""

    def get_completions(self, document: Document, _: CompleteEvent) -> Iterator[Completion]:
        """Yield what the word before the cursor may become."""
        partial, words = next_words(document.text_before_cursor)
        for word in words:
            yield Completion(word, start_position=-len(partial))


class Past(InMemoryHistory):
    """The lines that were typed, but for those with a secret in them (T4)."""

    def append_string(self, string: str) -> None:
        """Remember a line."""
        if not holds_secret(string):
            super().append_string(string)


class Screen(Vt100_Output):
    """The terminal, at the other end of the phone."""

    def __init__(self) -> None:
        self.size = Size(rows=24, columns=80)
        super().__init__(
            io.StringIO(),  # Nothing is written there: `flush` is ours.
            lambda: self.size,
            term="vt100",
            default_color_depth=ColorDepth.DEPTH_1_BIT,
            enable_cpr=False,  # On a bad wire the answer would be typed into the line.
        )

    def flush(self) -> None:
        """Give the phone what is to be written."""
        if self._buffer:
            tell(write="".join(self._buffer))
            self._buffer.clear()

    def enable_bracketed_paste(self) -> None:
        """Leave a paste as it is: lines that are typed fast."""

    def disable_bracketed_paste(self) -> None:
        """Leave it."""

    def fileno(self) -> int:
        """Return none: nothing here is a terminal."""
        return -1


class LineEditor:
    """One line at a time."""

    def __init__(self, keys: PipeInput) -> None:
        self._keys, self._screen = keys, Screen()
        self._editing: asyncio.Task[None] | None = None
        self._session: PromptSession[str] = PromptSession(
            input=keys,
            output=self._screen,
            history=Past(),
            completer=Words(),
            complete_while_typing=False,
            complete_style=CompleteStyle.READLINE_LIKE,
            enable_open_in_editor=False,
            enable_suspend=False,
            enable_system_prompt=False,
            key_bindings=_bindings(),
        )

    async def obey(self, command: dict[str, Any]) -> None:
        """Do what the phone says."""
        match command:
            case {"edit": str(prompt)}:
                await self.stop()
                self._editing = asyncio.create_task(self._edit(prompt))
            case {"keys": str(data)}:
                self._keys.send_bytes(base64.b64decode(data))
            case {"say": str(text)}:
                await self._print(text)
            case {"rows": int(rows), "columns": int(columns)}:
                self._screen.size = Size(rows=rows, columns=columns)
            case _:
                pass  # Of another version.

    async def stop(self) -> None:
        """Let go of the line that is being edited."""
        if self._editing is not None:
            self._editing.cancel()
            with suppress(asyncio.CancelledError):
                await self._editing
        self._editing = None

    async def _edit(self, prompt: str) -> None:
        try:
            tell(line=await self._session.prompt_async(prompt))
        except KeyboardInterrupt:
            tell(interrupt=True)
        except EOFError:
            tell(end=True)

    async def _print(self, text: str) -> None:
        def write() -> None:
            self._screen.write_raw(text)
            self._screen.flush()

        await run_in_terminal(write)  # Hides the line meanwhile, if there is one.


def _bindings() -> KeyBindings:
    """Take away the keys after which Enter ends no line: the phone counts on it."""
    bindings = KeyBindings()

    @bindings.add("c-r")
    @bindings.add("c-s")
    @bindings.add("escape", "enter")
    @bindings.add("c-x", "c-e")
    def _(_: KeyPressEvent) -> None:
        """Do nothing."""

    return bindings


async def main() -> None:
    """Obey the phone until it says nothing more."""
    reader = asyncio.StreamReader(limit=COMMAND_MAX)
    loop = asyncio.get_running_loop()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    with create_pipe_input() as keys:
        editor = LineEditor(keys)
        tell(ready=True)
        while line := await reader.readline():
            await editor.obey(json.loads(line))
        await editor.stop()


if __name__ == "__main__":
    asyncio.run(main())
