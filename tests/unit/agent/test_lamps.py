"""Lamps of other phones: subscribed to over the link, moved with it, and true (F7; RFC 4235)."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from random import Random

import pytest

from firmware.agent.account import AgentSettings, UseAccounts
from firmware.agent.events import Lamp, LampChanged, UnregisterAll
from firmware.agent.lamps import DIALOGS_MAX, UNREADABLE
from firmware.agent.subscription import RENEW_S
from firmware.link.events import LeaveSoon
from firmware.sip.message import Request, Response
from firmware.transaction.events import SendRequest
from tests.unit.agent.registrar import answer
from tests.unit.agent.rig import BACKUP, INSTANCE, PRIMARY, Rig, account, invite, of, text
from tests.unit.agent.test_dialog_info import dialog, document

CONTENT = "application/dialog-info+xml"

SUBSCRIBE = """\
SUBSCRIBE sip:202@example.org SIP/2.0
Max-Forwards: 70
From: <sip:201@example.org>;tag={tag}
To: <sip:202@example.org>
Call-ID: {call_id}
CSeq: 1 SUBSCRIBE
Contact: <sip:201@192.0.2.99:40000;transport=tls;ob>
Event: dialog
Accept: application/dialog-info+xml
Expires: 600
Allow: INVITE, ACK, CANCEL, BYE, OPTIONS, UPDATE, INFO, PRACK, NOTIFY
User-Agent: handset/1
Content-Length: 0

"""


class Watcher(Rig):
    """A phone that watches others; the test is their notifier."""

    def __init__(self, *numbers: str, subscribes: bool = False) -> None:
        watches = numbers or ("202",)
        super().__init__(
            replace(account(), watches=watches, watch_period_s=600, subscribes=subscribes)
        )
        self.cseq = 0

    def asked(self) -> SendRequest:
        return self.one("SUBSCRIBE")

    def grants(self, sent: SendRequest) -> list[object]:
        return self.reply(sent, answer(sent.request, 200, ("Expires", "600")))

    def notifies(
        self, sent: SendRequest, body: bytes, state: str = "active;expires=600",
        content: str = CONTENT, **changes: str,
    ) -> Response:  # fmt: skip
        """Send a NOTIFY in the dialog of a SUBSCRIBE; return our answer."""
        self.cseq += 1
        asked = sent.request
        fields = {
            "From": f"{asked.to};tag=far" if asked.to.tag is None else str(asked.to),
            "To": str(asked.from_),
            "Call_ID": asked.call_id,
            "CSeq": f"{self.cseq} NOTIFY",
            "Contact": "<sip:lamps@198.51.100.8:5061;transport=tls>",
            "Event": "dialog",
            "Subscription_State": state,
            **changes,
        }
        extra = [("Content-Type", content)] if body else []
        request: Request = replace(invite("", *extra, **fields), method="NOTIFY", body=body)
        return self.answers(self.receive(request))[-1]

    def watching(self, body: bytes = document()) -> SendRequest:
        """Come to a lamp that is known; return its SUBSCRIBE."""
        self.registered()
        sent = self.asked()
        self.grants(sent)
        assert self.notifies(sent, body).status == 200
        return sent

    @property
    def told(self) -> list[tuple[str, Lamp]]:
        return [(each.number, each.lamp) for each in of(LampChanged, self.out)]

    def shows(self) -> Lamp:
        """The last that was told; each is news."""
        told = of(LampChanged, self.out)
        assert all(one != other for one, other in pairwise(told)), told
        return told[-1].lamp if told else Lamp.UNKNOWN


def partial(version: int, *dialogs: str) -> bytes:
    return document("".join(dialogs), version=str(version), state="partial")


# Subscribing.


def test_it_is_asked_for_when_the_account_is_registered() -> None:
    rig = Watcher()
    rig.up()
    assert not rig.take("SUBSCRIBE"), "not before the registrar has had its say (F7)"
    rig.register()
    request = rig.asked().request
    request = replace(request, headers=request.headers.without("Proxy-Authorization"))
    assert text(request) == SUBSCRIBE.format(tag=request.from_.tag, call_id=request.call_id)


def test_each_lamp_has_a_subscription_of_its_own_and_the_mailbox_goes_first() -> None:
    rig = Watcher("202", "sip:bob@elsewhere.example.org", subscribes=True)
    rig.registered()
    sent = rig.take("SUBSCRIBE")
    assert [str(each.request.uri) for each in sent] == [
        "sip:201@example.org",
        "sip:202@example.org",
        "sip:bob@elsewhere.example.org",
    ]
    assert len({each.request.call_id for each in sent}) == 3
    for each in sent[1:]:
        rig.grants(each)
    rig.notifies(sent[2], document(dialog("confirmed")))
    assert rig.told == [("sip:bob@elsewhere.example.org", Lamp.BUSY)]


def test_what_is_no_number_is_not_asked_for_and_says_so() -> None:
    rig = Watcher("Anna Schmidt!")
    rig.up()
    rig.register()
    assert not rig.take("SUBSCRIBE")
    wrong = LampChanged(1, "Anna Schmidt!", Lamp.UNKNOWN, "not a number or address")
    assert of(LampChanged, rig.out) == [wrong]


def test_it_is_refreshed_before_it_ends_and_stays_known_meanwhile() -> None:
    rig = Watcher()
    first = rig.watching(document(dialog("confirmed")))
    rig.wait(600 - RENEW_S + 1)
    rig.register()
    again = rig.asked()
    assert (again.request.call_id, again.request.to.tag) == (first.request.call_id, "far")
    rig.grants(again)
    rig.notifies(again, document(dialog("confirmed"), version="1"))
    assert rig.told == [("202", Lamp.BUSY)]


# What is told.


def test_a_call_from_its_first_ring_to_its_end() -> None:
    rig = Watcher()
    sent = rig.watching()
    steps = [("early", Lamp.RINGING), ("confirmed", Lamp.BUSY), ("terminated", Lamp.IDLE)]
    for version, (state, lamp) in enumerate(steps, start=1):
        assert rig.notifies(sent, partial(version, dialog(state, "recipient"))).status == 200
        assert rig.shows() is lamp


def test_of_two_calls_the_one_that_rings_is_shown() -> None:
    rig = Watcher()
    sent = rig.watching(document(dialog("confirmed")))
    rig.notifies(sent, partial(1, dialog("early", "recipient", 2)))
    assert rig.shows() is Lamp.RINGING
    rig.notifies(sent, partial(2, dialog("terminated", "recipient", 2)))
    assert rig.shows() is Lamp.BUSY


def test_all_dialogs_replace_what_was_told_before_whatever_their_version() -> None:
    rig = Watcher()
    sent = rig.watching(document(dialog("confirmed", "", 1), version="7"))
    rig.notifies(sent, document(dialog("early", "", 2), version="0"))
    assert rig.shows() is Lamp.RINGING
    rig.notifies(sent, document(version="0"))
    assert rig.shows() is Lamp.IDLE


def test_a_body_that_is_missing_changes_nothing() -> None:
    rig = Watcher()
    sent = rig.watching(document(dialog("confirmed")))
    assert rig.notifies(sent, b"").status == 200
    assert rig.shows() is Lamp.BUSY


def test_who_agrees_and_has_nothing_to_tell_tells_of_no_dialog() -> None:
    """Kamailio, of a phone that has published nothing yet."""
    rig = Watcher()
    rig.watching(b"")
    assert rig.shows() is Lamp.IDLE


def test_nothing_to_tell_is_no_answer_to_what_was_missed_or_could_not_be_read() -> None:
    rig = Watcher()
    sent = rig.watching()
    for body in (partial(2, dialog("early")), b"<dialog-info"):
        rig.notifies(sent, body)
        assert rig.shows() is Lamp.UNKNOWN
        rig.notifies(sent, b"")
        assert rig.shows() is Lamp.UNKNOWN
        rig.take("SUBSCRIBE")
        rig.notifies(sent, document())
        assert rig.shows() is Lamp.IDLE


def test_what_was_told_twice_is_passed_over() -> None:
    rig = Watcher()
    sent = rig.watching()
    rig.notifies(sent, partial(1, dialog("confirmed")))
    rig.notifies(sent, partial(1, dialog("terminated")))
    assert rig.shows() is Lamp.BUSY
    assert not rig.take("SUBSCRIBE")


def test_where_a_word_is_missing_all_is_asked_for_and_nothing_is_known_till_then() -> None:
    rig = Watcher()
    sent = rig.watching(document(dialog("confirmed")))
    assert rig.notifies(sent, partial(2, dialog("early", "", 2))).status == 200
    assert rig.shows() is Lamp.UNKNOWN
    again = rig.asked()
    assert again.request.to.tag == "far"
    rig.grants(again)
    rig.notifies(again, document(version="3"))
    assert rig.shows() is Lamp.IDLE
    rig.notifies(again, partial(4, dialog("early")))
    assert rig.shows() is Lamp.RINGING


def test_a_notifier_that_never_tells_all_is_asked_once() -> None:
    rig = Watcher()
    rig.registered()
    sent = rig.asked()
    rig.grants(sent)
    asked = 0
    for version in range(5, 50):
        rig.notifies(sent, partial(version, dialog("early")))
        for again in rig.take("SUBSCRIBE"):
            asked += 1
            rig.grants(again)
    assert asked == 1
    assert rig.shows() is Lamp.UNKNOWN


def test_what_cannot_be_read_is_refused_said_and_logged_and_nothing_is_known() -> None:
    rig = Watcher()
    sent = rig.watching(document(dialog("confirmed")))
    assert rig.notifies(sent, b"<dialog-info").status == 400
    detail = "dialog-info: unclosed token in line 1"
    assert of(LampChanged, rig.out)[-1] == LampChanged(1, "202", Lamp.UNKNOWN, UNREADABLE, detail)
    assert rig.notifies(sent, document(dialog("early"), version="9")).status == 200
    assert of(LampChanged, rig.out)[-1] == LampChanged(1, "202", Lamp.RINGING)


def test_more_dialogs_than_a_phone_can_have_are_refused() -> None:
    rig = Watcher()
    sent = rig.watching(document("".join(dialog("early", "", n) for n in range(DIALOGS_MAX))))
    assert rig.shows() is Lamp.RINGING
    assert rig.notifies(sent, partial(1, dialog("early", "", DIALOGS_MAX))).status == 400
    assert rig.shows() is Lamp.UNKNOWN
    assert rig.notifies(sent, document(version="2")).status == 200
    assert rig.shows() is Lamp.IDLE


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"Event": "presence"}, 489),
        ({"Event": "message-summary"}, 489),
        ({"content": "text/plain"}, 415),
        ({"state": "active;expires=soon"}, 400),
        ({"CSeq": "1 NOTIFY"}, 500),
        ({"Call_ID": "other"}, 481),
    ],
)
def test_a_notify_that_is_wrong_is_refused(changes: dict[str, str], status: int) -> None:
    rig = Watcher()
    sent = rig.watching()
    assert rig.notifies(sent, document(dialog("confirmed")), **changes).status == status
    assert rig.shows() is not Lamp.BUSY


# Who says no.


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (403, "not allowed (403)"),
        (404, "no such number (404)"),
        (489, "not told there (489)"),
        (603, "refused (603)"),
    ],
)
def test_why_a_lamp_is_not_told_is_said_once(status: int, words: str) -> None:
    rig = Watcher()
    rig.registered()
    sent = rig.asked()
    rig.reply(sent, answer(sent.request, status))
    assert of(LampChanged, rig.out) == [LampChanged(1, "202", Lamp.UNKNOWN, words)]
    rig.down()
    rig.registered()
    assert not rig.take("SUBSCRIBE"), "it is left alone, whatever links come"


def test_one_that_ends_it_for_good_has_refused() -> None:
    rig = Watcher()
    sent = rig.watching()
    rig.notifies(sent, b"", "terminated;reason=rejected")
    assert of(LampChanged, rig.out)[-1] == LampChanged(1, "202", Lamp.UNKNOWN, "refused there")


def test_while_nobody_has_agreed_nothing_is_known() -> None:
    rig = Watcher()
    rig.registered()
    sent = rig.asked()
    rig.grants(sent)
    rig.notifies(sent, document(dialog("confirmed")), "pending;expires=600")
    assert rig.shows() is Lamp.UNKNOWN
    rig.notifies(sent, document(dialog("confirmed"), version="1"))
    assert rig.shows() is Lamp.BUSY


# The link.


def test_a_lamp_is_not_known_without_a_link_and_refreshed_at_the_same_proxy() -> None:
    rig = Watcher()
    first = rig.watching(document(dialog("confirmed")))
    rig.down()
    assert rig.shows() is Lamp.UNKNOWN
    rig.up()
    rig.register()
    again = rig.asked()
    assert (again.request.call_id, again.request.to.tag) == (first.request.call_id, "far")
    rig.grants(again)
    assert rig.shows() is Lamp.UNKNOWN, "not before it is told"
    rig.notifies(again, document(dialog("confirmed"), version="1"))
    assert rig.shows() is Lamp.BUSY


def test_at_another_proxy_it_is_begun_anew_and_nothing_old_is_shown() -> None:
    rig = Watcher()
    first = rig.watching(document(dialog("confirmed")))
    rig.down()
    rig.up(BACKUP)
    rig.register()
    again = rig.asked()
    assert again.request.to.tag is None
    assert again.request.call_id != first.request.call_id
    rig.grants(again)
    rig.notifies(again, b"")
    assert rig.shows() is Lamp.IDLE, "what the other proxy told says nothing here"
    rig.notifies(again, document(dialog("early")))
    assert rig.shows() is Lamp.RINGING


# Other settings (L5).


def watch(rig: Watcher, *numbers: str, subscribes: bool = False) -> list[SendRequest]:
    """Have the account watch other numbers; return what is subscribed to then, and no more."""
    mine = replace(account(), watches=numbers, watch_period_s=600, subscribes=subscribes)
    settings = AgentSettings(instance=INSTANCE, user_agent="handset/1")
    rig.feed(UseAccounts((mine,), settings))
    return rig.take("SUBSCRIBE")


def test_l5_another_number_is_watched_at_once_and_the_old_one_no_more() -> None:
    rig = Watcher()
    first = rig.watching(document(dialog("confirmed")))
    ended, asked = watch(rig, "203")
    assert (ended.request.call_id, ended.request.expires) == (first.request.call_id, 0)
    assert rig.told[-1] == ("202", Lamp.UNKNOWN)
    assert str(asked.request.uri) == "sip:203@example.org"
    rig.grants(asked)
    rig.notifies(asked, document(dialog("early")))
    assert rig.told[-1] == ("203", Lamp.RINGING)


def test_l5_a_number_that_is_watched_anew_may_be_refused() -> None:
    rig = Watcher()
    rig.watching()
    *_, asked = watch(rig, "203")
    rig.reply(asked, answer(asked.request, 403))
    told = of(LampChanged, rig.out)[-1]
    assert told == LampChanged(1, "203", Lamp.UNKNOWN, "not allowed (403)")
    assert not watch(rig)
    assert of(LampChanged, rig.out)[-1] == LampChanged(1, "203", Lamp.UNKNOWN), "nothing is wrong"


def test_what_is_missed_during_a_refresh_is_told_by_that() -> None:
    rig = Watcher()
    rig.watching()
    rig.wait(600 - RENEW_S + 1)
    rig.register()
    refresh = rig.asked()
    rig.notifies(refresh, partial(9, dialog("early")))
    assert not rig.take("SUBSCRIBE"), "one at a time"
    rig.grants(refresh)
    rig.notifies(refresh, document(version="10"))
    assert rig.shows() is Lamp.IDLE


@pytest.mark.parametrize("why", [LeaveSoon(), UnregisterAll()])
def test_it_is_ended_in_order(why: LeaveSoon | UnregisterAll) -> None:
    rig = Watcher()
    rig.watching()
    rig.feed(why)
    ended = rig.asked().request
    assert (ended.expires, ended.to.tag) == (0, "far")
    assert rig.shows() is Lamp.UNKNOWN


# Anything.


class Notifier:
    """The far end of one lamp: what is true there, and what the phone has been told of it."""

    def __init__(self, random: Random, rig: Watcher) -> None:
        self._random, self._rig = random, rig
        self.dialogs: dict[int, str] = {}
        self.told: Lamp | None = None  # By the last word; None: there was none, or a wrong one.
        self.sent: SendRequest | None = None  # The SUBSCRIBE that is served.
        self._version, self._at_phone = 0, dict[int, str]()

    @property
    def truth(self) -> Lamp:
        states = set(self.dialogs.values())
        return Lamp.RINGING if "early" in states else Lamp.BUSY if states else Lamp.IDLE

    def serve(self, *, well: bool) -> None:
        """Answer what is asked; whoever is asked tells all."""
        for sent in self._rig.take("SUBSCRIBE"):
            if not well and self._random.random() < 0.3:
                self._rig.reply(sent, answer(sent.request, self._random.choice([481, 500])))
                continue
            self._rig.grants(sent)
            self.sent, self._at_phone = sent, dict(self.dialogs)
            self._say("full", [dialog(s, "", n) for n, s in self.dialogs.items()])

    def change(self) -> None:
        """A dialog begins, goes on or ends; its word may be lost, or be nonsense."""
        number = self._random.randrange(3)
        state = self._random.choice(["early", "confirmed", "terminated"])
        self.dialogs = {**self.dialogs, number: state}
        self.dialogs = {n: s for n, s in self.dialogs.items() if s != "terminated"}
        chance = self._random.random()
        if chance < 0.1:
            self._version += 1
        elif chance < 0.15 and self.sent is not None:
            self._version += 1
            self._rig.notifies(self.sent, b"<dialog-info>")
            self.told = None  # It has told something that nobody can know.
        elif self.sent is not None:
            self._say("partial", [dialog(state, "", number)])

    def lose(self) -> None:
        """The link is gone, and nobody is told."""
        self.sent = None

    def _say(self, kind: str, dialogs: list[str]) -> None:
        assert self.sent is not None
        self._version += 1
        body = document("".join(dialogs), version=str(self._version), state=kind)
        if self._rig.notifies(self.sent, body).status == 200:
            self.told = self.truth


@pytest.mark.parametrize("seed", range(40))
def test_whatever_happens_a_lamp_is_true_or_not_known_and_true_in_the_end(seed: int) -> None:
    """What is lost on its way is found out with the next word at the latest."""
    random, rig = Random(seed), Watcher()
    far = Notifier(random, rig)
    rig.registered()
    known = 0
    for _ in range(80):
        match random.randrange(6):
            case 0 | 1 | 2:
                far.change()
            case 3:
                rig.down()
                far.lose()
                assert rig.shows() is Lamp.UNKNOWN, "nobody tells without a link"
                rig.up(random.choice([PRIMARY, BACKUP]))
                rig.register()
            case _:
                rig.wait(random.choice([0.5, 30, 400]))
                rig.register()
        far.serve(well=False)
        known += rig.shows() is not Lamp.UNKNOWN
        assert rig.shows() in {Lamp.UNKNOWN, far.told}, "a lamp that nobody has told"
    assert known > 10
    rig.down()
    far.lose()
    rig.up(PRIMARY)
    rig.register()
    for _ in range(20):  # Until after a refresh.
        rig.wait(60)
        rig.register()
        far.serve(well=True)
    assert rig.shows() is far.truth
