"""The process and a server of configuration files: what it gives, what is wrong, what is away."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterator
from pathlib import Path

import pytest

from config.cms import seal
from config.fetched import FetchedFile, save_copy
from tests.lab.authority import Authority, Usage
from tests.lab.file_server import HOST, FileServer
from tests.process.handset import DOMAIN, PASSWORD, USER, Event, Handset, Place, until

MAC = "00085D123ABC"


@pytest.fixture
def server(place: Place) -> Iterator[FileServer]:
    with FileServer(place.authority.issue(HOST)) as made:
        yield made


def account(place: Place, **more: str) -> bytes:
    """Return a startup.cfg with which a phone registers."""
    values = {
        "sip registrar ip": DOMAIN,
        "sip outbound proxy": HOST,
        "sip outbound proxy port": str(place.exchange.port),
        "sips trusted certificates": "trusted.pem",
        "sip srtp mode": "0",
        "sip line1 user name": USER,
        "sip line1 auth name": USER,
        "sip line1 password": PASSWORD,
        **{name.replace("_", " "): value for name, value in more.items()},
    }
    return "".join(f"{name}: {value}\n" for name, value in values.items()).encode()


def lead_to(place: Place, server: FileServer, **more: str) -> None:
    """Write the startup.cfg of a phone that knows its server and nothing else."""
    values = {
        "download protocol": server.scheme.upper(),
        f"{server.scheme} server": HOST,
        f"{server.scheme} port": str(server.port),
        f"{server.scheme} path": "phones",
        "https user certificates": "trusted.pem",
        **{name.replace("_", " "): value for name, value in more.items()},
    }
    text = "".join(f"{name}: {value}\n" for name, value in values.items())
    (place.config / "startup.cfg").write_text(text)


def keep(place: Place, server: FileServer, file: bytes) -> None:
    """Let the phone have this startup.cfg from an earlier day."""
    lead_to(place, server)
    save_copy(place.state, FetchedFile("startup.cfg", file, server.url("/phones/startup.cfg")))


def phone_of(place: Place) -> Handset:
    return place.phone("--mac", MAC)


def resync(place: Place, parameters: str = "") -> None:
    """Let the proxy say check-sync."""

    async def say() -> None:
        place.exchange.numbers.mailboxes.resync(USER, parameters)

    place.background.run(say())


def registrations(phone: Handset) -> list[Event]:
    return [event for event in phone.events if event["ev"] == "registered"]


def test_a_phone_that_knows_its_server_alone_gets_all_else_from_there(
    place: Place, server: FileServer
) -> None:
    """Fetched, kept, started anew with it, registered; asked again, nothing is new."""
    lead_to(place, server)
    server.files["/phones/startup.cfg"] = account(place)
    server.files[f"/phones/{MAC}.cfg"] = b"sip line1 screen name: Reception\n"
    with phone_of(place) as phone:
        phone.wait_for("registered", lambda event: event["name"] == "Reception")
        assert "the phone starts anew: a new configuration" in phone.errors
        assert f"sip line1 user name: empty -> {USER} (fetched startup.cfg:6)" in phone.errors
        assert server.statuses("/phones/startup.cfg") == [200]
        assert server.statuses("/phones/handset.cfg") == [404]
        resync(place)
        until(lambda: server.statuses(f"/phones/{MAC}.cfg") == [200, 304])
        until(lambda: phone.errors.endswith("up to date\n"))
        assert phone.status()["warnings"] == []
        assert len(registrations(phone)) == 1
        assert phone.stop() == 0
    assert PASSWORD not in phone.errors
    assert "Traceback" not in phone.errors


def test_check_sync_brings_what_is_new_and_a_call_goes_on(place: Place, server: FileServer) -> None:
    """Not before the call is over; a value of the screen without a new start."""
    keep(place, server, account(place))
    new = account(place, ring_tone="Chime", screen_language="German")
    server.files["/phones/startup.cfg"] = new
    server.stop()  # So that the round of the start, which comes at any moment, brings nothing.
    with phone_of(place) as phone:
        phone.wait_for("registered")
        phone.send("dial", uri="600")
        phone.wait_for("answered")
        resync(place)
        until(lambda: "check-sync from the proxy" in phone.errors)
        server.go_on()
        until(lambda: "waits until nobody uses the phone" in phone.errors)
        assert server.statuses("/phones/startup.cfg") == []
        assert phone.status()["calls"][0]["state"] == "answered"
        phone.send("hangup")
        until(lambda: "changed: screen language: English -> German" in phone.errors)
        phone.wait_for("screen", lambda event: event["text"][-1] == "[Menü] [Netz]")
        assert server.statuses("/phones/startup.cfg") == [200]
        assert len(registrations(phone)) == 1


def test_check_sync_with_reboot_starts_anew_whatever_has_changed(
    place: Place, server: FileServer
) -> None:
    keep(place, server, account(place))
    server.files["/phones/startup.cfg"] = account(place)
    with phone_of(place) as phone:
        phone.wait_for("registered")
        resync(place, ";reboot=true")
        until(lambda: len(registrations(phone)) == 2)
        assert "the phone starts anew: check-sync" in phone.errors
        assert "changed:" not in phone.errors


def test_a_wrong_file_is_named_and_the_one_before_holds(place: Place, server: FileServer) -> None:
    """On the screen, with file, line and parameter; also over a restart with the server away."""
    keep(place, server, account(place))
    wrong = account(place, sip_digit_timeout="soon", sip_line1_user_name="eve")
    server.files["/phones/startup.cfg"] = wrong
    with phone_of(place) as phone:
        phone.wait_for("registered")
        resync(place)
        words = 'startup.cfg:9: sip digit timeout: "soon" is not 1-60 seconds'
        phone.wait_for("warnings", lambda event: event["warnings"] == [words])
        assert "a file is wrong; the one before holds" in phone.errors
        phone.wait_for("screen", lambda event: event["text"][-1] == "[1 warning] [Link]")
        server.stop()
    with phone_of(place) as phone:
        assert phone.wait_for("registered")["name"] == USER
    server.go_on()


def test_a_bad_seal_is_said_on_the_screen_and_the_one_before_holds(
    place: Place, server: FileServer
) -> None:
    other, _ = place.authority.issue("other").write(place.directory, "other")
    own = place.authority.issue("phone")
    own.write(place.config, "phone")
    more = {"sips_local_certificate": "phone.pem", "sips_private_key": "phone.key"}
    keep(place, server, account(place, **more))
    server.files["/phones/startup.cfg"] = seal(account(place, **more), other)
    with phone_of(place) as phone:
        phone.wait_for("registered")
        resync(place)
        words = "is sealed for another certificate than this phone's, or damaged"
        phone.wait_for("screen", lambda event: event["text"][-1] == "[1 warning] [Link]")
        assert phone.status()["warnings"] == [f"startup.cfg: {words}"]
        assert phone.status()["link"]["state"] == "up"
        phone.send("key", key="soft1")
        phone.wait_for("screen", lambda event: f"Warning: startup.cfg: {words}" in event["text"])


def test_what_came_over_http_sets_no_proxy_and_no_password(place: Place) -> None:
    """T2: the rest of such a file holds, and each line that does not is named."""
    place.configure({"download protocol": "HTTP", "http server": HOST})
    with FileServer() as server, (place.config / "startup.cfg").open("a") as more:
        more.write(f"http port: {server.port}\nhttp path: phones\n")
        more.flush()
        evil = b"sip outbound proxy: evil.test\nsip line1 password: x\nring tone: Chime\n"
        server.files["/phones/startup.cfg"] = evil
        with phone_of(place) as phone:
            phone.wait_for("registered")
            refused = "not taken from this file: it came over HTTP, unsigned"
            told = phone.wait_for("warnings", lambda event: event["warnings"] != [])
            assert told["warnings"] == [
                f"fetched startup.cfg:1: sip outbound proxy: {refused}",
                f"fetched startup.cfg:2: sip line1 password: {refused}",
            ]
            assert "changed: ring tone: Classic -> Chime (fetched startup.cfg:3)" in phone.errors
            assert "outbound proxy: 127" not in phone.errors
            assert len(registrations(phone)) == 1


def test_a_server_that_dhcp_names_is_asked_and_not_trusted(
    place: Place, server: FileServer
) -> None:
    """T2: over HTTPS as well; whoever answers DHCP first may name any server."""
    place.configure({"https user certificates": "trusted.pem"})
    evil = b"sip outbound proxy: evil.test\nring tone: Chime\n"
    server.files["/phones/startup.cfg"] = evil
    hook = place.directory / "dhcp"
    hook.write_text(f"66 nowhere.test\n160 {server.url('/phones')}\n")
    with place.phone("--mac", MAC, "--dhcp", str(hook)) as phone:
        phone.wait_for("registered")
        told = phone.wait_for("warnings", lambda event: event["warnings"] != [])
        refused = "not taken from this file: DHCP named its server, unsigned"
        assert told["warnings"] == [f"fetched startup.cfg:1: sip outbound proxy: {refused}"]
        assert "changed: ring tone: Classic -> Chime (fetched startup.cfg:2)" in phone.errors


def test_a_strangers_check_sync_is_refused(
    place: Place, server: FileServer, tmp_path: Path
) -> None:
    """T1: in TLS mode the phone listens; who is no proxy of its authority gets no word in."""
    place.authority.issue("phone", usage=Usage.BOTH).write(place.config, "phone")
    port = free_port()
    files = {
        "sips persistent tls": "0",
        "sip local tls port": str(port),
        "sips root and intermediate certificates": "trusted.pem",
        "sips local certificate": "phone.pem",
        "sips private key": "phone.key",
    }
    place.configure(files)
    stranger = Authority().issue(HOST, usage=Usage.BOTH).write(tmp_path, "stranger")
    friend = place.authority.issue(HOST, usage=Usage.BOTH).write(tmp_path, "friend")
    with phone_of(place) as phone:
        phone.wait_for("registered")
        assert notify(port, *stranger) == b""
        assert phone.status()["link"]["state"] == "up"
        assert "check-sync" not in phone.errors
        assert notify(port, *friend).startswith(b"SIP/2.0 200 OK")
        until(lambda: "check-sync from the proxy" in phone.errors)


def free_port() -> int:
    with socket.socket() as free:
        free.bind((HOST, 0))
        port: int = free.getsockname()[1]
    return port


def notify(port: int, certificate: Path, key: Path) -> bytes:
    """Say check-sync with this certificate; return what comes back: nothing where it is cut."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    context.load_cert_chain(certificate, key)
    request = (
        f"NOTIFY sip:{USER}@{HOST}:{port};transport=tls SIP/2.0",
        f"Via: SIP/2.0/TLS {HOST}:5061;branch=z9hG4bKstranger",
        "Max-Forwards: 70",
        f"From: <sip:{DOMAIN}>;tag=a",
        f"To: <sip:{USER}@{DOMAIN}>",
        "Call-ID: stranger",
        "CSeq: 1 NOTIFY",
        f"Contact: <sip:{HOST}:5061;transport=tls>",
        "Event: check-sync;reboot=false",
        "Content-Length: 0",
    )
    with socket.create_connection((HOST, port), 20.0) as plain:
        try:
            with context.wrap_socket(plain) as secure:
                secure.sendall("\r\n".join([*request, "", ""]).encode())
                return secure.recv(4096)
        except OSError:
            return b""  # TLS 1.3 tells of a refusal with the first thing that is read.


def test_certificates_and_contacts_come_by_url_and_serve_without_their_server(
    place: Place, server: FileServer
) -> None:
    """The link waits for the file that it is to trust, and not for its own next attempt."""
    server.files["/ca.pem"] = place.authority.certificate_pem
    server.files["/staff.csv"] = b"name,work\nEcho,600\n"
    place.configure(
        {
            "sips trusted certificates": server.url("/ca.pem"),
            "https user certificates": "trusted.pem",
            "directory 1": server.url("/staff.csv"),
        }
    )
    with place.phone() as phone:
        phone.wait_for("registered")
        until(lambda: phone.status()["problems"] == [])
        until(lambda: "directory 1: 1 contacts, 1 of them new" in phone.errors)
        assert phone.stop() == 0
        assert "a new sips trusted certificates is kept" in phone.errors
    assert "Echo" in (place.state / "directory.json").read_text()
    server.stop()
    with place.phone() as phone:
        phone.wait_for("registered")
        assert phone.status()["problems"] == []
        assert "Traceback" not in phone.errors
