"""Message waiting: subscribed to, moved with the registration, and told unasked (F5, F7)."""

from __future__ import annotations

from dataclasses import replace
from random import Random

import pytest

from firmware.agent.events import MailboxRefused, MessagesWaiting, UnregisterAll
from firmware.agent.subscription import BURST_MAX, REFUSED_S, RENEW_S, RETRY_S
from firmware.agent.summary import MessageSummary
from firmware.link.events import LeaveSoon, Proxy, StayHere
from firmware.sip.errors import RemoteProtocolError
from firmware.sip.message import Request, Response
from firmware.sip.uri import SipUri
from firmware.transaction.events import RequestFailed, RequestFailure, SendRequest
from tests.unit.agent.registrar import answer
from tests.unit.agent.rig import BACKUP, LOCAL, PRIMARY, Rig, account, invite, of, text

TWO_NEW = (
    "Messages-Waiting: yes\r\nMessage-Account: sip:*97@example.org\r\nVoice-Message: 2/8 (0/2)\r\n"
)

SUBSCRIBE = """\
SUBSCRIBE sip:201@example.org SIP/2.0
Max-Forwards: 70
From: <sip:201@example.org>;tag={tag}
To: <sip:201@example.org>
Call-ID: {call_id}
CSeq: 1 SUBSCRIBE
Contact: <sip:201@192.0.2.99:40000;transport=tls;ob>
Event: message-summary
Accept: application/simple-message-summary
Expires: 3600
Allow: INVITE, ACK, CANCEL, BYE, OPTIONS, UPDATE, INFO, PRACK, NOTIFY
User-Agent: handset/1
Content-Length: 0

"""


class Subscriber(Rig):
    """A phone with an account that subscribes; the test is the notifier."""

    def __init__(self, subscribes: bool = True) -> None:
        super().__init__(replace(account(), subscribes=subscribes))
        self.cseq = 0

    def up(self, proxy: Proxy = PRIMARY, local: object = LOCAL) -> list[object]:
        return super().up(proxy)

    def asked(self) -> SendRequest:
        return self.one("SUBSCRIBE")

    def grants(self, sent: SendRequest, *fields: tuple[str, str]) -> list[object]:
        return self.reply(sent, answer(sent.request, 200, *(fields or (("Expires", "3600"),))))

    def denies(self, status: int, *fields: tuple[str, str]) -> list[object]:
        sent = self.asked()
        return self.reply(sent, answer(sent.request, status, *fields))

    def notifies(
        self, sent: SendRequest, state: str = "active;expires=3600", body: str = TWO_NEW,
        tag: str = "mwi", **changes: str,
    ) -> Response:  # fmt: skip
        """Send a NOTIFY in the dialog of a SUBSCRIBE; return our answer."""
        self.cseq += 1
        asked = sent.request
        fields = {
            "From": f"<sip:201@example.org>;tag={tag}",
            "To": str(asked.from_),
            "Call_ID": asked.call_id,
            "CSeq": f"{self.cseq} NOTIFY",
            "Contact": "<sip:mailbox@198.51.100.8:5061;transport=tls>",
            "Event": "message-summary",
            "Subscription_State": state,
            **changes,
        }
        return self.answers(self.receive(notify(body, **fields)))[-1]

    def subscribed(self) -> SendRequest:
        """Come to a subscription that stands; return its SUBSCRIBE."""
        self.registered()
        sent = self.asked()
        self.grants(sent)
        assert self.notifies(sent).status == 200
        return sent

    def told(self) -> list[MessagesWaiting]:
        return of(MessagesWaiting, self.out)


def notify(body: str = TWO_NEW, **changes: str) -> Request:
    content = [("Content-Type", "application/simple-message-summary")] if body else []
    request = invite("", *content, **changes)
    return replace(request, method="NOTIFY", body=body.encode())


def unasked(rig: Rig, body: str = TWO_NEW, **changes: str) -> Response:
    given = {"Event": "message-summary", "CSeq": "1 NOTIFY", **changes}
    return rig.answers(rig.receive(notify(body, **given)))[-1]


# What is said.


def test_it_is_subscribed_to_when_the_account_is_registered() -> None:
    rig = Subscriber()
    rig.up()
    assert not rig.take("SUBSCRIBE"), "not before the registrar has had its say (F7)"
    rig.register()
    sent = rig.asked()
    headers = sent.request.headers
    assert "nc=00000002" in (headers.get("Proxy-Authorization") or ""), "signed unasked"
    request = replace(sent.request, headers=headers.without("Proxy-Authorization"))
    assert text(request) == SUBSCRIBE.format(tag=request.from_.tag, call_id=request.call_id)
    rig.grants(sent)
    assert rig.notifies(sent).status == 200
    assert rig.told() == [MessagesWaiting(1, True, 2, 8, "*97")]


def test_an_account_that_is_not_to_subscribe_does_not() -> None:
    rig = Subscriber(subscribes=False).registered()
    assert not rig.take("SUBSCRIBE")
    assert unasked(rig).status == 200, "and is told all the same (RFC 3842)"
    assert of(MessagesWaiting, rig.out) == [MessagesWaiting(1, True, 2, 8, "*97")]


def test_a_notify_may_come_before_the_answer() -> None:
    rig = Subscriber()
    rig.registered()
    sent = rig.asked()
    assert rig.notifies(sent).status == 200
    rig.grants(sent)
    assert rig.told()
    assert not rig.wait(64 * 0.5 + 1), "and Timer N is content"


@pytest.mark.parametrize(
    ("body", "summary"),
    [
        (TWO_NEW, MessageSummary(True, 2, 8, "*97")),
        ("Messages-Waiting: no\r\n", MessageSummary(False)),
        ("messages-waiting:YES\nVoice-Message:1/0\n", MessageSummary(True, 1, 0)),
        ("Messages-Waiting: yes\nVoice-Message: many\n", MessageSummary(True)),
        ("Messages-Waiting: yes\nVoice-Message: 999999999/1\n", MessageSummary(True, 9999, 1)),
        ("Messages-Waiting: yes\nMessage-Account: nonsense\n", MessageSummary(True)),
        ("Messages-Waiting: no\nMessages-Waiting: yes\n", MessageSummary(False)),
    ],
)
def test_what_a_summary_says(body: str, summary: MessageSummary) -> None:
    assert MessageSummary.parse(body.encode()) == summary


@pytest.mark.parametrize(
    "body", [b"", b"hello", b"Messages-Waiting: maybe", b"\xff\xfe", b":" * 9999]
)
def test_a_summary_that_tells_nothing_is_refused(body: bytes) -> None:
    with pytest.raises(RemoteProtocolError):
        MessageSummary.parse(body)


@pytest.mark.parametrize(
    ("changes", "status", "field"),
    [
        ({"Event": "presence"}, 489, ("Allow-Events", "message-summary")),
        ({"Event": ""}, 489, ("Allow-Events", "message-summary")),
        ({"Content_Type": "text/plain"}, 415, ("Accept", "application/simple-message-summary")),
    ],
)
def test_a_notify_of_something_else_is_refused(
    changes: dict[str, str], status: int, field: tuple[str, str]
) -> None:
    rig = Subscriber(subscribes=False).registered()
    response = unasked(rig, **changes)
    assert (response.status, response.headers.get(field[0])) == (status, field[1])
    assert not of(MessagesWaiting, rig.out)


def test_a_summary_that_is_nonsense_is_a_bad_request_and_changes_nothing() -> None:
    rig = Subscriber()
    sent = rig.subscribed()
    rig.out.clear()
    assert rig.notifies(sent, body="what?").status == 400
    assert rig.notifies(sent, "active;expires=soon").status == 400
    assert rig.notifies(sent, body="").status == 200, "no body: nothing has changed"
    assert not rig.told()


def test_a_notify_for_nobody_here_is_not_taken() -> None:
    rig = Subscriber().registered()
    request = replace(notify(Event="message-summary"), uri=SipUri("sip", "192.0.2.99", user="299"))
    assert rig.answers(rig.receive(request))[-1].status == 404


def test_a_notify_of_another_dialog_or_out_of_order_is_refused() -> None:
    rig = Subscriber()
    sent = rig.subscribed()
    assert rig.notifies(sent, tag="fork").status == 481
    assert rig.notifies(sent, Call_ID="other").status == 481
    assert rig.notifies(sent, CSeq="1 NOTIFY").status == 500


# Time.


def test_it_is_refreshed_within_its_dialog_before_it_ends() -> None:
    rig = Subscriber()
    first = rig.subscribed()
    rig.wait(3600 - RENEW_S - 1)
    rig.register()
    assert not rig.take("SUBSCRIBE")
    rig.wait(1.5)
    rig.register()
    again = rig.asked().request
    assert again.call_id == first.request.call_id
    assert (again.to.tag, again.cseq.number) == ("mwi", 2)
    assert str(again.uri) == "sip:mailbox@198.51.100.8:5061;transport=tls"


def test_a_subscription_that_is_not_refreshed_is_begun_anew() -> None:
    rig = Subscriber()
    first = rig.subscribed()
    rig.notifies(first, "active;expires=100")
    rig.wait(86)
    rig.denies(500)
    rig.wait(20)
    again = rig.asked().request
    assert again.to.tag is None
    assert again.call_id != first.request.call_id


@pytest.mark.parametrize("status", [404, 481, 489])
def test_a_refresh_for_what_is_not_known_there_begins_anew_at_once(status: int) -> None:
    rig = Subscriber()
    first = rig.subscribed()
    rig.notifies(first, "active;expires=100")
    rig.wait(86)
    rig.denies(status)
    assert rig.asked().request.to.tag is None


def test_a_subscribe_that_no_notify_follows_has_failed() -> None:
    rig = Subscriber()
    rig.registered()
    rig.grants(rig.asked())
    rig.wait(32.5)
    assert not rig.take("SUBSCRIBE")
    rig.wait(RETRY_S * 1.1)
    assert rig.asked()


def test_a_subscribe_that_nobody_answers_is_tried_again() -> None:
    rig = Subscriber()
    rig.registered()
    sent = rig.asked()
    rig.feed(RequestFailed(sent.key, RequestFailure.TIMEOUT))
    assert rig.accounts() == (1,), "and the account is untouched"
    rig.wait(RETRY_S - 1)
    assert not rig.take("SUBSCRIBE")
    rig.wait(RETRY_S * 0.1 + 1)
    assert rig.asked()


def test_204_promises_no_notify() -> None:
    rig = Subscriber()
    first = rig.subscribed()
    rig.notifies(first, "active;expires=100")
    rig.wait(86)
    sent = rig.asked()
    rig.reply(sent, answer(sent.request, 204, ("Expires", "3600")))
    rig.wait(600)
    assert not rig.take("SUBSCRIBE")


# Answers.


def test_a_challenge_is_met() -> None:
    rig = Subscriber()
    rig.registered()
    sent = rig.asked()
    challenge = rig.registrar.challenge(sent.request, 407, "None", "Proxy-Authenticate")
    assert challenge is not None
    rig.reply(sent, challenge)
    again = rig.asked().request
    assert again.cseq.number == 2
    assert rig.registrar.realm.verdict(again, "Proxy-Authorization") == "good"


def test_a_period_that_is_too_short_is_made_longer() -> None:
    rig = Subscriber()
    rig.registered()
    rig.denies(423, ("Min-Expires", "7200"))
    assert rig.asked().request.expires == 7200


@pytest.mark.parametrize("least", ["60", "99999999", "soon"])
def test_a_423_that_makes_no_sense_is_a_failure(least: str) -> None:
    rig = Subscriber()
    rig.registered()
    rig.denies(423, ("Min-Expires", least))
    assert not rig.take("SUBSCRIBE")
    rig.wait(RETRY_S * 1.1)
    assert rig.asked()


@pytest.mark.parametrize("status", [489, 403, 405, 501])
def test_who_says_no_is_left_alone_whatever_links_come(status: int) -> None:
    rig = Subscriber()
    rig.registered()
    rig.denies(status)
    for _ in range(3):
        rig.down()
        rig.registered()
        assert not rig.take("SUBSCRIBE")
    rig.down()
    rig.up(BACKUP)
    rig.register()
    assert rig.asked(), "another proxy may know it"
    rig.down()
    rig.wait(REFUSED_S * 1.1)
    rig.registered()
    assert rig.asked()


@pytest.mark.parametrize(
    ("status", "words"),
    [(403, "not allowed (403)"), (489, "not told there (489)"), (603, "refused (603)")],
)
def test_why_a_mailbox_says_no_is_told_once_and_taken_back_when_it_says_yes(
    status: int, words: str
) -> None:
    rig = Subscriber()
    rig.registered()
    rig.denies(status)
    assert of(MailboxRefused, rig.out) == [MailboxRefused(1, words)]
    rig.down()
    rig.up(BACKUP)
    rig.register()
    rig.denies(status)
    assert of(MailboxRefused, rig.out) == [MailboxRefused(1, words)], "that is no news"
    rig.wait(REFUSED_S * 1.1)
    sent = rig.asked()
    rig.grants(sent)
    assert of(MailboxRefused, rig.out)[1:] == [MailboxRefused(1, "")]


@pytest.mark.parametrize("reason", ["rejected", "noresource"])
def test_a_mailbox_that_ends_it_for_good_has_refused(reason: str) -> None:
    rig = Subscriber()
    sent = rig.subscribed()
    rig.notifies(sent, f"terminated;reason={reason}", body="")
    assert of(MailboxRefused, rig.out) == [MailboxRefused(1, "refused by the mailbox")]


def test_retry_after_is_honoured() -> None:
    rig = Subscriber()
    rig.registered()
    rig.denies(503, ("Retry-After", "600"))
    rig.wait(599)
    assert not rig.take("SUBSCRIBE")
    rig.wait(62)
    assert rig.asked()


# `terminated`.


@pytest.mark.parametrize(
    ("state", "wait_s"),
    [
        ("terminated;reason=deactivated", 0),
        ("terminated;reason=timeout", 0),
        ("terminated;reason=probation;retry-after=300", 300),
        ("terminated;reason=giveup", RETRY_S),
        ("terminated;reason=rejected", REFUSED_S),
        ("terminated;reason=noresource", REFUSED_S),
        ("terminated", RETRY_S),
    ],
)
def test_what_is_terminated_comes_again_when_its_reason_says(state: str, wait_s: float) -> None:
    rig = Subscriber()
    sent = rig.subscribed()
    assert rig.notifies(sent, state, body="").status == 200
    if wait_s:
        rig.wait(wait_s - 1)
        assert not rig.take("SUBSCRIBE")
        rig.wait(wait_s * 0.1 + 1.5)
    again = rig.asked().request
    assert again.call_id != sent.request.call_id
    assert again.cseq.number > sent.request.cseq.number
    assert rig.notifies(sent).status == 481, "the old dialog is over"


def test_pending_becomes_active() -> None:
    rig = Subscriber()
    rig.registered()
    sent = rig.asked()
    rig.grants(sent)
    assert rig.notifies(sent, "pending;expires=600", body="").status == 200
    assert not rig.told()
    assert rig.notifies(sent, "active;expires=600").status == 200
    assert rig.told()


def test_a_notifier_that_ends_each_subscription_at_once_makes_no_hot_loop() -> None:
    rig = Subscriber()
    rig.registered()
    sent = 0
    for _ in range(60):
        for asked in rig.take("SUBSCRIBE"):
            sent += 1
            rig.grants(asked)
            rig.notifies(asked, "terminated;reason=deactivated", body="")
        rig.wait(1)
    assert BURST_MAX < sent <= BURST_MAX + 60 / 10


# The link.


def test_on_a_new_link_to_the_same_proxy_it_is_refreshed() -> None:
    rig = Subscriber()
    first = rig.subscribed()
    rig.down()
    rig.up()
    assert not rig.take("SUBSCRIBE"), "the registration goes first"
    rig.register()
    again = rig.asked().request
    assert (again.call_id, again.to.tag, again.cseq.number) == (first.request.call_id, "mwi", 2)


def test_at_another_proxy_it_is_begun_anew() -> None:
    rig = Subscriber()
    first = rig.subscribed()
    rig.down()
    rig.up(BACKUP)
    rig.register()
    again = rig.asked()
    assert again.request.to.tag is None
    assert again.request.call_id != first.request.call_id
    assert again.request.cseq.number == 2
    assert rig.notifies(again, tag="new").status == 200


def test_what_was_unanswered_when_the_link_died_goes_again_as_another_transaction() -> None:
    rig = Subscriber()
    rig.registered()
    first = rig.asked()
    rig.open.append(first)
    rig.down()
    rig.registered()
    again = rig.asked()
    assert (again.request.call_id, again.request.cseq.number) == (first.request.call_id, 2)
    assert again.key != first.key
    assert rig.notifies(again).status == 200


def test_what_is_told_between_link_and_registration_is_taken() -> None:
    rig = Subscriber()
    first = rig.subscribed()
    rig.down()
    rig.up()
    rig.out.clear()
    assert rig.notifies(first).status == 200
    assert rig.told()


# Leaving.


def test_the_phone_signs_off_when_it_stops() -> None:
    rig = Subscriber()
    rig.subscribed()
    rig.feed(UnregisterAll())
    assert rig.asked().request.expires == 0
    rig.register()
    assert not rig.take("SUBSCRIBE")


def test_it_signs_off_on_the_way_home_and_comes_back_where_that_fails() -> None:
    rig = Subscriber()
    rig.subscribed()
    rig.feed(LeaveSoon())
    assert rig.asked().request.expires == 0
    rig.register()
    rig.feed(StayHere())
    rig.register()
    assert rig.asked().request.expires == 3600


# Anything.


@pytest.mark.parametrize("seed", range(40))
def test_whatever_happens_in_the_end_it_is_subscribed(seed: int) -> None:
    """Random answers, NOTIFYs and links: no illegal state, no flood, and a good end."""
    random, rig = Random(seed), Subscriber()
    rig.registered()
    sent, asked = 0, [rig.asked()]
    for _ in range(80):
        last = asked[-1]
        match random.randrange(8):
            case 0:
                rig.notifies(
                    last, random.choice(["active", "pending;expires=9", "active;expires=0"])
                )
            case 1:
                rig.notifies(last, f"terminated;reason={random.choice(['timeout', 'giveup', 'x'])}")
            case 2 | 3:
                for item in asked[-2:]:
                    status = random.choice([200, 200, 202, 423, 481, 500])
                    rig.reply(item, answer(item.request, status, ("Expires", "60")))
            case 4:
                rig.down()
                rig.up(random.choice([PRIMARY, BACKUP]))
                rig.register()
            case 5:
                rig.feed(RequestFailed(last.key, RequestFailure.TIMEOUT))
            case _:
                rig.wait(random.choice([0.5, 30, 400]))
                rig.register()
        found = rig.take("SUBSCRIBE")
        sent += len(found)
        asked += found
    assert sent < 200
    rig.down()
    rig.up(PRIMARY)
    rig.register()
    for _ in range(60):
        for item in rig.take("SUBSCRIBE"):
            rig.grants(item)
            rig.out.clear()
            rig.notifies(item)
        rig.wait(60)
        rig.register()
    assert rig.told()
