"""One dialog as its messages show it at the phone: order, way, offers, reliable answers, timer."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum

from firmware.sip.message import Request, Response
from firmware.sip.uri import SipUri
from tests.simulator.peers.sdp import Said, Sound, agree, is_answer, read

INTERVAL_S_MIN = 90

ACK_S = 3.9
"""How long the phone waits for the ACK of a 2xx that went by another link than its INVITE (F6)."""


class Stage(Enum):
    """How far a dialog is."""

    EARLY = "early"
    UP = "up"
    OVER = "over"


@dataclass
class Timer:
    """A session's timer (RFC 4028); `since` is None while nothing can be refreshed."""

    interval_s: int
    is_ours: bool
    since: float | None
    at_once: bool = False  # The phone asks at the begin of a link, not at half the interval.

    @property
    def end_at(self) -> float | None:
        """When the call is to end if nothing has come."""
        if not self.interval_s or self.since is None:
            return None
        return self.since + self.interval_s - min(32.0, self.interval_s / 3)

    @property
    def refresh_at(self) -> float | None:
        """When the phone is to refresh, where that is its part."""
        if not self.interval_s or self.since is None or not self.is_ours:
            return None
        return self.since if self.at_once else self.since + self.interval_s / 2


@dataclass
class Dialog:
    """What both ends share, as the phone must see it."""

    call_id: str
    ours: str  # The phone's tag,
    theirs: str  # and the far end's.
    is_caller: bool  # The phone made it.
    target: str
    routes: tuple[str, ...]
    proxy: str  # That of then.
    party: str  # Their address of record.
    must_encrypt: bool
    targets: set[str] = field(default_factory=set)  # All that there were.
    own_cseq: int = 0
    their_cseq: int | None = None
    invite_cseq: int = 0  # Of their INVITE that made it.
    stage: Stage = Stage.EARLY
    asked: str = ""  # The branch of the phone's INVITE in it that has no final answer.
    unacked: int | None = None  # The CSeq of their INVITE that has a 2xx and no ACK yet.
    elder: Dialog | None = None  # The one whose place it took.
    accepted_at: float = 0.0  # When the phone's 2xx went out first.
    has_wandered: bool = False  # What the phone said last was said elsewhere, to replace this.
    ours_open: Said | None = None  # An offer of the phone's without its answer,
    theirs_open: Said | None = None  # and one of theirs.
    said: Said | None = None  # The phone's last description.
    sound: Sound | None = None  # What is agreed.
    turned: bool | None = None  # What an answer of the phone's says in this step: it holds, or not.
    is_settled: bool = False  # The INVITE's offer has its answer before the 2xx.
    their_sequence: int | None = None  # The RSeq of their last reliable answer that counts.
    pracks_due: list[tuple[int, int]] = field(default_factory=list)  # RSeq and CSeq.
    own_sequence: int | None = None  # Of the phone's reliable answer without a PRACK,
    own_sequence_at: float = 0.0  # when it was said first,
    own_offered: bool = False  # and whether it offers.
    confirmed_sequences: list[int] = field(default_factory=list)
    timer: Timer = field(default_factory=lambda: Timer(0, is_ours=False, since=None))
    refreshed_at: float = 0.0  # When the phone asked for a refresh last.
    wait_from: float = 0.0  # The phone asks again between these: 491, Retry-After.
    wait_until: float = 0.0
    silent_at: float | None = None  # When the far end fell silent, and was not asked since.
    may_end: str = ""  # Why the phone may say BYE.
    was_asked_away: bool = False  # It said BYE itself.
    is_loose: bool = False  # Its link was lost, and it is not refreshed yet.
    is_refreshing: bool = False  # The INVITE that is out, if any, is to refresh it after that.
    was_up: bool = False
    was_acked: bool = False  # The far end knows that it stands.
    gave_up_at: float | None = None  # When it was heard that its caller waits no more.
    is_fading: bool = False  # Early, and its INVITE is cancelled.
    has_left: bool = False  # The person has hung up before the ACK came.
    is_dropped: bool = False  # All that is left of it is the BYE.
    is_moved: bool = False  # Its INVITE came over a link that is gone, before it was acknowledged.

    def outlasts(self) -> bool:
        """Its link is gone: tell whether it is still to be answered, or that to be heard."""
        is_open = self.stage is Stage.EARLY or self.unacked == self.invite_cseq
        self.is_moved = not self.is_caller and self.stage is not Stage.OVER and is_open
        self.is_fading = self.is_fading or (self.is_moved and self.stage is Stage.EARLY)
        return self.is_moved

    def stands(self) -> None:
        """Nobody waits for the ACK any more that may have gone by the link that is gone."""
        self.unacked = self.ours_open = self.theirs_open = None

    def waits_for_ack(self, now: float, proxy: str) -> bool:
        """Tell whether the ACK of the phone's 2xx is still to come."""
        if self.is_moved and (now >= self.accepted_at + ACK_S or self.proxy != proxy):
            self.stands()
        return self.unacked is not None

    def aims(self, message: Request | Response) -> None:
        """Their Contact is where the next request goes (12.2)."""
        contacts = message.contacts
        self.target = str(contacts[0].uri) if contacts else self.target
        self.targets.add(self.target)

    # Order and way.

    def say(self, request: Request, local: str, proxy_names: tuple[str, ...]) -> None:
        """The phone sends a request in the dialog."""
        assert request.from_.tag == self.ours, "another From tag"
        assert (request.to.tag or "") == self.theirs, "another To tag"
        again = request.method == "ACK" and str(request.uri) in self.targets
        assert again or str(request.uri) == self.target, f"to {request.uri}, not {self.target}"
        self._goes_the_way(request, proxy_names)
        if request.method in {"INVITE", "UPDATE"}:
            uri = request.contacts[0].uri
            assert isinstance(uri, SipUri), "no Contact"
            assert f"{uri.host}:{uri.port}" == local, "the Contact of another link"
        if request.method == "ACK":
            return
        assert request.cseq.number == self.own_cseq + 1, (
            f"CSeq {request.cseq.number} after {self.own_cseq}"
        )
        self.own_cseq = request.cseq.number
        assert request.method == "BYE" or self.stage is not Stage.OVER, "after the end"

    def _goes_the_way(self, request: Request, proxy_names: tuple[str, ...]) -> None:
        """F6: entries that name the proxy of then are those of the proxy of now."""
        routes = [str(route) for route in request.routes]
        assert len(routes) == len(self.routes), f"{len(routes)} routes of {len(self.routes)}"
        for route, known in zip(request.routes, self.routes, strict=True):
            if self.proxy not in known:
                assert str(route) == known, "another route"
                continue
            uri = route.uri
            assert isinstance(uri, SipUri)
            assert uri.host in proxy_names, "the route of a proxy that is gone"

    # Offers and answers.

    def offer_said(self, body: bytes) -> None:
        """The phone offers a session."""
        assert self.ours_open is None, "a second offer before the answer"
        assert self.theirs_open is None, "an offer before it has answered theirs"
        self._describes(body)
        self.ours_open = self.said

    def answer_said(self, body: bytes) -> None:
        """The phone answers their offer."""
        assert self.theirs_open is not None, "an answer to no offer"
        said = read(body)
        wrong = is_answer(said, self.theirs_open)
        assert not wrong, f"the phone's answer: {wrong}"
        self._describes(body)
        sound = agree(said, self.theirs_open, we_answered=True, must_encrypt=self.must_encrypt)
        assert sound is not None, "an answer that agrees to nothing"
        there = self.theirs_open.lines[said.place or 0]
        self.turned = not said.lines[said.place or 0].receives if there.sends else None
        self.sound, self.theirs_open = sound, None

    def _describes(self, body: bytes) -> None:
        """The o= line counts changes (RFC 3264 8)."""
        said, before = read(body), self.said
        self.said = said
        if before is None:
            return
        assert said.session == before.session, "another session id"
        step = said.version - before.version
        if self.has_wandered:
            assert step >= 0, "o= goes back"
            return
        assert step == (said.rest != before.rest), f"o= goes on by {step}"

    def offer_heard(self, body: bytes) -> None:
        """They offer a session."""
        self.theirs_open = read(body)

    def answer_heard(self, body: bytes) -> bool:
        """They answer the phone's offer; tell whether that can be used."""
        ours, self.ours_open = self.ours_open, None
        assert ours is not None
        sound = self.would_sound(ours, body)
        if sound is not None:
            self.sound = sound
        return sound is not None

    def would_sound(self, ours: Said, body: bytes) -> Sound | None:
        """Return what an answer of theirs would lead to."""
        if not body:
            return None
        return agree(ours, read(body), we_answered=False, must_encrypt=self.must_encrypt)

    # The session timer.

    def granted_by_them(self, asked: Request, ok: Response, now: float, wanted_s: int) -> None:
        """A 2xx to the phone's INVITE or UPDATE decides (7.2)."""
        asked_s, _ = expires(asked)
        interval_s, who = expires(ok)
        if interval_s:
            self.timer = Timer(interval_s, who != "uas", now)
        else:  # A far end without the timer: the phone refreshes what it asks for.
            self.timer = Timer(
                asked_s or self.timer.interval_s or wanted_s, is_ours=True, since=now
            )

    def granted_by_us(self, asked: Request, ok: Response, now: float) -> None:
        """The phone's 2xx decides, and must be one that the request allows (9)."""
        interval_s, who = expires(ok)
        asked_s, asked_who = expires(asked)
        knows = "timer" in asked.supported
        if interval_s:
            assert who, "no refresher is named"
            assert interval_s >= INTERVAL_S_MIN, f"{interval_s} s granted"
            assert interval_s <= (asked_s or interval_s), f"{interval_s} s for {asked_s} s"
            assert knows or who == "uas", "who does not know the timer shall refresh"
            assert not (knows and asked_who) or who == asked_who, "another refresher"
            assert ("timer" in ok.require) == (who == "uac"), "Require: timer"
        assert interval_s or not asked_s, "the interval asked for is not granted"
        self.timer = Timer(interval_s, who == "uas", now)


def expires(message: Request | Response) -> tuple[int, str]:
    """Return the session interval and the refresher."""
    number, _, rest = (message.headers.get("Session-Expires") or "0").partition(";")
    return int(number), rest.partition("refresher=")[2]


def takes(body: bytes, codecs: tuple[str, ...], *, must: bool, never: bool) -> bool:
    """Tell whether an offer of theirs is one that a phone with these codecs can take."""
    offer = read(body)
    if offer.place is None:
        return False
    line = offer.lines[offer.place]
    bad = must and not line.keys
    bad = bad or ("SAVP" in line.protocol and (not line.keys or never))
    return not bad and any(name in codecs for name in line.names)
