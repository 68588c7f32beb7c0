"""Sound in a thread of its own: the card's ticks, the sockets of RTP, every call's voice.

Theory of operation
-------------------
    event loop --take()--> queue -.                      .-> card
    card ------tick()-----------> | one selector, one    | -> sockets
    sockets --------------------> | thread, `Voices`     | -> event loop (`feed`)

A frame has to be there within 20 ms, whatever the event loop is busy with: a screen, a web page, a
burst of messages. So sound has its own thread. `Voices` is a pure machine that lives in this thread
only; what goes in and out crosses by a queue and by the loop's thread-safe call. Of a flood, only
`DATAGRAMS_MAX` are read between two looks at the ticks.

Nothing of this runs while there is neither a call nor a tone: the card is closed, the thread
sleeps.

A call's two ports are opened with its first plan (RTP, and the one above it for RTCP). A port that
cannot be had is told as `SoundFault`, and the call goes on without sound.
"""

from __future__ import annotations

import asyncio
import os
import selectors
import socket
import threading
import time
from collections.abc import Callable
from queue import SimpleQueue
from random import Random
from typing import TYPE_CHECKING

from drivers.interfaces import Voice
from firmware.media.events import (
    ChangeVolume,
    HushCall,
    MuteMicrophone,
    PacketReceived,
    PlayTone,
    SayDigit,
    SendPacket,
    SoundFault,
    SoundReport,
)
from firmware.media.plan import Endpoint, MediaPlan
from firmware.phone.events import SoundHealth, StartVoice, StopVoice
from firmware.settings import VoiceSettings

if TYPE_CHECKING:
    from firmware.media.voices import Said, Voices

DATAGRAM_BYTES = 2048
"""More than any packet of ours on any network; what is longer is cut, and does not decrypt."""

DATAGRAMS_MAX = 64
"""Read from one socket at a time: 20 ms of 3,000 packets a second."""

TICKS_MAX = 5
"""Frames that are made up for after the thread was held up; older ones are past."""

LOOK_S = 1.0
"""How often the card is asked whether anything is wrong."""

JOIN_S = 3.0

Order = StartVoice | StopVoice | PlayTone | MuteMicrophone | HushCall | ChangeVolume | SayDigit
"""What the phone wants of its sound."""


class CallSockets:
    """The two ports of one call."""

    def __init__(self, plan: MediaPlan, settings: VoiceSettings) -> None:
        self.family = _family(plan.remote)
        self.rtp = _bound(self.family, plan.local_port, settings.rtp_class)
        try:
            self.rtcp = _bound(self.family, plan.local_port + 1, settings.rtcp_class)
        except OSError:
            self.rtp.close()
            raise

    def send(self, packet: SendPacket) -> None:
        """Send a datagram; one that the network does not take is lost, as on the way."""
        sock = self.rtcp if packet.from_rtcp_port else self.rtp
        try:
            sock.sendto(packet.data, (packet.to.host, packet.to.port))
        except OSError:
            return  # Unreachable for now, or a full buffer: the next one comes in 20 ms.

    def close(self) -> None:
        """Let go of both ports."""
        self.rtp.close()
        self.rtcp.close()


class VoiceEngine:
    """The thread. `take` and `stop` are called on the event loop."""

    def __init__(
        self,
        voice: Voice,
        feed: Callable[[object], None],
        broken: Callable[[], None],
        random: Random,
        settings: VoiceSettings,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._voice = voice
        self._clock = clock
        self._feed = feed
        self._broken = broken  # The thread has ended by itself: the phone has to stop.
        self._random = random
        self._settings = settings
        self._loop = asyncio.get_running_loop()
        self._orders: SimpleQueue[Order | None] = SimpleQueue()
        self._bell = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)
        self._ticks = 0
        self._ticks_done = 0
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._bell, selectors.EVENT_READ)
        self._sockets: dict[int, CallSockets] = {}
        self._is_running = False
        self._fault = ""
        self._health = SoundHealth()
        self._look_at = 0.0
        self._held_up = 0  # Frames that were given up because the thread was.
        self._thread: threading.Thread | None = None

    def take(self, output: object) -> None:
        """Carry out what concerns sound; anything else is for others."""
        if isinstance(output, Order):
            if self._thread is None:
                self._thread = threading.Thread(target=self._main, name="sound", daemon=True)
                self._thread.start()
            self._orders.put(output)
            self._ring()

    def stop(self) -> None:
        """End the thread, every call's sound, and close the card."""
        if self._thread is not None and self._thread.is_alive():
            self._orders.put(None)
            self._ring()
            self._thread.join(JOIN_S)
        self._selector.close()
        os.close(self._bell)

    @property
    def health(self) -> SoundHealth:
        """What was lost here since the start."""
        lost = self._voice.counts
        return SoundHealth(
            held_up=self._held_up,
            overflows=lost.overflows,
            underflows=lost.underflows,
            late=lost.late,
            dropped=lost.dropped,
            restarts=lost.restarts,
        )

    def _tick(self) -> None:
        """On the card's thread: a frame has passed."""
        self._ticks += 1
        self._ring()

    def _ring(self) -> None:
        os.eventfd_write(self._bell, 1)

    # The thread.

    def _main(self) -> None:
        is_done = False
        try:
            self._live()
            is_done = True
        finally:
            if not is_done:  # The exception itself is printed by threading's own hook.
                self._loop.call_soon_threadsafe(self._broken)

    def _live(self) -> None:
        # The codecs, and numpy with them, are loaded here: the phone has long registered.
        from firmware.media.voices import Voices

        voices = Voices(self._voice.rate, self._settings.country, self._random)
        while self._obey(voices):
            self._run_card(voices)
            self._wait(voices)
            self._exchange(voices)
            now = self._clock()
            self._carry_out(voices.wake(now))
            self._look_at_card(now)
        for call in tuple(voices.plans):
            self._end(voices, call)
        if self._is_running:
            self._voice.stop()

    def _obey(self, voices: Voices) -> bool:
        """Carry out the orders that wait; False where one of them is to end."""
        while not self._orders.empty():
            order = self._orders.get()
            match order:
                case None:
                    return False
                case StartVoice(call, plan):
                    self._begin(voices, call, plan)
                case StopVoice(call):
                    self._end(voices, call)
                case _:
                    self._carry_out(voices.wish(order, self._clock()))
        return True

    def _run_card(self, voices: Voices) -> None:
        """Have the card open while there is something to hear, and no longer."""
        if voices.is_idle == self._is_running:
            self._is_running = not voices.is_idle
            if self._is_running:
                self._ticks_done = self._ticks
                self._voice.start(self._tick)
            else:
                self._voice.stop()

    def _wait(self, voices: Voices) -> None:
        """Sleep until a tick, an order, a datagram or a deadline; take the datagrams in."""
        due = voices.deadline()
        timeout = None if due is None else max(0.0, due - self._clock())
        for key, _ in self._selector.select(timeout):
            if key.fd == self._bell:
                os.eventfd_read(self._bell)
            else:
                self._read(voices, key)

    def _exchange(self, voices: Voices) -> None:
        """Swap a frame with the card for each tick."""
        while self._is_running and self._ticks_done < self._ticks:
            past = max(0, self._ticks - self._ticks_done - TICKS_MAX)
            self._held_up += past
            self._ticks_done += past + 1
            played, out = voices.exchange(self._voice.take(), self._clock())
            self._voice.give(played)
            self._carry_out(out)

    def _read(self, voices: Voices, key: selectors.SelectorKey) -> None:
        call, sock, on_rtcp_port = key.data
        now = self._clock()
        for _ in range(DATAGRAMS_MAX):
            try:
                data, (host, port, *_rest) = sock.recvfrom(DATAGRAM_BYTES)
            except BlockingIOError:
                return
            except OSError:
                continue  # What came back of a packet of ours: nobody listens there yet.
            packet = PacketReceived(data, Endpoint(host, port), on_rtcp_port)
            self._carry_out(voices.received(call, packet, now))

    def _carry_out(self, said: Said) -> None:
        for item in said:
            if isinstance(item, SoundReport):
                self._tell(item)
            elif item[0] in self._sockets:
                self._sockets[item[0]].send(item[1])

    def _tell(self, event: object) -> None:
        self._loop.call_soon_threadsafe(self._feed, event)

    # Calls.

    def _begin(self, voices: Voices, call: int, plan: MediaPlan) -> None:
        """Open the ports with the first plan, or with one that leads into the other family."""
        sockets = self._sockets.get(call)
        if sockets is not None and sockets.family != _family(plan.remote):
            self._close(call)
            sockets = None
        if sockets is None:
            self._open(call, plan)
        self._carry_out(voices.agreed(call, plan, self._clock()))

    def _open(self, call: int, plan: MediaPlan) -> None:
        try:
            sockets = CallSockets(plan, self._settings)
        except OSError as error:
            words = (error.strerror or str(error)).lower()
            self._tell(SoundFault(call, f"no sound: port {plan.local_port}: {words}"))
            return
        self._sockets[call] = sockets
        for sock, is_rtcp in ((sockets.rtp, False), (sockets.rtcp, True)):
            self._selector.register(sock, selectors.EVENT_READ, (call, sock, is_rtcp))

    def _end(self, voices: Voices, call: int) -> None:
        self._carry_out(voices.over(call, self._clock()))
        self._close(call)

    def _close(self, call: int) -> None:
        sockets = self._sockets.pop(call, None)
        if sockets is not None:
            self._selector.unregister(sockets.rtp)
            self._selector.unregister(sockets.rtcp)
            sockets.close()

    def _look_at_card(self, now: float) -> None:
        """Tell when the card's trouble begins and ends, and what was lost."""
        if not self._is_running or now < self._look_at:
            return
        self._look_at = now + LOOK_S
        health = self.health
        if health != self._health:
            self._health = health
            self._tell(health)
        if self._voice.fault != self._fault:
            self._fault = self._voice.fault
            self._tell(SoundFault(0, self._fault))


def _family(remote: Endpoint) -> socket.AddressFamily:
    return socket.AF_INET6 if ":" in remote.host else socket.AF_INET


def _bound(family: socket.AddressFamily, port: int, dscp: int) -> socket.socket:
    """Return a datagram socket on a port of this machine; raise OSError where it is taken."""
    sock = socket.socket(family, socket.SOCK_DGRAM)
    try:
        sock.setblocking(False)
        if family == socket.AF_INET6:
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_TCLASS, dscp << 2)
        else:
            sock.setsockopt(socket.IPPROTO_IP, socket.IP_TOS, dscp << 2)
        sock.bind(("", port))
    except OSError:
        sock.close()
        raise
    return sock
