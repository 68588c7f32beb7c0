"""The parts that the other tests here stand on, without the phone: a bare client in its place."""

from __future__ import annotations

import contextlib
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.interop.accounts import USERS
from tests.interop.baresip import Baresip
from tests.interop.conftest import HOST, Trust, wait_until
from tests.interop.kamailio import Kamailio
from tests.interop.phone import Phone
from tests.lab.bare import BareClient
from tests.lab.flows import Flow, overlaps
from tests.lab.namespaces import FAR_ADDRESS, ROOT, Wire
from tests.lab.ports import COUNT, Ports
from tests.lab.processes import Program
from tests.lab.relay import Mode, Relay


def connect(trust: Trust, address: tuple[str, int], user: str = "alice") -> BareClient:
    client = BareClient(address, trust.file, user=user, password=USERS[user])
    client.connect()
    return client


def test_kamailio_registers_answers_pings_and_says_503(trust: Trust, kamailio: Kamailio) -> None:
    client = connect(trust, (kamailio.host, kamailio.port))
    assert client.register().status == 200
    assert client.ping() < 1.0
    assert "AoR: alice" in kamailio.bindings()
    kamailio.set_unavailable(True)
    assert client.register().status == 503
    client.close()


def test_kamailio_forgets_a_binding_with_its_connection(trust: Trust, kamailio: Kamailio) -> None:
    client = connect(trust, (kamailio.host, kamailio.port))
    assert client.register().status == 200
    client.close()
    wait_until(lambda: "AoR: alice" not in kamailio.bindings(), 5.0)


def test_baresip_is_called_and_calls(trust: Trust, kamailio: Kamailio, baresip: Baresip) -> None:
    client = connect(trust, (kamailio.host, kamailio.port))
    client.register()
    at = time.time()
    assert client.invite(baresip.user).status == 180
    baresip.wait_for("CALL_INCOMING", at)
    client.cancel(baresip.user)
    baresip.wait_for("CALL_CLOSED", at)
    baresip.dial("sip:alice@lab.test")
    invite = client.read_until(lambda packet: packet.method == "INVITE" and not packet.status)
    client.respond(invite, 180, "Ringing")
    baresip.wait_for("CALL_RINGING", at)
    busy_at = time.time()
    client.respond(invite, 486, "Busy Here")
    assert "486" in baresip.wait_for("CALL_CLOSED", busy_at)["param"]
    client.close()


@pytest.mark.parametrize(
    ("mode", "error"),
    [
        (Mode.REFUSE, "refused"),
        (Mode.ALERT, "HANDSHAKE_FAILURE"),
        (Mode.ACCEPT_CLOSE, "reset|EOF"),
        (Mode.HANG, "timed out"),
    ],
)
def test_a_relay_misbehaves_as_told(trust: Trust, relay: Relay, mode: Mode, error: str) -> None:
    relay.set_mode(mode)
    client = BareClient((HOST, relay.port), trust.file, user="alice", password="", read_s=0.5)
    with pytest.raises(OSError, match=error):
        client.connect()
    client.close()
    relay.set_mode(Mode.PASS)
    connect(trust, (HOST, relay.port)).close()


def test_a_silent_relay_lets_the_handshake_through(trust: Trust, relay: Relay) -> None:
    relay.set_mode(Mode.SILENT)
    client = connect(trust, (HOST, relay.port))
    client.socket.settimeout(0.5)
    client.send(b"\r\n\r\n")
    with pytest.raises(TimeoutError):
        client.socket.recv(2)
    relay.set_mode(Mode.PASS)
    assert client.socket.recv(2) == b"\r\n"
    client.close()


def test_a_relay_sends_rst_and_fin(relay: Relay) -> None:
    with socket.create_connection((HOST, relay.port)) as client:
        wait_until(lambda: relay.connected == 1, 5.0)
        relay.reset()
        with pytest.raises(ConnectionResetError):
            client.recv(1)
    with socket.create_connection((HOST, relay.port)) as client:
        wait_until(lambda: relay.connected == 1, 5.0)
        relay.finish()
        assert client.recv(1) == b""


def test_sip_on_two_connections_is_seen(trust: Trust, relay: Relay) -> None:
    one = connect(trust, (HOST, relay.port))
    one.register()
    two = connect(trust, (HOST, relay.port))
    assert not overlaps(relay.flows)
    two.register()
    assert overlaps(relay.flows)
    one.close()
    two.close()


def test_one_connection_after_the_other_is_no_overlap() -> None:
    first = Flow("a", 0.0, sip_from=1.0, closed_at=2.0)
    second = Flow("b", 2.0, sip_from=2.5)
    assert not overlaps([first, second, Flow("c", 0.0)])


PROBE = """
import sys, time
from pathlib import Path
from tests.lab.bare import BareClient
client = BareClient((sys.argv[1], 5061), Path(sys.argv[2]), user="alice", password="alice-secret")
client.connect()
assert client.register().status == 200
print(client.ping(), flush=True)
sys.stdin.readline()
client.socket.settimeout(1.0)
try:
    client.ping()
except TimeoutError:
    print("lost", flush=True)
"""


def test_a_place_of_ports_is_had_by_one_only() -> None:
    with contextlib.ExitStack() as stack:
        places = [stack.enter_context(Ports()) for _ in range(20)]
        taken = [port for one in places for port in range(one.first, one.last + 1)]
        assert len(set(taken)) == len(taken) == 20 * (COUNT - 1)
        with pytest.raises(OSError, match="in use"), socket.socket(type=socket.SOCK_DGRAM) as other:
            other.bind((HOST, places[0].last + 1))


LAST_WORDS = ("sh", "-c", 'echo "my last words"; exec false')


def test_a_phone_that_has_ended_by_itself_is_no_secret(tmp_path: Path) -> None:
    phone = Phone(tmp_path / "phone", ("", 0), tmp_path, prefix=LAST_WORDS)
    with pytest.raises(AssertionError, match=r"ended with 1:\n.* my last words"), phone:
        wait_until(lambda: not phone.program.running, 5.0)


STOPS = ("sh", "-c", 'read told; exec <&-; echo "told"; sleep 0.5; exit 0')
"""Like a phone that signs off: it hears nothing more, and has not ended yet."""


def test_a_phone_that_was_told_to_stop_is_not_told_again(tmp_path: Path) -> None:
    with Phone(tmp_path / "phone", ("", 0), tmp_path, prefix=STOPS) as phone:
        phone.tell_to_stop()
        phone.program.wait_for("told", 5.0)
        assert phone.program.running


def test_what_a_program_said_last_is_in_the_error_of_whoever_speaks_to_it() -> None:
    program = Program(LAST_WORDS)
    wait_until(lambda: not program.running, 5.0)
    with pytest.raises(AssertionError, match="my last words"):
        program.say("hello")
    assert program.stop() == 1


def test_a_wire_is_long_and_can_be_dead(tmp_path: Path, trust: Trust) -> None:
    with Wire(0.05) as wire:
        prefix = wire.command(wire.far, ())
        identity = trust.authority.issue(FAR_ADDRESS)
        with Kamailio(tmp_path / "kamailio", identity, FAR_ADDRESS, 5061, prefix):
            words = [sys.executable, "-c", PROBE, FAR_ADDRESS, str(trust.file)]
            with subprocess.Popen(
                wire.command(wire.near, words),
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT,
            ) as probe:  # fmt: skip
                assert probe.stdin is not None
                assert probe.stdout is not None
                assert 0.05 <= float(probe.stdout.readline()) < 0.09
                wire.blackhole(True)
                probe.stdin.write("\n")
                probe.stdin.flush()
                assert probe.stdout.readline() == "lost\n"
            # Its end was not acknowledged either: it is repeated, and seen now.
            wire.blackhole(False)
            wait_until(lambda: wire.flows()[0].closed_by == "phone", 5.0)
            assert wire.flows()[0].sip_from is not None
