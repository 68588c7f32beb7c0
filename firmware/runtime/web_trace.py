"""SIP messages recorded for Wireshark: begun and ended by hand, and by the last one who leaves.

A recording is in memory alone and bounded: of more, the newest are kept.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

from microdot import Request, Response

from firmware.link.events import Address, Close, Connect, Connected, Lost
from firmware.phone.events import TimeIs
from firmware.runtime.console_traces import Later
from firmware.runtime.driver import NetworkCommand
from firmware.runtime.trace import SipEar
from firmware.runtime.web_reception import Reception, attachment, see_other
from firmware.runtime.web_site import Site
from firmware.web.forms import Form
from firmware.web.gate import Notice, Session
from firmware.web.html import Html, tag
from firmware.web.layout import button, form
from firmware.web.pcap import Packet, capture
from firmware.web.status_page import section

HERE = "/trace"

PACKETS_MAX = 2000
CHARACTERS_MAX = 2_000_000
"""Of a recording: some hours of a phone that is used, a minute of a storm."""


class Recording:
    """An ear that remembers: messages, and between which addresses."""

    def __init__(self, time: Callable[[], TimeIs]) -> None:
        self._time = time
        self._sip = SipEar(self._take, lambda _: None)
        self._ends: dict[int, tuple[Address | None, Address | None]] = {}  # Ours and theirs.
        self.packets = deque[Packet]()
        self._characters = 0

    def sent(self, command: NetworkCommand) -> None:
        """Hear what is about to be done."""
        if isinstance(command, Connect):
            self._ends[command.attempt] = (None, command.address)
        self._sip.sent(command)
        if isinstance(command, Close):
            self._ends.pop(command.attempt, None)

    def heard(self, event: object) -> None:
        """Hear what came."""
        if isinstance(event, Connected):
            _, theirs = self._ends.get(event.attempt, (None, None))
            self._ends[event.attempt] = (event.facts.local, theirs)
        self._sip.heard(event)
        if isinstance(event, Lost):
            self._ends.pop(event.attempt, None)

    def _take(self, attempt: int, is_sent: bool, text: str) -> None:
        ours, theirs = self._ends.get(attempt, (None, None))
        source, target = (ours, theirs) if is_sent else (theirs, ours)
        self.packets.append(Packet(self._time().unix_s or 0.0, source, target, text))
        self._characters += len(text)
        while len(self.packets) > PACKETS_MAX or self._characters > CHARACTERS_MAX:
            self._characters -= len(self.packets.popleft().text)


class TracePage:
    """The routes of it."""

    def __init__(self, reception: Reception) -> None:
        self._reception = reception
        self._recording: Recording | None = None
        self._ear: Later | None = None
        reception.at_end.append(self._end)

    def add_to(self, site: Site) -> None:
        """Answer where messages are recorded."""
        self._reception.add_page(site, HERE, self._page)
        self._reception.add_page(site, f"{HERE}/sip.pcap", self._file)
        self._reception.add_form(site, f"{HERE}/begin", self._begin)
        self._reception.add_form(site, f"{HERE}/end", self._stop)

    async def _page(self, _: Request, session: Session) -> Response:
        return self._reception.page(session, HERE, "SIP trace", self._content(session))

    def _content(self, session: Session) -> Html:
        what = (
            "Every SIP message between this phone and its proxies, decrypted, for Wireshark."
            " Digests and keys are masked. It ends when the last one has logged out."
        )
        count = len(self._recording.packets) if self._recording else 0
        begin = form(f"{HERE}/begin", session, button("Record anew"))
        end = form(f"{HERE}/end", session, button("Stop", quiet=True)) if self._ear else None
        state = "Recording" if self._ear else "Not recording"
        save = tag("p", tag("a", "Save as sip.pcap", href=f"{HERE}/sip.pcap")) if count else None
        words = tag("p", f"{state}, {count} messages.")
        return section("Record", tag("p", what), words, save, begin, end)

    async def _begin(self, _: Request, session: Session, __: Form) -> Response:
        self._end()
        self._recording = Recording(self._reception.around.time)
        self._ear = Later(self._recording)
        self._reception.around.ears.append(self._ear)
        session.notice = Notice("It records from now on.")
        return see_other(HERE)

    async def _stop(self, _: Request, __: Session, ___: Form) -> Response:
        self._listen_no_more()
        return see_other(HERE)

    async def _file(self, _: Request, __: Session) -> Response:
        packets = tuple(self._recording.packets) if self._recording else ()
        return attachment("sip.pcap", "application/vnd.tcpdump.pcap", capture(packets))

    def _listen_no_more(self) -> None:
        ear, self._ear = self._ear, None
        if ear is not None:
            self._reception.around.ears.remove(ear)

    def _end(self) -> None:
        """Nobody is here any more: listen no longer, and forget."""
        self._listen_no_more()
        self._recording = None
