"""What the book knows: dialogs, what is expected, what was told; and how they are found."""

from __future__ import annotations

from firmware.agent.account import Account
from firmware.agent.events import CallEnded
from firmware.link.events import Address, Proxy
from firmware.media.negotiation import SrtpMode
from firmware.media.plan import MediaPlan
from firmware.sip.message import Message, Request
from tests.simulator.peers.dialog import Dialog, Stage
from tests.simulator.peers.ledger import Ledger
from tests.simulator.peers.sdp import Said, Sound


class Pages:
    """Dialogs, expectations and what the person was told."""

    def __init__(self, account: Account) -> None:
        self.ledger = Ledger()
        self.dialogs: list[Dialog] = []
        self.plans: dict[int, MediaPlan] = {}  # What is told, by the phone's port.
        self.ports: dict[int, int] = {}  # By call.
        self.held: dict[int, bool] = {}  # What is told of holding, by the phone's port.
        self.now = 0.0
        self.is_settled = False  # The account is registered over this link.
        self._codecs = tuple(choice.codec.encoding.upper() for choice in account.codecs)
        self._must = account.srtp is SrtpMode.ONLY
        self._never = account.srtp is SrtpMode.OFF
        self._wanted_s = account.session_timer_s
        self._proxy: Proxy | None = None
        self._local: Address | None = None
        self._remote: Address | None = None
        self._expected: dict[tuple[str, str], set[int]] = {}
        self._offers: dict[str, Said] = {}  # Of INVITEs outside a dialog, by branch.
        self._early: dict[str, Sound] = {}  # What is heard before an answer, by Call-ID.
        self._reacks: set[tuple[str, str]] = set()  # One more ACK over the next link.
        self._spare: dict[tuple[str, int, str], int] = {}  # ACKs that nobody waits for.
        self._minimum: dict[str, int] = {}  # What a 422 has said, by Call-ID.
        self._ended: list[CallEnded] = []
        self._heard: Message | None = None  # What this step is about.
        self._dialling = 0  # The call whose first INVITE comes next,
        self._answering = 0  # or whose first 2xx.
        self._replacing: dict[str, Dialog] = {}  # By the Call-ID of an INVITE with Replaces.

    # The link.

    @property
    def _host(self) -> str:
        """The proxy of this link, or of the last one."""
        return self._proxy.host if self._proxy else ""

    def link_up(self, proxy: Proxy, local: Address, remote: Address) -> None:
        """A link stands."""
        self.ledger.link_up(local, proxy)
        self._proxy, self._local, self._remote = proxy, local, remote

    def link_down(self) -> None:
        """What was open is gone with it; dialogs that stand are kept (F6)."""
        self.ledger.link_down(self.now)
        self.is_settled, self._local = False, None
        self._expected.clear()
        self._early.clear()
        self._replacing.clear()
        self._reacks = {(d.call_id, d.theirs) for d in self._up() if d.is_caller}
        for dialog in self.dialogs:
            dialog.asked = ""
            if not dialog.outlasts():
                dialog.unacked = dialog.ours_open = dialog.theirs_open = None
            dialog.timer.since = None
            dialog.is_loose = True
            dialog.wait_from = dialog.wait_until = 0.0
            if (dialog.stage is Stage.EARLY and dialog.is_caller) or dialog.has_left:
                self._over(dialog, "the link is gone")

    def settled(self) -> None:
        """The account is registered over this link: sessions count from now on."""
        self.is_settled = True
        self.ledger.settled(self.now)
        for dialog in self._up():
            if dialog.is_moved and dialog.unacked is not None and dialog.proxy != self._host:
                dialog.stands()
            if dialog.timer.interval_s and dialog.timer.since is None:
                dialog.timer.since, dialog.timer.at_once = self.now, True

    # Finding.

    def _over(self, dialog: Dialog, why: str) -> None:
        dialog.stage = Stage.OVER
        dialog.may_end = dialog.may_end or why
        dialog.pracks_due.clear()
        for heard in self.ledger.heard.values():
            if heard.request.call_id == dialog.call_id:
                heard.is_moot = True

    def _owe(self, dialog: Dialog, why: str) -> None:
        """The phone has to say BYE."""
        dialog.may_end = why
        dialog.has_left = dialog.is_dropped = True

    def _up(self) -> list[Dialog]:
        return [dialog for dialog in self.dialogs if dialog.stage is Stage.UP]

    @property
    def standing(self) -> set[tuple[str, str]]:
        """The calls that stand, by Call-ID and the far end's tag."""
        return {(d.call_id, d.theirs) for d in self._up() if not d.has_left}

    def _find(self, call_id: str, ours: str, theirs: str) -> Dialog | None:
        names = (call_id, ours, theirs)
        return next((d for d in self.dialogs if (d.call_id, d.ours, d.theirs) == names), None)

    def _of_theirs(self, request: Request) -> Dialog | None:
        return self._find(request.call_id, request.to.tag or "", request.from_.tag or "")

    def _of_ours(self, request: Request) -> Dialog | None:
        return self._find(request.call_id, request.from_.tag or "", request.to.tag or "")

    def _named(self, request: Request) -> Dialog | None:
        replaces = request.replaces
        if replaces is None:
            return None
        return self._find(replaces.call_id, replaces.to_tag, replaces.from_tag)

    def of_call(self, call: int) -> list[Dialog]:
        """Return the dialog of a call that stands."""
        port = self.ports.get(call)
        return [d for d in self._up() if port is not None and self._port_of(d) == port]

    def _least_s(self, call_id: str) -> int:
        """Return the shortest interval that a 422 has left to the phone."""
        return self._minimum.get(call_id, 0)

    def _port_of(self, dialog: Dialog) -> int:
        return port_of(dialog.said)

    def _expire(self) -> None:
        """An INVITE in a dialog that nobody has answered is over (timer B, or after its CANCEL)."""
        for dialog in self.dialogs:
            sent = self.ledger.sent.get(dialog.asked)
            if sent is not None and not sent.lives(self.now):
                dialog.asked, dialog.ours_open, dialog.is_loose = "", None, True
        for sent in self.ledger.sent.values():
            if not sent.lives(self.now) and sent.final < 300 and sent.request.method == "INVITE":
                self._end_early(sent.request, "nobody answers any more")

    def _end_early(self, invite: Request, why: str) -> None:
        """Who still rings for this INVITE is not heard any more."""
        names = invite.call_id, invite.from_.tag
        for dialog in self.dialogs:
            if dialog.stage is Stage.EARLY and (dialog.call_id, dialog.ours) == names:
                self._over(dialog, why)

    def _drop_asked(self, dialog: Dialog) -> None:
        """The phone gives up what it has asked in a dialog."""
        if sent := self.ledger.sent.get(dialog.asked):
            sent.is_unwanted = True
        dialog.asked, dialog.ours_open = "", None

    def _fade(self, invite: Request) -> None:
        """Nobody waits for the far ends that ring for an INVITE any more."""
        for dialog in self.dialogs:
            if (dialog.call_id, dialog.ours) == (invite.call_id, invite.from_.tag):
                dialog.is_fading = dialog.is_fading or dialog.stage is Stage.EARLY


def port_of(said: Said | None) -> int:
    """Return the port of the sound in a session description; 0: there is none."""
    return 0 if said is None or said.place is None else said.lines[said.place].port
