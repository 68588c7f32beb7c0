"""The lab's exchange against a bare client: does it register, switch calls, and break as told?"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.lab.authority import Authority
from tests.lab.background import Background
from tests.lab.bare import BareClient, Packet
from tests.lab.exchange import Exchange
from tests.lab.faults import Fault
from tests.lab.registrar import RegistrarSettings

HOST, OTHER_HOST = "127.0.0.1", "127.0.0.2"
DOMAIN = "lab.test"
USERS = {name: f"{name}-secret" for name in ("alice", "bob")}


class Lab:
    """Two exchanges with a trunk, and clients for them."""

    def __init__(self, directory: Path, background: Background) -> None:
        self._background = background
        self._authority = Authority()
        self._file = directory / "authority.pem"
        self._file.write_bytes(self._authority.certificate_pem)
        self._clients: list[BareClient] = []
        self.settings = RegistrarSettings(flow_timer_s=25)
        self.primary = self._exchange(HOST)
        self.backup = self._exchange(OTHER_HOST)
        background.run(self._join())

    def client(
        self, user: str, exchange: Exchange | None = None, read_s: float = 5.0
    ) -> BareClient:
        """Return a client that has not connected."""
        place = exchange or self.primary
        client = BareClient(
            (place.host, place.port),
            self._file,
            user=user,
            password=USERS[user],
            read_s=read_s,
        )
        self._clients.append(client)
        return client

    def registered(self, user: str, exchange: Exchange | None = None) -> BareClient:
        """Return a client that is registered."""
        client = self.client(user, exchange)
        client.connect()
        assert client.register().status == 200
        return client

    def fault(self, name: str, on: bool = True) -> None:
        """Switch a fault of the primary."""
        self._background.run(self.primary.set_fault(name, on))

    def stop(self) -> None:
        """Close everything."""
        for client in self._clients:
            client.close()
        self._background.run(self.primary.stop())
        self._background.run(self.backup.stop())

    def _exchange(self, host: str) -> Exchange:
        exchange = Exchange(
            host, 0, domain=DOMAIN, users=USERS, authority=self._authority, settings=self.settings
        )
        self._background.run(exchange.start())
        return exchange

    async def _join(self) -> None:
        self.primary.join(self.backup)


@pytest.fixture
def lab(tmp_path: Path) -> Iterator[Lab]:
    with Background() as background:
        lab = Lab(tmp_path, background)
        yield lab
        lab.stop()


def wait_until(done: Callable[[], bool], timeout_s: float = 3.0) -> None:
    by = time.time() + timeout_s
    while not done():
        assert time.time() < by
        time.sleep(0.01)


def test_a_registration_is_challenged_and_counted(lab: Lab) -> None:
    client = lab.registered("alice")
    assert client.ping() < 1.0
    assert [entry.user for entry in lab.primary.counters.registrations] == ["alice"]
    assert lab.primary.registered("alice") == 1
    assert lab.primary.counters.sip_connections_max == 1
    assert client.register(expires=0).status == 200
    assert lab.primary.registered("alice") == 0


def test_a_wrong_password_is_challenged_again(lab: Lab) -> None:
    client = lab.client("alice")
    client.password = "wrong"
    client.connect()
    assert client.register().status == 401
    assert not lab.primary.counters.registrations


def test_too_short_an_expiry_is_refused(lab: Lab) -> None:
    client = lab.client("alice")
    client.connect()
    answer = client.register(expires=3)
    assert (answer.status, answer.get("Min-Expires")) == (423, "10")


def test_a_new_flow_replaces_the_old_one(lab: Lab) -> None:
    more = ';+sip.instance="<urn:uuid:1>";reg-id=1'
    for _ in range(2):
        client = lab.client("alice")
        client.connect()
        answer = client.register(contact_parameters=more, supported="outbound, path, gruu")
    assert answer.get("Flow-Timer") == "25"
    assert answer.get("Require") == "outbound"
    assert 'pub-gruu="sip:alice@lab.test;gr=urn:uuid:1"' in answer.get("Contact")
    assert lab.primary.registered("alice") == 1


def test_several_contacts_are_shown_and_called_together(lab: Lab) -> None:
    one, two = lab.registered("bob"), lab.registered("bob")
    assert lab.primary.registered("bob") == 2
    caller = lab.registered("alice")
    assert caller.invite("bob", until=100).status == 100
    calls = [client.read_until(is_invite) for client in (one, two)]
    one.respond(calls[0], 200, "OK")
    assert two.read().method == "CANCEL"
    answer = caller.read_until(lambda packet: packet.status == 200)
    assert answer.get("Record-Route")


def is_invite(packet: Packet) -> bool:
    return packet.start.startswith("INVITE ")


def test_a_call_is_ended_by_either_side_over_its_own_connection(lab: Lab) -> None:
    caller, callee = lab.registered("alice"), lab.registered("bob")
    caller.invite("bob", until=100)
    invite = callee.read_until(is_invite)
    callee.respond(invite, 200, "OK")
    success = caller.read_until(lambda packet: packet.status == 200)
    caller.within(success, "ACK")
    assert callee.read().method == "ACK"
    caller.within(success, "BYE")
    bye = callee.read()
    assert bye.method == "BYE"
    callee.respond(bye, 200, "OK")
    assert caller.read().status == 200


def test_the_test_numbers_do_what_they_say(lab: Lab) -> None:
    client = lab.registered("alice")
    assert client.invite("601").status == 180
    client.cancel("601")
    assert client.invite("602").status == 486
    assert client.invite("699").status == 404
    begun = time.monotonic()
    success = client.invite("600", until=200)
    assert 1.9 < time.monotonic() - begun < 3.0
    client.within(success, "ACK")
    client.within(success, "BYE")
    assert client.read_until(lambda packet: packet.method == "BYE").status == 200


def test_a_success_is_said_again_until_it_is_acknowledged(lab: Lab) -> None:
    client = lab.registered("alice")
    client.invite("600", until=200)
    assert client.read().status == 200


def test_a_number_calls_back(lab: Lab) -> None:
    client = lab.registered("alice")
    assert client.invite("603").status == 480
    invite = client.read_until(is_invite)
    assert "603" in invite.get("From")
    client.respond(invite, 486, "Busy Here")
    assert client.read().method == "ACK"


@pytest.mark.parametrize("caller_at", ["primary", "backup"])
def test_who_is_registered_only_at_the_other_exchange_is_reached_there(
    lab: Lab, caller_at: str
) -> None:
    """A whole call over the trunk, ended by either side, and the way back for a message."""
    places = [lab.primary, lab.backup] if caller_at == "primary" else [lab.backup, lab.primary]
    caller, callee = lab.registered("alice", places[0]), lab.registered("bob", places[1])
    caller.invite("bob", until=100)
    invite = callee.read_until(is_invite)
    callee.respond(invite, 180, "Ringing")
    callee.respond(invite, 200, "OK")
    success = caller.read_until(lambda packet: packet.status == 200)
    assert len(success.all("Record-Route")) == 2  # Both exchanges stay in the call.
    caller.within(success, "ACK")
    assert callee.read().method == "ACK"
    caller.within(success, "BYE")
    bye = callee.read()
    assert bye.method == "BYE"
    callee.respond(bye, 200, "OK")
    assert caller.read().status == 200
    callee.invite("alice", until=100)
    assert caller.read_until(is_invite).get("From").find("bob") > 0


@pytest.mark.parametrize("gone", ["reset", "stop"])
def test_who_moved_to_the_other_exchange_is_found_there(lab: Lab, gone: str) -> None:
    """The connection ended, and its registration with it."""
    lab.registered("bob")
    caller = lab.registered("alice", lab.backup)
    lab.fault(gone)
    wait_until(lambda: not lab.primary.registered("bob"))
    moved = lab.registered("bob", lab.backup)
    caller.invite("bob", until=100)
    assert moved.read_until(is_invite)


def test_the_test_numbers_are_at_both_exchanges(lab: Lab) -> None:
    for place in (lab.primary, lab.backup):
        client = lab.registered("alice", place)
        assert client.invite("602").status == 486
        success = client.invite("600", until=200)
        client.within(success, "ACK")
        client.within(success, "BYE")
        assert client.read_until(lambda packet: packet.method == "BYE").status == 200
        client.close()


def test_a_trunk_to_an_exchange_that_is_gone_is_an_answer(lab: Lab) -> None:
    caller = lab.registered("alice", lab.backup)
    lab.fault("stop")
    assert caller.invite("nobody").status == 404


def test_an_unknown_user_is_tried_at_the_other_exchange_once(lab: Lab) -> None:
    caller, callee = lab.registered("alice"), lab.registered("bob", lab.backup)
    caller.invite("bob", until=100)
    callee.respond(callee.read_until(is_invite), 180, "Ringing")
    assert caller.read_until(lambda packet: packet.status == 180)
    assert caller.invite("nobody").status == 404


def test_the_caller_is_told_when_the_far_end_is_gone(lab: Lab) -> None:
    caller, callee = lab.registered("alice"), lab.registered("bob")
    caller.invite("bob", until=100)
    callee.read_until(is_invite)
    callee.close()
    assert caller.read_until(lambda packet: packet.status >= 200).status == 480


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        ("stop", "refused"),
        ("expired", "certificate has expired"),
        ("hang", "timed out"),
        ("freeze", "timed out"),
        ("accept-close", "reset|EOF"),
        ("alert", "HANDSHAKE_FAILURE"),
    ],
)
def test_a_fault_of_new_connections_shows_and_goes(lab: Lab, fault: str, error: str) -> None:
    lab.fault(fault)
    assert Fault(fault) in lab.primary.active
    client = lab.client("alice", read_s=0.5)
    with pytest.raises(OSError, match=error):
        client.connect()
    lab.fault(fault, on=False)
    lab.registered("alice")


@pytest.mark.parametrize("fault", ["reset", "fin", "stop", "expired", "503"])
def test_a_fault_ends_the_connections_that_stand(lab: Lab, fault: str) -> None:
    client = lab.registered("alice")
    lab.fault(fault)
    wait_until(lambda: lab.primary.connections == 0)
    client.close()
    wait_until(lambda: lab.primary.registered("alice") == 0)


def test_frozen_and_silent_connections_say_nothing(lab: Lab) -> None:
    client = lab.registered("alice")
    client.socket.settimeout(0.4)
    for fault in ("freeze", "silent", "no-pong"):
        lab.fault(fault)
        with pytest.raises(TimeoutError):
            client.ping()
        lab.fault(fault, on=False)
        client.drain()
    assert client.register().status == 200


def test_503_says_when_to_come_again(lab: Lab) -> None:
    lab.fault("503-retry")
    client = lab.client("alice")
    client.connect()
    answer = client.register()
    assert (answer.status, answer.get("Retry-After")) == (503, "5")


def test_two_connections_with_sip_are_counted(lab: Lab) -> None:
    lab.registered("alice")
    lab.registered("bob")
    assert lab.primary.counters.sip_connections_max == 2


def test_a_closed_connection_does_not_count(lab: Lab) -> None:
    for _ in range(3):
        lab.registered("alice").close()
    assert lab.primary.counters.sip_connections_max == 1


def test_garbage_ends_the_connection_and_nothing_else(lab: Lab) -> None:
    client, other = lab.client("alice"), lab.registered("bob")
    client.connect()
    client.send(b"\0\xff garbage\r\n\r\n")
    assert client.socket.recv(1) == b""
    assert other.ping() < 1.0


def test_the_exchange_leaves_nothing_running(lab: Lab) -> None:
    lab.registered("alice").invite("601")

    async def tasks() -> int:
        await lab.primary.stop()
        await lab.backup.stop()
        return len(asyncio.all_tasks()) - 1

    assert lab._background.run(tasks()) == 0
