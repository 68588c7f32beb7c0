"""The browser's microphone and loudspeaker as the phone's, in Chromium with a microphone that hears
a tone out of a file."""

from __future__ import annotations

import sys
import threading
import time
import wave
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Browser, Page, expect

from board.desktop.browser_voice import FRAME_BYTES, RATE
from drivers.interfaces import FRAME_S, Voice
from tests.e2e.conftest import ARGUMENTS, CHROMIUM, Handset, handset_at
from tests.e2e.test_desk import ROOT, START_S, screen_says
from tests.e2e.test_page import open_page, until
from tests.lab.processes import Program
from tests.unit.media.sounds import frames, level, pitch, sine

SPOKEN_HZ, PLAYED_HZ = 1000, 440
DIAL_TONE_HZ = (350, 440)
OTHER, OTHER_HZ = "203", 600

SPY = """() => {
    const Real = AudioWorkletNode;
    window.AudioWorkletNode = class extends Real {
        constructor(...all) { super(...all); window.line = this; }
    };
}"""
"""Lets the test find what is heard in the page."""

PITCH = """() => {
    const { line } = window;
    const ear = window.ear ??= new AnalyserNode(line.context, { fftSize: 8192 });
    line.connect(ear);
    const bins = new Float32Array(ear.frequencyBinCount);
    ear.getFloatFrequencyData(bins);
    const loudest = bins.indexOf(Math.max(...bins));
    return [(loudest * line.context.sampleRate) / ear.fftSize, bins[loudest]];
}"""


class Engine:
    """The owner of a voice: takes a frame and gives one, 50 times a second."""

    def __init__(self, voice: Voice) -> None:
        self._voice, self._is_over = voice, threading.Event()
        self.heard: list[bytes] = []
        self._thread = threading.Thread(target=self._run)

    def _run(self) -> None:
        began = time.monotonic()
        played = frames(sine(PLAYED_HZ, RATE, 1.0), FRAME_BYTES // 2)
        number = 0
        while not self._is_over.wait(max(0.0, began + number * FRAME_S - time.monotonic())):
            self.heard.append(self._voice.take())
            self._voice.give(played[number % len(played)].tobytes())
            number += 1

    @contextmanager
    def running(self) -> Iterator[Engine]:
        self._voice.start(lambda: None)
        self._thread.start()
        try:
            yield self
        finally:
            self._is_over.set()
            self._thread.join()
            self._voice.stop()

    @property
    def last(self) -> np.ndarray[tuple[int], np.dtype[np.int16]]:
        """The last half second that was heard."""
        return np.frombuffer(b"".join(self.heard[-25:]), np.int16)


def launched(browser: Browser, folder: Path, hertz: float) -> Browser:
    """Start a Chromium whose microphone hears that tone, and whose person allows it."""
    path = folder / f"{hertz}.wav"
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes(sine(hertz, RATE, 10.0).tobytes())
    arguments = [
        *ARGUMENTS,
        "--use-fake-ui-for-media-stream",
        "--use-fake-device-for-media-stream",
        f"--use-file-for-fake-audio-capture={path}",
    ]
    return browser.browser_type.launch(executable_path=CHROMIUM, args=arguments)


@pytest.fixture(scope="module")
def talking_browser(
    browser: Browser, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Browser]:
    talking = launched(browser, tmp_path_factory.mktemp("sound"), SPOKEN_HZ)
    yield talking
    talking.close()


def new_page(browser: Browser) -> Page:
    page = browser.new_context().new_page()
    page.set_default_timeout(5000)
    page.add_init_script(f"({SPY})()")
    return page


@pytest.fixture
def talking_page(talking_browser: Browser) -> Iterator[Page]:
    page = new_page(talking_browser)
    yield page
    page.context.close()


@pytest.fixture
def sounding() -> Iterator[Handset]:
    with handset_at(sound_device="browser") as handset:
        yield handset


def switch_on(page: Page) -> None:
    page.get_by_role("button", name="Microphone").click()
    expect(page.locator("#voice")).to_have_attribute("aria-pressed", "true")


def hears(engine: Engine) -> bool:
    sound = engine.last
    return level(sound) > -40 and abs(pitch(sound, RATE) - SPOKEN_HZ) < 5


def plays(page: Page, *pitches_hz: float) -> bool:
    hertz, decibels = page.evaluate(PITCH)
    return any(abs(hertz - one) < 10 for one in pitches_hz) and bool(decibels > -60)


def test_what_the_browser_hears_is_spoken_and_what_is_said_there_is_played(
    talking_page: Page, sounding: Handset
) -> None:
    open_page(talking_page, sounding.board.address)
    assert sounding.board.voice.fault == "no sound: the page's microphone is off"
    with Engine(sounding.board.voice).running() as engine:
        switch_on(talking_page)
        until(lambda: hears(engine))
        until(lambda: plays(talking_page, PLAYED_HZ))
        assert sounding.board.voice.fault == ""
        talking_page.get_by_role("button", name="Microphone").click()
        expect(talking_page.locator("#voice")).to_have_attribute("aria-pressed", "false")
        until(lambda: sounding.board.voice.fault)
        until(lambda: level(engine.last) < -90)


@contextmanager
def phone(*command: str) -> Iterator[str]:
    """Run a phone with a page; return the page's address."""
    program = Program([sys.executable, "-m", *command, "--page-port", "0"], directory=ROOT)
    try:
        line = program.wait_for(r"http://127\.0\.0\.1:\d+/#\S+", START_S)[0].text
        yield line[line.index("http") :]
    finally:
        program.stop()
    assert "Traceback" not in program.text


def second_phone(desk: Path, folder: Path) -> Sequence[str]:
    """Write the configuration of another phone at the same exchange; return its command."""
    folder.mkdir()
    text = (desk / "config" / "startup.cfg").read_text().replace("201", OTHER)
    (folder / "startup.cfg").write_text(f"{text}sip rtp port: 4000\n")
    (folder / "state").mkdir()
    state = str(folder / "state")
    return ("firmware", "--board", "desktop", "--config", str(folder), "--state", state)


def test_two_people_at_two_browsers_hear_each_other_through_a_call(
    talking_page: Page, browser: Browser, tmp_path: Path
) -> None:
    desk = tmp_path / "desk"
    other_browser = launched(browser, tmp_path, OTHER_HZ)
    words = ("tests.lab.desk", "--directory", str(desk), "--port", "0", "--accounts", "1")
    with phone(*words) as here, phone(*second_phone(desk, tmp_path / "other")) as there:
        other_page = new_page(other_browser)
        for page, address in ((talking_page, here), (other_page, there)):
            open_page(page, address)
            switch_on(page)
            screen_says(page, "registered", "primary", within_s=10)
        talking_page.keyboard.press("h")
        until(lambda: plays(talking_page, *DIAL_TONE_HZ))
        talking_page.keyboard.type(OTHER)
        talking_page.keyboard.press("Enter")
        screen_says(other_page, "Incoming call", within_s=10)
        other_page.keyboard.press("h")
        screen_says(talking_page, "Connected", within_s=10)
        until(lambda: plays(talking_page, OTHER_HZ))
        until(lambda: plays(other_page, SPOKEN_HZ))
        other_page.keyboard.press("h")
        screen_says(talking_page, "Call ended", within_s=10)
    other_browser.close()


def test_the_sound_goes_to_one_page_and_the_other_is_told(
    talking_page: Page, sounding: Handset
) -> None:
    open_page(talking_page, sounding.board.address)
    switch_on(talking_page)
    other = talking_page.context.new_page()
    open_page(other, sounding.board.address)
    switch_on(other)
    expect(talking_page.locator("#voice-trouble")).to_have_text("Another page has taken the sound.")
    expect(talking_page.locator("#voice")).to_have_attribute("aria-pressed", "false")
    other.close()
    until(lambda: sounding.board.voice.fault)


def test_a_phone_that_goes_takes_the_sound_along(talking_page: Page) -> None:
    with handset_at(sound_device="browser") as handset:
        open_page(talking_page, handset.board.address)
        switch_on(talking_page)
    expect(talking_page.locator("#voice-trouble")).to_have_text("The sound was cut off.")
    expect(talking_page.locator("#voice")).to_have_attribute("aria-pressed", "false")


def test_a_browser_that_refuses_the_microphone_says_so(page: Page, sounding: Handset) -> None:
    open_page(page, sounding.board.address)
    page.get_by_role("button", name="Microphone").click()
    expect(page.locator("#voice-trouble")).to_contain_text("microphone")
    expect(page.locator("#voice")).to_have_attribute("aria-pressed", "false")


def test_a_phone_with_a_card_of_its_own_asks_for_no_microphone(
    page: Page, handset: Handset
) -> None:
    open_page(page, handset.board.address)
    expect(page.locator("#voice")).to_be_hidden()
