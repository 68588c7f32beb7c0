"""The browser's microphone and loudspeaker as the phone's, in Chromium with a microphone that hears
a tone out of a file."""

from __future__ import annotations

import threading
import time
import wave
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Browser, Page, expect

from board.desktop.browser_voice import FRAME_BYTES, RATE
from drivers.interfaces import FRAME_S, Voice
from tests.e2e.conftest import ARGUMENTS, CHROMIUM, Handset, handset_at
from tests.e2e.test_page import open_page, until
from tests.unit.media.sounds import frames, level, pitch, sine

SPOKEN_HZ, PLAYED_HZ = 1000, 440

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


@pytest.fixture(scope="module")
def microphone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("sound") / "tone.wav"
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes(sine(SPOKEN_HZ, RATE, 10.0).tobytes())
    return path


@pytest.fixture(scope="module")
def talking_browser(browser: Browser, microphone: Path) -> Iterator[Browser]:
    arguments = [
        *ARGUMENTS,
        "--use-fake-ui-for-media-stream",
        "--use-fake-device-for-media-stream",
        f"--use-file-for-fake-audio-capture={microphone}",
    ]
    talking = browser.browser_type.launch(executable_path=CHROMIUM, args=arguments)
    yield talking
    talking.close()


@pytest.fixture
def talking_page(talking_browser: Browser) -> Iterator[Page]:
    context = talking_browser.new_context()
    page = context.new_page()
    page.set_default_timeout(5000)
    page.add_init_script(f"({SPY})()")
    yield page
    context.close()


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


def plays(page: Page) -> bool:
    hertz, decibels = page.evaluate(PITCH)
    return bool(abs(hertz - PLAYED_HZ) < 10 and decibels > -60)


def test_what_the_browser_hears_is_spoken_and_what_is_said_there_is_played(
    talking_page: Page, sounding: Handset
) -> None:
    open_page(talking_page, sounding.board.address)
    assert sounding.board.voice.fault == "no sound: the page's microphone is off"
    with Engine(sounding.board.voice).running() as engine:
        switch_on(talking_page)
        until(lambda: hears(engine))
        until(lambda: plays(talking_page))
        assert sounding.board.voice.fault == ""
        talking_page.get_by_role("button", name="Microphone").click()
        expect(talking_page.locator("#voice")).to_have_attribute("aria-pressed", "false")
        until(lambda: sounding.board.voice.fault)
        until(lambda: level(engine.last) < -90)


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
