"""The session that a call offers and answers (RFC 3264): what was said, what is agreed.

Theory of operation
-------------------
- What was agreed last is in force until the next exchange is complete: an offer that is refused,
  or an answer that cannot be used, changes nothing (RFC 3264 4).
- An offer that was not answered yet is said again as it was, keys included: the same INVITE goes
  out once more after a challenge.
- Once something is agreed, our offers say it again, byte for byte while nothing changes: that is
  how a dialog is refreshed over a new link (F6). Asked for an offer by an INVITE without one, this
  phone says all it can with new keys: the far end may connect us to somebody else (RFC 3261 14.2).
- A call is held by an offer that only sends, and taken back by one that does both; an answer never
  says more than that either (RFC 3264 8.4).
- The version of the o= line grows by one whenever the description changes (RFC 3264 8).
"""

from __future__ import annotations

from copy import copy
from dataclasses import replace
from random import Random

from firmware.agent.answering import SDP
from firmware.agent.reading import or_none
from firmware.media import negotiation
from firmware.media.negotiation import MediaWishes, NoAgreementError, SrtpMode
from firmware.media.plan import Direction, MediaPlan
from firmware.media.sdes import Crypto
from firmware.sip.errors import RemoteProtocolError
from firmware.sip.message import Request, Response
from firmware.sip.sdp import SessionDescription

SESSION_ID_BITS = 31
"""Of the o= line; a peer that reads it as a signed 32-bit number is served too."""


class NotAcceptableError(ValueError):
    """An offer that cannot be taken: `status` answers it, `fields` say why (RFC 3261 20.43)."""

    def __init__(self, text: str, status: int = 488, warning: int = 399) -> None:
        super().__init__(text)
        self.status = status
        self.fields = (("Warning", f'{warning} handset "{text}"'),)


class MediaSession:
    """Our side of one call's session; `random` has to be a source of secrets."""

    def __init__(self, wishes: MediaWishes, random: Random) -> None:
        self.port = wishes.port
        self.plan: MediaPlan | None = None
        self.is_holding = False  # As far as it is agreed.
        self._wishes = wishes
        self._insists = False  # Our offers are RTP/SAVP; theirs are taken as wished.
        self._wanted = Direction.SENDRECV
        self._secret = random.randbytes
        self._id = random.getrandbits(SESSION_ID_BITS)
        self._cryptos: tuple[Crypto, ...] = ()  # Of the offer that is open.
        self._said: SessionDescription | None = None
        self._agreed: SessionDescription | None = None  # What we said when `plan` was made.

    def offer(self, host: str, *, anew: bool = False) -> bytes:
        """Return our offer, to be reached at `host`; `anew`: of all we can, with new keys."""
        if self._agreed is not None and not anew:
            return self._say(replace(self._agreed, address=host))
        if anew or not self._cryptos:
            self._cryptos = negotiation.make_cryptos(self._secret)
        return self._say(negotiation.offer(self._offered_wishes, host, self._cryptos, self._wanted))

    def fork(self) -> MediaSession:
        """Return another session with the same offer: each far end answers it for itself."""
        return copy(self)

    def insist(self) -> bool:
        """Offer nothing but RTP/SAVP from now on; False where that is no change.

        Where encryption is preferred, RTP/AVP with keys is offered first. Some far ends that will
        have no call in clear refuse it with 488, and take the same keys beside RTP/SAVP.
        """
        if self._offered_wishes.srtp is not SrtpMode.PREFERRED or self._agreed is not None:
            return False
        self._insists = True
        return True

    @property
    def _offered_wishes(self) -> MediaWishes:
        return replace(self._wishes, srtp=SrtpMode.ONLY) if self._insists else self._wishes

    @property
    def can_hold(self) -> bool:
        """Tell whether there is a session to hold."""
        return self._agreed is not None

    def hold(self, host: str, *, on: bool) -> bytes:
        """Return the offer that holds the call, or takes it back."""
        assert self._agreed is not None, "nothing to hold"
        self._wanted = Direction.SENDONLY if on else Direction.SENDRECV
        return self._say(negotiation.turned(replace(self._agreed, address=host), self._wanted))

    def withdraw(self) -> None:
        """Our offer was refused: what was agreed stays (RFC 3261 14.1)."""
        self._wanted = Direction.SENDONLY if self.is_holding else Direction.SENDRECV

    def answer(self, offer: bytes, host: str) -> bytes:
        """Return our answer, which is in force from now on."""
        offered = _read_offer(offer)
        wishes = self._wishes
        try:
            ours = negotiation.answer(offered, wishes, host, self._wanted, self.plan, self._secret)
            self.plan = negotiation.agree(ours, offered, wishes, we_answered=True)
        except NoAgreementError as error:
            raise NotAcceptableError(error.text, warning=error.warning) from error
        body = self._say(ours)
        self._agree()
        return body

    def take_answer(self, message: Request | Response) -> str:
        """Take the answer that a message carries; return "", or what is wrong with it."""
        assert self._said is not None, "an answer without an offer"
        content = or_none(lambda: message.content_type)
        if not message.body or content is None or content.name != SDP:
            return "no media in the answer"
        try:
            answer = SessionDescription.parse(message.body)
            self.plan = negotiation.agree(self._said, answer, self._wishes, we_answered=False)
        except RemoteProtocolError:
            return "the media cannot be read"
        except NoAgreementError as error:
            return error.text
        self._agree()
        return ""

    def _agree(self) -> None:
        """What was said last is in force."""
        self._agreed = self._said
        self.is_holding = self._wanted is Direction.SENDONLY

    def _say(self, description: SessionDescription) -> bytes:
        """Give the description its o= line: a higher version whenever it changes (RFC 3264 8)."""
        version = self._said.version if self._said else 1
        said = replace(description, session_id=self._id, version=version)
        if self._said and said != self._said:
            said = replace(said, version=version + 1)
        self._said = said
        return bytes(said)


def _read_offer(offer: bytes) -> SessionDescription:
    try:
        return SessionDescription.parse(offer)
    except RemoteProtocolError as error:
        raise NotAcceptableError("Bad session description", error.status) from error
