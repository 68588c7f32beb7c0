"""A large file in a form: read as it comes, kept whole or not at all, by whom it may."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from random import Random
from types import SimpleNamespace

import pytest

from firmware.runtime import bundle_download
from firmware.runtime.options import BUNDLE
from firmware.web.forms import FormError
from firmware.web.upload import FIELD_MAX, HEAD_MAX, State, UploadReader
from tests.unit.runtime.test_updating import Rig
from tests.unit.web.rig import COOKIE, PASSWORD, Browser, page

KIND = "multipart/form-data; boundary=XyZ"
SETUP = f"admin password: {PASSWORD}\n"
UPLOAD = "/updates/file"
FILE = Random(3).randbytes(300_000) + b"\r\n--XyY\r\n--Xy"


def part(name: str, content: bytes, file: str | None = None) -> bytes:
    what = "" if file is None else f'; filename="{file}"'
    return f'--XyZ\r\nContent-Disposition: form-data; name="{name}"{what}\r\n\r\n'.encode() + (
        content + b"\r\n"
    )


def form(word: str, content: bytes = FILE, file: str = "handset.raucb") -> bytes:
    return part("form_word", word.encode()) + part("bundle", content, file) + b"--XyZ--\r\n"


def pieces(data: bytes, size: int) -> list[bytes]:
    return [data[at : at + size] for at in range(0, len(data), size)]


@pytest.mark.parametrize("size", [1, 2, 3, 7, 64, 4096, 1 << 20])
def test_however_it_is_cut_the_file_is_the_same(size: int) -> None:
    content = FILE if size > 7 else FILE[-400:]
    reader = UploadReader(KIND)
    came = b"".join(reader.feed(piece) for piece in pieces(form("a word", content), size))
    reader.end()
    assert (came, reader.fields, reader.file) == (content, {"form_word": "a word"}, "bundle")


def test_no_more_is_held_back_than_may_be_a_boundary() -> None:
    reader = UploadReader(KIND)
    reader.feed(part("form_word", b"x") + part("bundle", b"", "a")[:-2])
    for piece in pieces(bytes(1 << 20), 16_384):
        assert len(reader.feed(piece)) >= 16_384 - len("\r\n--XyZ")
    assert reader.state is State.FILE


@pytest.mark.parametrize(
    "body",
    [
        b"no boundary at all",
        b"words before--XyZ\r\n",
        part("form_word", bytes(FIELD_MAX + 1)) + b"--XyZ--",
        part("form_word", bytes(FIELD_MAX * 3))[:-20],
        b"--XyZ\r\nContent-Disposition: form-data; name=" + b"x" * HEAD_MAX + b"\r\n\r\n",
        b"--XyZ\r\nContent-Disposition: form-data; name=" + b"x" * HEAD_MAX,
        b"--XyZ\r\nContent-Type: text/plain\r\n\r\nx",
        b"--XyZ--\r\n",
        b"--XyZ?!",
        part("bundle", b"a", "a") + part("bundle", b"b", "b"),
        b"".join(part(f"f{number}", b"") for number in range(10)),
    ],
)
def test_what_is_no_such_form_is_refused_before_it_fills_the_memory(body: bytes) -> None:
    reader = UploadReader(KIND)
    with pytest.raises(FormError, match="the form is not whole"):
        reader.feed(body)


@pytest.mark.parametrize("kind", ["", "text/plain", "multipart/form-data", "multipart/mixed; b=x"])
def test_another_kind_of_body_is_no_form(kind: str) -> None:
    with pytest.raises(FormError, match="not what a form sends"):
        UploadReader(kind)


def test_a_form_that_is_cut_is_not_whole() -> None:
    whole = form("x", b"content")
    for end in range(len(whole) - len("--\r\n")):
        reader = UploadReader(KIND)
        reader.feed(whole[:end])
        with pytest.raises(FormError, match="not whole"):
            reader.end()


class Desk:
    """A page, a browser before it, and a phone whose card has two slots."""

    def __init__(self, browser: Browser, rig: Rig) -> None:
        self.browser, self.rig = browser, rig

    async def send(self, body: bytes, **headers: str) -> int:
        return (await self.browser.ask("POST", UPLOAD, body, content_type=KIND, **headers)).status

    async def said(self) -> str:
        return (await self.browser.get("/updates")).text

    @property
    def kept(self) -> list[str]:
        return sorted(path.name for path in self.rig.state.glob("update*"))


@contextlib.asynccontextmanager
async def desk(folder: Path) -> AsyncIterator[Desk]:
    (folder / "phone").mkdir()
    rig = Rig(folder / "phone")
    async with page(folder, SETUP) as browser:
        browser.phone.provisioning = SimpleNamespace(status=None, updating=rig.updating)
        await browser.log_in()
        await browser.get("/updates")
        try:
            yield Desk(browser, rig)
        finally:
            await rig.stop()


def play(folder: Path, story: Callable[[Desk], Awaitable[None]]) -> None:
    async def run() -> None:
        async with desk(folder) as made:
            await story(made)

    asyncio.run(run())


def test_a_file_that_is_sent_is_installed_as_one_that_was_asked_for(tmp_path: Path) -> None:
    async def story(made: Desk) -> None:
        assert await made.send(form(made.browser.word)) == 303
        assert "The file is here" in await made.said()
        await made.rig.until(lambda: made.rig.wish("install") is not None)
        assert (made.rig.state / BUNDLE).read_bytes() == FILE
        assert "newer" not in (made.rig.wish("install") or ""), "whoever sends it wants just this"
        assert "<dd>sent to the page</dd>" in await made.said()
        assert await made.send(form(made.browser.word)) == 303
        assert "an update goes on already" in await made.said()
        await made.rig.install("ok")
        await made.rig.until(lambda: made.rig.wish("restart") is not None)
        assert made.kept == ["update.tried"]

    play(tmp_path, story)


def test_a_strangers_file_is_not_read_and_a_foreign_form_does_nothing(tmp_path: Path) -> None:
    async def story(made: Desk) -> None:
        word, session = made.browser.word, made.browser.session
        made.browser.session = ""
        assert await made.send(form(word)) == 413
        made.browser.session = session
        assert await made.send(form(word), origin="https://elsewhere.test") == 413
        assert await made.send(form("another word")) == 303
        assert "of an older log-in" in (await made.browser.get("/")).text
        assert made.kept == []
        assert made.rig.updating.status.state == "no update goes on"

    play(tmp_path, story)


@pytest.mark.parametrize(
    ("body", "kind"), [(b"x", "text/plain"), (b"words", KIND), (part("a", bytes(2000)), KIND)]
)
def test_what_is_no_form_is_said_so(tmp_path: Path, body: bytes, kind: str) -> None:
    async def story(made: Desk) -> None:
        answer = await made.browser.ask("POST", UPLOAD, body, content_type=kind)
        assert answer.status in {400, 303}
        assert made.kept == []
        assert (await made.browser.ask("POST", UPLOAD, b"", content_type=kind)).status == 411

    play(tmp_path, story)


def test_without_a_file_nothing_is_done(tmp_path: Path) -> None:
    async def story(made: Desk) -> None:
        assert await made.send(form(made.browser.word, b"", "")) == 303
        assert "No file was chosen." in await made.said()
        assert not made.rig.updating.status.failed

    play(tmp_path, story)


def test_a_file_that_is_cut_leaves_nothing_and_is_said(tmp_path: Path) -> None:
    async def story(made: Desk) -> None:
        whole = form(made.browser.word)
        assert await made.send(whole[:-9]) == 303
        assert "the update is not fetched: the form is not whole" in await made.said()
        assert made.kept == []
        length = str(len(whole))
        head = f"POST {UPLOAD} HTTP/1.1\r\nhost: {made.browser.host}\r\ncontent-type: {KIND}\r\n"
        head += f"origin: https://{made.browser.host}\r\ncontent-length: {length}\r\n"
        head += f"cookie: {COOKIE}={made.browser.session}\r\n\r\n"
        _, writer = await made.browser.open()
        writer.write(head.encode() + whole[:200_000])
        await made.rig.until(lambda: made.rig.updating.status.state == "fetching")
        assert await made.send(whole) == 303, "one at a time"
        assert "an update goes on already" in await made.said()
        writer.transport.abort()
        said = "the update is not fetched: the browser has broken off"
        await made.rig.until(lambda: made.rig.updating.status.state == said)
        assert made.kept == []

    play(tmp_path, story)


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("SPARE_BYTES", 1 << 60, "no room for it"),
        ("BYTES_MAX", 1000, "larger than 1000 bytes"),
    ],
)
def test_what_has_no_room_is_refused_before_a_byte_of_it_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, value: int, said: str
) -> None:
    monkeypatch.setattr(bundle_download, name, value)
    written: list[Path] = []
    monkeypatch.setattr("firmware.runtime.bundle_upload.opened", written.append)

    async def story(made: Desk) -> None:
        assert await made.send(form(made.browser.word)) == 303
        assert said in await made.said()
        assert (made.kept, written) == ([], [])

    play(tmp_path, story)


def test_a_phone_without_slots_takes_no_file(tmp_path: Path) -> None:
    async def story(made: Desk) -> None:
        made.browser.phone.provisioning = None
        assert await made.send(form(made.browser.word)) == 303
        assert "this phone is not updated this way" in await made.said()

    play(tmp_path, story)
