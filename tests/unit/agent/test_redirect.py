"""A call that is sent on to other addresses (RFC 3261 8.1.3.4)."""

from __future__ import annotations

import pytest

from firmware.agent.events import CallAnswered, CallEnded, EndCause
from firmware.agent.redirect import TARGETS_MAX
from firmware.sip.message import Request
from tests.unit.agent.calling import Calling
from tests.unit.agent.rig import of


class Sent(Calling):
    """An agent whose call is sent on."""

    def moved(
        self, *contacts: str, status: int = 302, fields: tuple[tuple[str, str], ...] = ()
    ) -> None:
        self.hears(status, *(("Contact", contact) for contact in contacts), *fields)

    def next(self) -> str:
        """Take the INVITE that follows; return where it goes."""
        self.invite = self.one("INVITE")
        return str(self.invite.request.uri)

    def reason(self) -> str:
        assert not self.open
        return self.ended().reason


def test_the_call_goes_on_to_the_address_that_is_named() -> None:
    rig = Sent()
    first: Request = rig.invite.request
    rig.moved("<sip:300@example.net>")
    assert rig.next() == "sip:300@example.net"
    again = rig.invite.request
    assert (again.call_id, again.from_) == (first.call_id, first.from_)
    assert again.to.uri == first.to.uri
    assert again.cseq.number == first.cseq.number + 1
    assert again.body == first.body
    assert not of(CallEnded, rig.out)
    assert of(CallAnswered, rig.is_answered())


def test_contacts_are_tried_in_the_order_of_q() -> None:
    rig = Sent()
    rig.moved("<sip:a@b>;q=0.2, <sip:c@b>;q=0.9", "<sip:d@b>;q=0.5", status=300)
    order = []
    for _ in range(3):
        order.append(rig.next())
        rig.hears(480)
    assert order == ["sip:c@b", "sip:d@b", "sip:a@b"]
    assert rig.reason() == "not available"


def test_one_that_has_no_q_comes_first() -> None:
    rig = Sent()
    rig.moved("<sip:a@b>;q=0.9", "<sip:c@b>", "<sip:d@b>;q=high")
    assert rig.next() == "sip:c@b"


def test_no_address_is_tried_twice() -> None:
    rig = Sent()
    rig.moved("<sip:100@example.org>", "<sip:a@b>")
    assert rig.next() == "sip:a@b"
    rig.moved("<sip:A@B>", "<sip:100@example.org>")
    assert rig.reason() == "moved to nowhere known"


def test_a_call_is_not_sent_round_the_world() -> None:
    rig = Sent()
    for number in range(TARGETS_MAX):
        rig.moved(f"<sip:{number}@b>")
        assert rig.next() == f"sip:{number}@b"
    rig.moved("<sip:one-more@b>")
    assert rig.ended().cause is EndCause.REFUSED


@pytest.mark.parametrize("status", [600, 603])
def test_nobody_else_is_asked_after_a_6xx(status: int) -> None:
    rig = Sent()
    rig.moved("<sip:a@b>", "<sip:c@b>")
    rig.next()
    rig.hears(status)
    assert rig.ended().status == status
    assert not rig.open


@pytest.mark.parametrize(
    "contacts",
    [(), ("garbage<",), ("<https://example.org/>",), ("<mailto:a@b>",), ("*",)],
)
def test_without_an_address_the_person_is_told_so(contacts: tuple[str, ...]) -> None:
    rig = Sent()
    rig.moved(*contacts)
    assert rig.reason() == "moved to nowhere known"


@pytest.mark.parametrize(
    ("status", "words"), [(305, "another proxy is demanded"), (380, "another service is offered")]
)
def test_another_proxy_or_service_is_not_another_address(status: int, words: str) -> None:
    rig = Sent()
    rig.moved("<sip:a@b>", status=status)
    assert rig.reason() == words


def test_a_tel_address_goes_through_the_proxy_and_headers_are_left_out() -> None:
    rig = Sent()
    rig.moved("<tel:+49-30-1>", "<sip:a@b;method=BYE?Subject=x>;q=0.5")
    assert rig.next() == "sip:+49301@example.org;user=phone"
    rig.hears(404)
    assert rig.next() == "sip:a@b"


def test_hanging_up_follows_nobody() -> None:
    rig = Sent()
    rig.hangs_up()
    rig.moved("<sip:a@b>")
    assert not rig.open


def test_who_sent_the_call_on_is_told_to_the_next_one() -> None:
    rig = Sent()
    before = "<sip:b@example.org>;reason=user-busy"
    rig.moved("<sip:c@b>", "<sip:d@b>", fields=(("Diversion", before),))
    (sent,) = rig.open
    assert sent.request.headers.all("Diversion") == (before,)
