"""The virtual handset: fake parts, a page that shows them, and the browsers that look at it.

The screen of the page is what a real display would get, pixel by pixel. Several pages may be open;
all show the same phone, as several people may stand before one.

The page can also offer faults, for whoever wants to see what the phone makes of them. What they do
is the business of the object that was handed in.
"""

from __future__ import annotations

import asyncio
import json
import socket
from dataclasses import asdict
from pathlib import Path

from microdot import Microdot, Request, Response
from microdot.websocket import WebSocket, websocket_upgrade

from board.board import Board, BoardError, Faults
from board.desktop.browser_voice import BrowserVoice
from board.desktop.client import GONE, BadMessageError, Client, CloseCode
from board.desktop.guard import HOST, Guard
from board.desktop.sound_line import SoundLine
from drivers.fakes import FakeDisplay, FakeHook, FakeKeypad, FakeLamp, FakeRinger
from drivers.http_listener import BACKLOG, Listener
from drivers.interfaces import KEYS
from drivers.serial_line import DeskLine
from drivers.voice import SoundCard

PAGES_MAX = 4
"""Browsers that look at one phone; each costs a task and a socket."""

PORTS = range(1 << 16)

BROWSER = "browser"
"""The name of the sound device that is the browser's microphone and loudspeaker."""

FILES = {
    "/": ("page.html", "text/html"),
    "/page.css": ("page.css", "text/css"),
    "/page.js": ("page.js", "text/javascript"),
    "/ringer.js": ("ringer.js", "text/javascript"),
    "/voice.js": ("voice.js", "text/javascript"),
    "/worklet.js": ("worklet.js", "text/javascript"),
    "/icon.svg": ("icon.svg", "image/svg+xml"),
}
"""Everything that the page is made of: path, file, type."""


def open_desktop(
    sound_device: str, page_port: int, token: str, faults: Faults | None, size: tuple[int, int]
) -> Board:
    """Return a board whose parts are on a page; it is served from `start` to `stop`."""
    voice = BrowserVoice() if sound_device == BROWSER else None
    desktop = Desktop(page_port, token, faults, size, voice)
    return Board(
        keypad=desktop.keypad,
        hook=desktop.hook,
        lamp=desktop.lamp,
        ringer=desktop.ringer,
        display=desktop.display,
        voice=voice or SoundCard(sound_device),
        service=desktop,
        serial=DeskLine(),
    )


class Desktop:
    """The parts and the server of their page."""

    def __init__(
        self,
        port: int,
        token: str,
        faults: Faults | None,
        size: tuple[int, int],
        voice: BrowserVoice | None,
    ) -> None:
        self.keypad = FakeKeypad()
        self.hook = FakeHook(self._changed)
        self.lamp = FakeLamp(self._changed)
        self.ringer = FakeRinger(self._changed)
        self.display = FakeDisplay(self._changed, size)
        self._port, self._token, self._faults = port, token, faults
        self.ended = False  # It has no thread of its own.
        self._notice = ""  # Why the last fault could not be switched.
        self._guard: Guard | None = None
        self._clients: set[Client] = set()
        self._voice = voice
        self._sound: Client | None = None  # The page that has the sound.
        self._application = Microdot()
        for path in FILES:
            self._application.get(path)(self._file)
        self._application.get("/live")(self._live)
        if voice is not None:
            self._application.get("/sound")(self._speak)
        self._socket: socket.socket | None = None
        self._listener = Listener(self)

    @property
    def address(self) -> str:
        """The page's address with its token, "" while it is not served."""
        return self._guard.address if self._guard else ""

    async def start(self) -> None:
        """Serve the page; raise `BoardError` where its port is taken."""
        self._socket = listening(self._port)
        self._guard = Guard(self._socket.getsockname()[1], self._token)
        self._listener.start(self._socket)

    async def stop(self) -> None:
        """Close the page's port and every page."""
        for client in (*self._clients, *([self._sound] if self._sound else [])):
            await client.close(CloseCode.GOING_AWAY)
        await self._listener.stop()
        if self._socket is not None:
            self._socket.close()
        self._socket = self._guard = None

    def _changed(self) -> None:
        for client in self._clients:
            client.changed()

    def taker(self, _: Request) -> None:
        """Take no body as it comes."""

    def room(self, _: Request) -> int:
        """The page sends no body."""
        return 0

    async def answer(self, request: Request) -> Response:
        """Let the application answer what the guard lets pass."""
        guard = self._guard
        assert guard, "nothing listens before there is a guard"
        refusal = guard.refusal(request.headers)
        if refusal:
            response = Response(refusal, 403, reason="Forbidden")
        else:
            response = await self._application.dispatch_request(request)
        if response is not Response.already_handled:
            response.headers.update(guard.headers)
        return response

    async def _file(self, request: Request) -> Response:
        name, kind = FILES[request.path]
        body = Path(__file__).with_name(name).read_bytes()
        return Response(body, headers={"Content-Type": f"{kind}; charset=utf-8"})

    async def _live(self, request: Request) -> Response:
        """A page from its WebSocket handshake to its end."""
        socket = await websocket_upgrade(request)
        client = Client(socket)
        try:
            await self._converse(client)
        except* BadMessageError:
            await client.close(CloseCode.BAD_MESSAGE)
        except* GONE:
            pass  # The page was closed; so is its end here.
        return Response.already_handled

    async def _converse(self, client: Client) -> None:
        assert self._guard
        if not self._guard.admits(await client.receive_token()):
            return await client.close(CloseCode.WRONG_TOKEN)
        if len(self._clients) >= PAGES_MAX:
            return await client.close(CloseCode.TOO_MANY_PAGES)
        self._clients.add(client)
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(client.push(self._state, lambda: self.display.pixels))
                while True:
                    await self._obey(await client.receive())
        finally:
            self._clients.discard(client)

    async def _speak(self, request: Request) -> Response:
        """The sound of a page from its WebSocket handshake to its end."""
        socket = await websocket_upgrade(request)
        client = Client(socket)
        try:
            await self._carry(client, socket)
        except* BadMessageError:
            await client.close(CloseCode.BAD_MESSAGE)
        except* GONE:
            pass  # It was switched off, or the page was closed.
        return Response.already_handled

    async def _carry(self, client: Client, socket: WebSocket) -> None:
        """Let this page be the microphone and the loudspeaker; the one before it is told."""
        assert self._guard
        assert self._voice
        if not self._guard.admits(await client.receive_token()):
            return await client.close(CloseCode.WRONG_TOKEN)
        before, self._sound = self._sound, client
        if before is not None:
            await before.close(CloseCode.TAKEN_OVER)
        voice, line = self._voice, SoundLine(socket)
        voice.connect(line)
        self._changed()
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(line.push())
                tasks.create_task(line.listen(lambda frame: voice.hear(line, frame)))
        finally:
            voice.disconnect(line)
            self._sound = None if self._sound is client else self._sound
            self._changed()

    async def _obey(self, message: dict[str, object]) -> None:
        """Do what a page asks; raise `BadMessageError` at what no page of ours asks."""
        match message:
            case {"key": str(key)} if key in KEYS:
                self.keypad.press(key)
            case {"held": str(key)} if key in KEYS:
                self.keypad.hold(key)
            case {"lifted": bool(lifted)}:
                self._move_hook(lifted)
            case {"fault": str(name), "on": bool(on)}:
                await self._set_fault(name, on)
            case _:
                raise BadMessageError("unknown")

    def _move_hook(self, lifted: bool) -> None:
        if lifted == self.hook.lifted:
            return  # Two pages reached for one handset.
        if lifted:
            self.hook.lift()
        else:
            self.hook.replace()

    async def _set_fault(self, name: str, on: bool) -> None:
        groups = self._faults.groups() if self._faults else ()
        if self._faults is None or name not in {
            one.name for group in groups for one in group.faults
        }:
            raise BadMessageError("unknown fault")
        try:
            await self._faults.set_fault(name, on)
            self._notice = ""
        except OSError as error:
            self._notice = f"{name}: {error.strerror or error}"
        self._changed()

    def _state(self) -> str:
        """Everything but the pixels, as the page reads it."""
        return json.dumps(
            {
                "lamp": self.lamp.pattern.value,
                "ringing": self.ringer.ringing,
                "melody": asdict(self.ringer.melody) if self.ringer.ringing else None,
                "lifted": self.hook.lifted,
                "words": self.display.words,
                "keys": self.display.keys,
                "faults": [asdict(group) for group in self._faults.groups()]
                if self._faults
                else None,
                "notice": self._notice,
                "sound": None if self._voice is None else self._voice.has_line,
            }
        )


def listening(port: int) -> socket.socket:
    """Listen on a port of the loopback address (0: any free one)."""
    if port not in PORTS:
        raise BoardError(f"the page cannot be at {HOST}:{port}: a port is 0 to 65535")
    try:
        return socket.create_server((HOST, port), backlog=BACKLOG)
    except OSError as error:
        raise BoardError(f"the page cannot be at {HOST}:{port}: {error.strerror}") from error
