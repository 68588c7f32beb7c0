"""Who gets in at the web page (T3), over real sockets: and who does not."""

from __future__ import annotations

import asyncio
import logging
import ssl
from hashlib import sha256
from pathlib import Path

import pytest

from drivers.fakes import FakeSerialLine
from firmware.phone.lockout import FREE_MAX
from firmware.runtime.console_session import Session
from firmware.runtime.web_certificate import server_context
from tests.unit.web.rig import COOKIE, PASSWORD, careless, page

SECRET = "battery staple"


def test_anonymous_gets_nothing_but_the_log_in_and_its_style(tmp_path: Path) -> None:
    async def scene() -> None:
        async with page(tmp_path) as browser:
            for path in ("/", "/nothing", "/logout", "/../etc/passwd", "/%2e%2e/config", "/api/x"):
                answer = await browser.get(path)
                assert (answer.status, answer.headers["location"]) == (303, "/login"), path
                assert answer.body == b""
            assert (await browser.post("/logout")).headers["location"] == "/login"
            log_in, style = await browser.get("/login"), await browser.get("/style.css")
            assert log_in.status == style.status == 200
            assert "handset" not in log_in.text.replace("Handset", ""), "not even what it is"
            assert browser.session == ""

    asyncio.run(scene())


def test_the_password_lets_somebody_in_until_they_leave(tmp_path: Path) -> None:
    async def scene() -> None:
        async with page(tmp_path) as browser:
            answer = await browser.post("/login", password=PASSWORD)
            assert answer.status == 303
            cookie = answer.headers["set-cookie"]
            assert cookie.startswith(f"{COOKIE}=")
            assert cookie.endswith("; Path=/; Secure; HttpOnly; SameSite=Strict")
            home = await browser.get("/")
            assert "running for" in home.text
            assert browser.session not in home.text
            assert (await browser.get("/login")).headers["location"] == "/"
            assert (await browser.get("/nothing")).status == 404
            before = browser.session
            assert "Max-Age=0" in (await browser.post("/logout")).headers["set-cookie"]
            browser.session = before
            assert (await browser.get("/")).headers["location"] == "/login"

    asyncio.run(scene())


def test_every_answer_carries_the_strict_headers(tmp_path: Path) -> None:
    async def scene() -> None:
        async with page(tmp_path) as browser:
            answers = [await browser.get(path) for path in ("/", "/login", "/style.css")]
            await browser.log_in()
            answers += [await browser.get(path) for path in ("/", "/nothing")]
            answers.append(await browser.get("/", host="phone.attacker.example"))
            for answer in answers:
                policy = answer.headers["content-security-policy"]
                assert policy.startswith("default-src 'none'")
                assert "unsafe" not in policy
                assert "frame-ancestors 'none'" in policy
                assert "form-action 'self'" in policy
                assert answer.headers["x-content-type-options"] == "nosniff"
                assert answer.headers["x-frame-options"] == "DENY"
                assert answer.headers["referrer-policy"] == "same-origin"
                assert answer.headers["cache-control"] == "no-store"

    asyncio.run(scene())


def test_who_guesses_at_the_page_does_not_shut_out_who_sits_at_the_serial_line(
    tmp_path: Path,
) -> None:
    async def scene() -> str:
        line = FakeSerialLine()
        async with page(tmp_path) as browser:
            for _ in range(FREE_MAX):
                await browser.post("/login", password="a guess")
            assert (await browser.post("/login", password=PASSWORD)).status == 429
            console = Session(line, browser.phone.around)
            console.typed(b"\r")
            await asyncio.sleep(0)
            await console.stop()
        return b"".join(line.history).decode()

    said = asyncio.run(scene())
    assert "Password:" in said
    assert "Locked" not in said


def test_guessing_is_locked_out_and_costs_one_hash_at_a_time(tmp_path: Path) -> None:
    async def scene() -> None:
        async with page(tmp_path) as browser:
            for _ in range(FREE_MAX - 1):
                answer = await browser.post("/login", password="a guess")
                assert answer.status == 403
                assert "That is wrong." in answer.text
            together = await asyncio.gather(
                *(browser.post("/login", password=f"guess {number}") for number in range(8))
            )
            assert sum("Somebody else logs in" in answer.text for answer in together) >= 1
            locked = await browser.post("/login", password=PASSWORD)
            assert locked.status == 429, "the right one is not looked at"
            assert int(locked.headers["retry-after"]) > 0
            assert browser.session == ""

    asyncio.run(scene())


def test_a_session_that_was_planted_is_worth_nothing(tmp_path: Path) -> None:
    async def scene() -> None:
        async with page(tmp_path) as browser:
            browser.session = planted = "f" * 48
            assert (await browser.get("/")).status == 303
            await browser.post("/login", password=PASSWORD)
            first = browser.session
            assert first not in {planted, ""}
            await browser.post("/login", password=PASSWORD)
            assert browser.session != first, "each log-in has a name of its own"
            browser.session = first
            assert (await browser.get("/")).status == 303, "and the one before is over"

    asyncio.run(scene())


def test_a_form_of_somebody_elses_page_does_nothing(tmp_path: Path) -> None:
    async def scene() -> None:
        async with page(tmp_path) as browser:
            await browser.log_in()
            foreign = await browser.ask("POST", "/logout", b"", origin="https://attacker.example")
            assert foreign.status == 403
            assert (await browser.ask("POST", "/logout", b"", origin=None)).status == 403
            assert (await browser.ask("POST", "/logout", b"", origin="null")).status == 403
            browser.word = "0" * 48
            assert (await browser.post("/logout")).headers["location"] == "/"
            home = await browser.get("/")
            assert home.status == 200, "still logged in"
            assert "older log-in" in home.text

    asyncio.run(scene())


def test_a_name_that_is_made_to_lead_here_is_refused(tmp_path: Path) -> None:
    async def scene() -> None:
        async with page(tmp_path, f"admin password: {PASSWORD}\nweb interface name: p.lab\n") as b:
            assert (await b.get("/login", host="attacker.example")).status == 421
            assert (await b.get("/login", host=None)).status == 421
            assert (await b.get("/login", host="p.lab:1")).status == 200
            assert (await b.get("/login", host="localhost")).status == 200

    asyncio.run(scene())


def test_the_first_log_in_wants_the_code_on_the_screen(tmp_path: Path) -> None:
    async def scene() -> None:
        async with page(tmp_path, "") as browser:
            phone = browser.phone
            assert "Show a code" in (await browser.get("/login")).text
            assert phone.code == "", "nobody has asked for it"
            assert (await browser.post("/login", password="")).headers["location"] == "/login"
            await browser.post("/login/code")
            code = phone.code
            assert len(code) == 6
            form = await browser.get("/login")
            assert "Code on the phone" in form.text
            assert code not in form.text
            short = await browser.post("/login/first", code=code, password="short", again="short")
            assert "8 to 128 characters" in short.text
            assert f'value="{code}"' in short.text, "what was right stands there still"
            other = await browser.post("/login/first", code=code, password=SECRET, again="other")
            assert "not the same" in other.text
            done = await browser.post("/login/first", code=code, password=SECRET, again=SECRET)
            assert (done.status, done.headers["location"]) == (303, "/")
            assert phone.code == ""
            assert (await browser.get("/")).status == 200
            record = str(phone.configuration.value("admin password"))
            assert record.startswith("scrypt:")
            browser.session = ""
            await browser.post("/login", password=SECRET)
            assert browser.session

    asyncio.run(scene())


def test_a_wrong_code_is_used_up(tmp_path: Path) -> None:
    async def scene() -> None:
        async with page(tmp_path, "") as browser:
            await browser.post("/login/code")
            code = browser.phone.code
            wrong = f"{(int(code) + 1) % 10**6:06}"
            answer = await browser.post("/login/first", code=wrong, password=SECRET, again=SECRET)
            assert answer.status == 403
            assert browser.phone.code == ""
            again = await browser.post("/login/first", code=code, password=SECRET, again=SECRET)
            assert again.headers["location"] == "/login"
            assert not browser.phone.configuration.value("admin password")

    asyncio.run(scene())


def test_another_password_sends_everybody_away(tmp_path: Path) -> None:
    async def scene() -> None:
        async with page(tmp_path) as browser:
            await browser.log_in()
            phone = browser.phone
            phone.store.set_local("admin password", SECRET)  # At the console, say.
            phone.configuration = phone.store.read()
            assert (await browser.get("/")).headers["location"] == "/login"

    asyncio.run(scene())


def test_no_secret_is_logged(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    async def scene() -> str:
        async with page(tmp_path, "") as browser:
            await browser.post("/login/code")
            code = browser.phone.code
            await browser.post("/login/first", code=code, password=SECRET, again=SECRET)
            await browser.post("/login", password="a guess of mine")
            return browser.session + code

    with caplog.at_level(logging.DEBUG):
        secrets = asyncio.run(scene())
    assert "somebody has logged in" in caplog.text or "a wrong password" in caplog.text
    for secret in (SECRET, "a guess of mine", secrets[:48], secrets[48:]):
        assert secret not in caplog.text


def test_tls_is_1_2_or_newer_and_the_certificate_stays(tmp_path: Path) -> None:
    async def certificate(port: int) -> tuple[bytes, str]:
        _, writer = await asyncio.open_connection("127.0.0.1", port, ssl=careless())
        inner = writer.get_extra_info("ssl_object")
        writer.transport.abort()
        return inner.getpeercert(binary_form=True), inner.version()

    async def scene() -> bytes:
        async with page(tmp_path) as browser:
            shown, version = await certificate(browser.port)
            assert version == "TLSv1.3"
            return shown

    first = asyncio.run(scene())
    kept = tmp_path / "state" / "web.pem"
    assert kept.stat().st_mode & 0o777 == 0o600
    assert asyncio.run(scene()) == first
    context, fingerprint = server_context(tmp_path / "state", frozenset())
    assert context.minimum_version is ssl.TLSVersion.TLSv1_2
    assert fingerprint.replace(":", "").lower() == sha256(first).hexdigest()
    kept.write_bytes(kept.read_bytes()[:100])  # Torn.
    assert asyncio.run(scene()) != first
