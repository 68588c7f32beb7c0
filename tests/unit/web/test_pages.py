"""The pages of somebody who is logged in, over sockets: what they show, take and refuse."""

from __future__ import annotations

import asyncio
import re
from html import unescape
from pathlib import Path

import pytest

from config.admin_password import ADMIN_PASSWORD
from config.layers import Key
from config.parameters import PARAMETERS, canonical, written
from config.problem import ConfigError
from config.store import Store
from firmware.console.certificates import PASTED_MAX
from firmware.link.events import Failure, FailureKind
from firmware.phone.events import OutageLog
from firmware.phone.kept import Contact, ContactNumber, ContactsImported, NumberKind
from firmware.phone.outage import EndedBy, Outage, OutageKind
from firmware.provision.events import ProvisionStatus
from firmware.provision.update_events import UpdateStatus
from firmware.runtime import web_administration, web_status
from firmware.runtime.directory_file import DIRECTORY
from firmware.web import chapters, gate
from firmware.web.directory_page import SHOWN_MAX, directory_content
from firmware.web.gate import Session
from firmware.web.layout import NAVIGATION
from firmware.web.parameter_form import own_text
from tests.lab.authority import Authority
from tests.unit.runtime.wire import until
from tests.unit.web.rig import NOON, PASSWORD, Answer, Browser, page

PATHS = tuple(path for path, _ in NAVIGATION)

SECRET = "never-to-be-shown"
SETUP = f"""\
admin password: {PASSWORD}
sip line1 user name: 201
sip line1 password: {SECRET}
sips private key password: {SECRET}
key lock pin: 48151623
https server: files.example.org
configuration signer: https://user:{SECRET}@files.example.org/signer.pem
!sip session timer: 300
^sip digit timeout: 7
sip persistent tls keep alive: 60
vendor thing: {SECRET}
"""


def field(answer: Answer, name: str) -> str:
    """Return a parameter's part of a page, as its reader sees it."""
    whole = unescape(answer.text)
    begins = whole.index(f">{name}</label>")
    return re.split(r'<div class="field"|</section>', whole[begins:])[0]


async def upload(browser: Browser, path: str, data: bytes, **fields: str) -> Answer:
    """Send a file as a browser does."""
    parts = [
        f'--x\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'.encode()
        for name, value in {"form_word": browser.word, **fields}.items()
    ]
    head = b'--x\r\nContent-Disposition: form-data; name="file"; filename="a.pem"\r\n\r\n'
    body = b"".join(parts) + head + data + b"\r\n--x--\r\n"
    await browser.ask("POST", path, body, content_type="multipart/form-data; boundary=x")
    return await browser.get(path.rpartition("/")[0])


def keys_of_every_page() -> list[Key]:
    pages = (chapters.LINK, chapters.NETWORK, chapters.DIALLING, chapters.UPDATES, chapters.LOGS)
    keys = [
        key
        for one in (*pages, chapters.KEY_SECTIONS, chapters.rest())
        for key in chapters.keys(one)
    ]
    return keys + list(chapters.keys(chapters.account(chapters.ALL_ACCOUNTS)))


def test_every_parameter_is_on_one_page() -> None:
    keys = keys_of_every_page()
    assert len(keys) == len(set(keys))
    expected = {
        canonical(one.name.replace("N", str(number)) if one.numbers else one.name)
        for one in PARAMETERS
        for number in range(1, (one.numbers or 1) + 1)
        if "<" not in one.name
    }
    assert {name for name, _ in keys} == expected - {ADMIN_PASSWORD}


def test_every_page_is_there_and_shows_no_secret(tmp_path: Path) -> None:
    async def scene() -> None:
        async with page(tmp_path, SETUP) as browser:
            await browser.log_in()
            more = ("/accounts?account=1", "/administration/settings.cfg", "/logs/log.txt")
            for path in (*PATHS, *more, "/directory/contacts.csv", "/directory/contacts.vcf"):
                answer = await browser.get(path)
                assert answer.status == 200, path
                for secret in (SECRET, PASSWORD, "48151623", "scrypt:"):
                    assert secret not in answer.text, (path, secret)
            account = await browser.get("/accounts?account=1")
            assert "set; not shown" in field(account, "sip line1 password")
            updates = await browser.get("/updates")
            assert "https://****@files.example.org/" in field(updates, "configuration signer")
            assert "vendor thing" in updates.text

    asyncio.run(scene())


def test_all_there_is_to_know_of_a_parameter(tmp_path: Path) -> None:
    async def scene() -> None:
        async with page(tmp_path, SETUP) as browser:
            await browser.log_in()
            link = await browser.get("/link")
            alive = field(link, "sip persistent tls keep alive")
            assert 'value="60"' in alive
            assert "Values: 0 or 5-3600 seconds. Default: 30. From startup.cfg:10." in alive
            timer = field(link, "sip session timer")
            assert "Locked by startup.cfg:8." in timer
            assert " disabled" in timer
            forced = field(await browser.get("/dialling"), "sip digit timeout")
            assert "Forced by startup.cfg:9." in forced
            assert " disabled" in forced

    asyncio.run(scene())


def test_a_value_is_set_and_taken_back(tmp_path: Path) -> None:
    async def scene() -> None:
        async with page(tmp_path, SETUP) as browser:
            await browser.log_in()
            name = "sip persistent tls keep alive"
            answer = await browser.post("/link", **{name: "45"})
            assert (answer.status, answer.headers["location"]) == (303, "/link")
            assert browser.phone.configuration.value(name) == 45
            after = await browser.get("/link")
            assert f"{name}: 60 -> 45 (local)" in unescape(after.text)
            assert "Set on this phone." in field(after, name)
            await browser.post("/link", **{name: "45", "unset": name})
            assert browser.phone.configuration.value(name) == 60

    asyncio.run(scene())


def test_what_counts_after_a_new_start_is_said_on_every_page(tmp_path: Path) -> None:
    async def scene() -> None:
        async with page(tmp_path, SETUP) as browser:
            await browser.log_in()
            await browser.post("/link", **{"sip persistent tls keep alive": "45"})
            assert "phone starts anew" not in (await browser.get("/link")).text
            await browser.post("/network", **{"sip rtp port": "4000"})
            for path in ("/network", "/keys"):
                assert "phone starts anew" in (await browser.get(path)).text

    asyncio.run(scene())


def test_the_phone_hears_whether_somebody_is_here(tmp_path: Path) -> None:
    async def scene() -> None:
        async with page(tmp_path, SETUP) as browser:
            await browser.get("/login")
            assert browser.phone.uses == []
            await browser.log_in()
            assert browser.phone.uses == [("web", True)]
            await browser.post("/logout")
            assert browser.phone.uses == [("web", True), ("web", False)]

    asyncio.run(scene())


def test_a_wrong_value_is_said_beside_its_field_and_loses_nothing(tmp_path: Path) -> None:
    async def scene() -> None:
        async with page(tmp_path, SETUP) as browser:
            await browser.log_in()
            name, other = "sip persistent tls keep alive", "sip proxy ip"
            answer = await browser.post("/link", **{name: "<soon>", other: "proxy.example.org"})
            assert answer.status == 200
            wrong = field(answer, name)
            assert '"<soon>" is not 0 or 5-3600 seconds' in wrong
            assert 'aria-invalid="true"' in wrong
            assert 'value="<soon>"' in wrong
            assert "<soon>" not in answer.text, "what was typed is no markup"
            assert '<a href="#sip-persistent-tls-keep-alive">' in answer.text, "a way to it"
            assert 'value="proxy.example.org"' in field(answer, other), (
                "what was right stands there"
            )
            assert browser.phone.configuration.value(other) == "", "and waits for the other"

    asyncio.run(scene())


def test_what_is_locked_is_not_set_whatever_is_sent(tmp_path: Path) -> None:
    async def scene() -> None:
        async with page(tmp_path, SETUP) as browser:
            await browser.log_in()
            both = {"sip session timer": "900", "sip proxy ip": "proxy.example.org"}
            await browser.post("/link", **both)
            free = browser.phone.configuration.value("sip proxy ip")
            assert free == "proxy.example.org", "what is free is set beside it"
            await browser.post("/dialling", **{"sip digit timeout": "9"})
            await browser.post("/link", **{"admin password": "another password"})
            assert browser.phone.configuration.value("sip session timer") == 300
            assert browser.phone.configuration.value("sip digit timeout") == 7
            assert str(browser.phone.configuration.value("admin password")) == PASSWORD

    asyncio.run(scene())


def test_a_secret_is_kept_set_and_removed(tmp_path: Path) -> None:
    async def scene() -> None:
        async with page(tmp_path, SETUP) as browser:
            await browser.log_in()
            name, where = "sip line1 password", "/accounts?account=1"

            def held() -> object:
                return browser.phone.configuration.value("sip password", 1)

            await browser.post(where, **{name: "", "sip line1 display name": "Desk"})
            assert held() == SECRET, "a field that is empty changes none"
            await browser.post(where, **{name: "other-secret"})
            assert held() == "other-secret"
            told = await browser.get(where)
            assert f"{name}: **** (local)" in unescape(told.text)
            assert "other-secret" not in told.text
            await browser.post(where, **{name: "", f"remove {name}": "1"})
            assert held() == ""

    asyncio.run(scene())


def test_the_text_of_a_field_is_never_a_secret(tmp_path: Path) -> None:
    (tmp_path / "startup.cfg").write_text(SETUP)
    held = Store(tmp_path).read()
    assert str(held.value("sip password", 1)) == SECRET
    assert own_text(held, ("sip password", 1)) == ""
    assert own_text(held, ("sips private key password", 0)) == ""


def test_an_account_has_its_own_or_what_all_have(tmp_path: Path) -> None:
    async def scene() -> None:
        async with page(tmp_path, SETUP) as browser:
            await browser.log_in()
            where, name = "/accounts?account=2", "sip line2 srtp mode"
            answer = await browser.post(where, **{name: "1"})
            assert answer.headers["location"] == where
            configuration = browser.phone.configuration
            assert configuration.value("sip srtp mode", 2) == 1
            assert configuration.value("sip srtp mode", 1) == 2
            assert "as all accounts (2 - only)" in field(await browser.get(where), name)
            await browser.post(where, **{name: ""})
            assert browser.phone.configuration.value("sip srtp mode", 2) == 2
            assert ("sip srtp mode", 2) not in browser.phone.configuration.entries
            bad = await browser.get("/accounts?account=../7")
            assert "sip user name" in bad.text, "what names no account names all"

    asyncio.run(scene())


def test_keys_are_programmed_in_a_table(tmp_path: Path) -> None:
    async def scene() -> None:
        async with page(tmp_path, SETUP) as browser:
            await browser.log_in()
            fields = {"softkey20 type": "speeddial", "softkey20 value": "202"}
            await browser.post("/keys", **fields, **{"softkey20 label": "Reception"})
            held = browser.phone.configuration
            assert [held.value(f"softkey20 {name}") for name in ("type", "value", "label")] == [
                *("speeddial", "202", "Reception")
            ]
            wrong = await browser.post("/keys", **{"softkey1 line": "10"})
            assert '"10" is not 1-9' in unescape(wrong.text)

    asyncio.run(scene())


class Provisioning:
    """Notes that it was asked."""

    def __init__(self) -> None:
        self.status = ProvisionStatus("files.lab", "up to date", changed=("call waiting: 1 -> 0",))
        self.asked = 0
        self.updating: Updating | None = None

    def ask(self) -> None:
        self.asked += 1


def test_the_files_of_a_server_are_asked_for(tmp_path: Path) -> None:
    async def scene() -> None:
        async with page(tmp_path, SETUP) as browser:
            await browser.log_in()
            assert "No server of files is known." in (await browser.get("/updates")).text
            browser.phone.provisioning = provisioning = Provisioning()
            shown = await browser.get("/updates")
            for text in ("files.lab", "up to date", "call waiting: 1 -&gt; 0"):
                assert f"<dd>{text}</dd>" in shown.text
            await browser.post("/updates/fetch")
            assert provisioning.asked == 1
            assert "The server is asked." in (await browser.get("/updates")).text

    asyncio.run(scene())


def test_certificate_files_are_sent(tmp_path: Path) -> None:
    async def scene() -> None:
        async with page(tmp_path, SETUP) as browser:
            await browser.log_in()
            pem = Authority().certificate_pem
            which = {"parameter": "sips trusted certificates"}
            after = await upload(browser, "/link/certificate", pem, **which)
            path = tmp_path / "state" / "certificates" / "trusted.pem"
            assert path.read_bytes() == pem
            assert browser.phone.configuration.value(which["parameter"]) == str(path)
            assert "It is kept as" in after.text
            assert "<dt>SHA-256</dt>" in after.text
            for wrong, words in (
                (b"no pem", "It is not kept: no certificate in PEM form"),
                (pem[:300] + pem[320:], "It is not kept: a certificate in it is damaged"),
                (b"\xff\x00" * 500, "It is not kept: no certificate in PEM form"),
            ):
                after = await upload(browser, "/link/certificate", wrong, **which)
                assert words in after.text
                assert path.read_bytes() == pem
            bomb = b"-----BEGIN CERTIFICATE-----\n" + b"A" * (2 * PASTED_MAX)
            answer = await browser.ask("POST", "/link/certificate", bomb)
            assert answer.status == 413
            for name in ("../../etc/passwd", "admin password", "sip password", ""):
                after = await upload(browser, "/link/certificate", pem, parameter=name)
                assert "set by the files" in after.text
            names = {one.name for one in (tmp_path / "state" / "certificates").iterdir()}
            assert names == {"trusted.pem"}

    asyncio.run(scene())


def test_a_certificate_that_the_files_lock_is_not_kept(tmp_path: Path) -> None:
    async def scene() -> None:
        async with page(tmp_path, SETUP + "!sips trusted certificates: ca.pem\n") as browser:
            await browser.log_in()
            which = {"parameter": "sips trusted certificates"}
            after = await upload(browser, "/link/certificate", Authority().certificate_pem, **which)
            assert "That file is set by the files of the phone." in after.text
            assert not (tmp_path / "state" / "certificates").exists()

    asyncio.run(scene())


def test_the_directory_is_shown_searched_and_given_out(tmp_path: Path) -> None:
    def contact(name: str, number: str) -> Contact:
        return Contact(name, (ContactNumber(NumberKind.WORK, number),))

    async def scene() -> None:
        async with page(tmp_path, SETUP) as browser:
            contacts = (contact("Bert <b>", "202"), contact("Ähm", "+49303"))
            DIRECTORY.save(tmp_path / "state", contacts)
            await browser.log_in()
            shown = await browser.get("/directory")
            assert "2 of 2 contacts" in shown.text
            assert "Bert &lt;b&gt;" in shown.text
            found = await browser.get("/directory?q=%C3%A4HM")
            assert "1 of 2 contacts" in found.text
            assert "Bert" not in found.text
            card = await browser.get("/directory/contacts.vcf")
            assert b"FN:Bert" in card.body
            assert card.headers["content-disposition"] == 'attachment; filename="contacts.vcf"'
            assert b"+49303" in (await browser.get("/directory/contacts.csv")).body

    asyncio.run(scene())


def test_a_page_of_contacts_is_bounded() -> None:
    contacts = [Contact(f"Contact {number}", ()) for number in range(SHOWN_MAX + 1)]
    shown = "".join(map(str, directory_content(contacts, "", Session("", ""))))
    assert shown.count("Contact ") == SHOWN_MAX
    assert f"{SHOWN_MAX + 1} of {SHOWN_MAX + 1} contacts, the first {SHOWN_MAX} are shown" in shown


def test_contacts_are_taken_in_and_bad_lines_are_named(tmp_path: Path) -> None:
    async def scene() -> None:
        async with page(tmp_path, SETUP) as browser:
            await browser.log_in()
            data = b"name,work\nBert,202\nNobody,\n"
            after = await upload(browser, "/directory/import", data)
            assert "1 added, 0 changed, 0 known already" in after.text
            assert "line 3" in after.text
            (event,) = [one for one in browser.phone.fed if isinstance(one, ContactsImported)]
            assert [one.name for one in event.contacts] == ["Bert"]
            cards = b"BEGIN:VCARD\r\nVERSION:3.0\r\nFN:Eve\r\nTEL:203\r\nEND:VCARD\r\n"
            after = await upload(browser, "/directory/import", cards)
            assert "1 added" in after.text

    asyncio.run(scene())


def test_settings_go_out_and_come_back(tmp_path: Path) -> None:
    async def scene() -> None:
        async with page(tmp_path, SETUP) as browser:
            await browser.log_in()
            await browser.post("/dialling", **{"sip dial plan": "x+#|9xx"})
            await browser.post("/accounts?account=1", **{"sip line1 password": "other-secret"})
            saved = await browser.get("/administration/settings.cfg")
            assert 'sip dial plan: "x+#|9xx"\n' in saved.text
            assert "# sip line1 password: it is set, and not in this file" in saved.text
            assert "other-secret" not in saved.text
            await browser.post("/dialling", unset="sip dial plan")
            await browser.get("/administration")
            after = await upload(browser, "/administration/restore", saved.body)
            assert "sip dial plan: x+#|xx+* -> x+#|9xx (local)" in unescape(after.text)
            assert browser.phone.configuration.value("sip dial plan") == "x+#|9xx"

    asyncio.run(scene())


def test_an_address_with_a_password_in_it_is_in_no_file(tmp_path: Path) -> None:
    async def scene() -> None:
        async with page(tmp_path, SETUP) as browser:
            await browser.log_in()
            name, mine = "configuration signer", "my-own-secret"
            await browser.post("/updates", **{name: f"https://me:{mine}@files.example.org/a.pem"})
            assert mine in str(browser.phone.configuration.value(name))
            saved = await browser.get("/administration/settings.cfg")
            assert f"# {name}: it is set, and not in this file" in saved.text
            assert mine not in saved.text

    asyncio.run(scene())


def test_what_the_disk_does_not_take_is_not_called_restored(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_: Store, __: object) -> None:
        raise ConfigError("local.cfg: the disk is full")

    async def scene() -> None:
        async with page(tmp_path, SETUP) as browser:
            await browser.log_in()
            monkeypatch.setattr(Store, "change_local", full)
            data = b"call waiting: 0\nvendor thing: 1\n"
            after = await upload(browser, "/administration/restore", data)
            assert "Nothing is changed: local.cfg: the disk is full" in after.text
            assert "Restored" not in after.text
            monkeypatch.undo()
            after = await upload(browser, "/administration/restore", data)
            assert "Restored, but for:\nline:2: vendor thing: not known" in after.text

    asyncio.run(scene())


def test_a_file_with_one_wrong_line_restores_nothing(tmp_path: Path) -> None:
    async def scene() -> None:
        async with page(tmp_path, SETUP) as browser:
            await browser.log_in()
            data = b"call waiting: 0\nsip rtp port: many\n"
            after = await upload(browser, "/administration/restore", data)
            assert "Nothing is changed." in after.text
            assert 'line:2: sip rtp port: "many" is not' in unescape(after.text)
            assert browser.phone.configuration.value("call waiting") is True
            data = b"call waiting: 0\nsip session timer: 900\nadmin password: hack me now\nx: 1\n"
            after = await upload(browser, "/administration/restore", data)
            for words in ("sip session timer: set by the files", "admin password: it is chosen"):
                assert words in after.text
            assert "x: not known to this phone" in after.text
            assert browser.phone.configuration.value("call waiting") is False
            assert str(browser.phone.configuration.value("admin password")) == PASSWORD

    asyncio.run(scene())


def test_the_password_is_changed_by_who_knows_it(tmp_path: Path) -> None:
    async def scene() -> None:
        async with page(tmp_path, SETUP) as browser:
            await browser.log_in()
            where, new = "/administration/password", "battery staple"
            await browser.post(where, current="a guess", password=new, again=new)
            assert "That is wrong." in (await browser.get("/administration")).text
            await browser.post(where, current=PASSWORD, password="short", again="short")
            assert "8 to 128 characters" in (await browser.get("/administration")).text
            before = browser.session
            await browser.post(where, current=PASSWORD, password=new, again=new)
            assert browser.session != before
            assert "the new password" in (await browser.get("/administration")).text
            other = Browser(browser.phone, browser.port)
            other.session = before
            assert (await other.get("/")).status == 303
            await other.post("/login", password=new)
            assert (await other.get("/")).status == 200

    asyncio.run(scene())


def test_restart_and_factory_reset(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(web_administration, "LAST_WORDS_S", 0.0)

    async def scene() -> None:
        async with page(tmp_path, SETUP) as browser:
            await browser.log_in()
            phone = browser.phone
            answer = await browser.post("/restart")
            assert "restarts" in answer.text
            assert answer.headers["refresh"].endswith("url=/")
            await until(lambda: phone.restarts == 1)  # Its answer may be here before.
            assert phone.resets == 0
            await browser.post("/administration/reset", word="yes")
            assert phone.resets == 0
            await browser.post("/administration/reset", word="reset")
            await until(lambda: phone.resets == 1)
            assert phone.restarts == 1

    asyncio.run(scene())


def test_outages_are_a_picture_and_words(tmp_path: Path) -> None:
    async def scene() -> None:
        async with page(tmp_path, SETUP) as browser:
            cause = Failure(FailureKind.REFUSED, "the proxy <refuses>")
            outage = Outage(
                OutageKind.OUTAGE, cause, proxy="p1:5061", began=NOON - 7200, duration_s=3600.0,
                ended_by=EndedBy.SERVICE,
            )  # fmt: skip
            browser.phone.status.take(OutageLog((outage,)))
            await browser.log_in()
            shown = await browser.get("/logs")
            bars = re.findall(
                r'<rect x="([0-9.]+)" y="\d+" width="([0-9.]+)"[^>]*class="out"', shown.text
            )
            assert bars == [("436.0", "30.0")], "10 to 11 o'clock of 720 a day"
            assert "the proxy &lt;refuses&gt;" in shown.text
            assert "1 h" in shown.text

    asyncio.run(scene())


async def looking_on(browser: Browser) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """Ask for the stream of events, as whoever is logged in."""
    reader, writer = await browser.open()
    head = f"GET /live HTTP/1.1\r\nHost: {browser.host}\r\n"
    writer.write(f"{head}Cookie: __Host-handset={browser.session}\r\n\r\n".encode())
    return reader, writer


def test_the_status_follows_in_a_stream_of_events(tmp_path: Path) -> None:
    async def scene() -> None:
        async with page(tmp_path, SETUP) as browser:
            await browser.log_in()
            reader, writer = await looking_on(browser)
            async with asyncio.timeout(10):
                await reader.readuntil(b"\r\n\r\n")
                first = await reader.readuntil(b"\n\n")
                assert first.startswith(b'data: [["Phone", ')
                await browser.post("/logout")
                last = await reader.read()
            assert last.endswith(b"event: leave\ndata:\n\n")
            writer.transport.abort()

    asyncio.run(scene())


def test_only_so_many_look_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(web_status, "STREAMS_MAX", 1)

    async def scene() -> None:
        async with page(tmp_path, SETUP) as browser:
            await browser.log_in()
            reader, writer = await looking_on(browser)
            async with asyncio.timeout(10):
                await reader.readuntil(b"\n\n")
                assert (await browser.get("/live")).status == 503
            writer.transport.abort()

    asyncio.run(scene())


def test_a_page_that_renews_itself_keeps_nobody_logged_in(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    again = '<noscript><meta http-equiv="refresh" content="15; url=/renewed"></noscript>'
    monkeypatch.setattr(gate, "IDLE_S", 2.0)

    async def scene() -> None:
        async with page(tmp_path, SETUP) as browser:
            for path in ("/live", "/page.js", "/renewed"):
                stranger = await browser.get(path)
                assert (stranger.status, stranger.body) == (303, b"")
            await browser.log_in()
            assert again in (await browser.get("/")).text
            first = await browser.get("/renewed")
            assert again in first.text
            assert "<h1>Status</h1>" in first.text
            async with asyncio.timeout(10):
                while (await browser.get("/renewed")).status == 200:
                    await asyncio.sleep(0.05)

    asyncio.run(scene())


def test_a_stream_keeps_nobody_logged_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gate, "IDLE_S", 1.5)

    async def scene() -> None:
        async with page(tmp_path, SETUP) as browser:
            await browser.log_in()
            assert (await browser.get("/live")).body.endswith(b"event: leave\ndata:\n\n")

    asyncio.run(scene())


def test_names_of_accounts_are_written_as_files_have_them() -> None:
    keys = chapters.keys(chapters.account(3))
    assert "sip line3 user name" in {written(*key) for key in keys}


class Updating:
    """Notes what was asked for."""

    def __init__(self) -> None:
        self.status = UpdateStatus("installing", "https://files.lab/a", done=(40, 100))
        self.asked: list[str] = []
        self.refusal = ""

    def ask(self, uri: str) -> str:
        self.asked.append(uri)
        return self.refusal


def test_another_firmware_is_asked_for_and_how_far_it_is_is_shown(tmp_path: Path) -> None:
    async def scene() -> None:
        async with page(tmp_path, SETUP) as browser:
            await browser.log_in()
            desk = await browser.get("/updates")
            assert "this phone is not updated this way" in desk.text
            assert "Update now" not in desk.text
            browser.phone.provisioning = provisioning = Provisioning()
            provisioning.updating = updating = Updating()
            shown = (await browser.get("/updates")).text
            for text in ("installing", "40 %", "https://files.lab/a"):
                assert f"<dd>{text}</dd>" in shown
            await browser.post("/updates/firmware", uri="https://files.lab/b")
            assert "The update begins" in (await browser.get("/updates")).text
            await browser.post("/updates/firmware", uri="ftp://files.lab/b")
            assert "an update comes over HTTPS or HTTP" in (await browser.get("/updates")).text
            updating.refusal = "an update goes on already"
            await browser.post("/updates/firmware", uri="")
            assert updating.refusal in (await browser.get("/updates")).text
            assert updating.asked == ["https://files.lab/b", ""]

    asyncio.run(scene())
