"""The page of the virtual handset in Chromium: what is drawn, pressed, lost and found again."""

from __future__ import annotations

import io
import re
import time
from collections.abc import Callable

import pytest
from PIL import Image
from playwright.sync_api import Browser, Page, expect

from board.board import Fault, FaultGroup
from drivers.interfaces import KEYS, WIDE_SIZE, LampPattern, Melody
from tests.e2e.conftest import ARGUMENTS, CHROMIUM, Handset, handset_at, picture

LIVE = re.compile("live")

KEYBOARD = {
    **{digit: digit for digit in "1234567890*#"},
    "Enter": "soft1", "Backspace": "soft2", "Escape": "soft2",
    "ArrowUp": "up", "ArrowDown": "down",
    "o": "hold", "m": "mute", "v": "volume", "s": "speaker",
}  # fmt: skip


def open_page(page: Page, address: str) -> None:
    page.goto(address)
    wait_live(page)


def wait_live(page: Page) -> None:
    expect(page.locator("body")).to_have_attribute("data-connection", "live")


def until(condition: Callable[[], object]) -> None:
    by = time.monotonic() + 5
    while not condition():
        assert time.monotonic() < by, "it did not come to that"
        time.sleep(0.01)


def wait_drawn(page: Page, image: Image.Image) -> None:
    """Wait until the canvas shows exactly this image."""
    until(lambda: canvas_bits(page) == image.convert("L").tobytes())


def canvas_bits(page: Page) -> bytes:
    """Return the canvas pixel by pixel: 255 where it is lit, 0 where it is black."""
    bits: list[int] = page.evaluate(
        """() => {
            const canvas = document.getElementById("display");
            const { width, height } = canvas;
            const { data } = canvas.getContext("2d").getImageData(0, 0, width, height);
            return Array.from({ length: width * height }, (_, i) => (data[4 * i] > 128 ? 255 : 0));
        }"""
    )
    return bytes(bits)


def test_the_canvas_shows_the_very_pixels(page: Page, handset: Handset) -> None:
    handset.show(picture(1), "201 registered")
    open_page(page, handset.board.address)
    wait_drawn(page, picture(1))
    expect(page.locator("#words")).to_have_text("201 registered")
    handset.show(picture(2), "no link", "next try in 4 s")
    wait_drawn(page, picture(2))
    expect(page.locator("#words")).to_have_text("no link\nnext try in 4 s")


def test_a_wide_display_is_drawn_whole_and_not_stretched(page: Page) -> None:
    with handset_at(board="desktop-wide") as handset:
        handset.show(picture(1, WIDE_SIZE), "201 registered")
        open_page(page, handset.board.address)
        wait_drawn(page, picture(1, WIDE_SIZE))
        box = page.locator("#display").bounding_box()
        assert box
        assert (box["width"], box["height"]) == (512, 128)
        page.set_viewport_size({"width": 400, "height": 800})
        until(lambda: page.evaluate("document.documentElement.scrollWidth") <= 400)


def shows_squares(page: Page, image: Image.Image, ratio: float) -> bool:
    """Tell whether each pixel of the image is a square of whole device pixels on the screen."""
    box = page.locator("#display").bounding_box()
    assert box
    scale = round(box["width"] * ratio) // 128
    assert scale >= 2
    shot = Image.open(io.BytesIO(page.screenshot())).convert("L")
    shot = shot.point(lambda value: 255 * (value > 128))
    expected = image.convert("L").resize((128 * scale, 64 * scale), Image.Resampling.NEAREST)
    left, top = round(box["x"] * ratio), round(box["y"] * ratio)
    return any(
        shot.crop((x, y, x + expected.width, y + expected.height)).tobytes() == expected.tobytes()
        for x in (left, left - 1, left + 1)  # Edges are rounded.
        for y in (top, top - 1, top + 1)
    )


@pytest.mark.parametrize(("width", "ratio"), [(1280, 1), (700, 2), (390, 2), (320, 2), (320, 1)])
def test_each_pixel_is_a_square_at_every_width(
    browser: Browser, handset: Handset, width: int, ratio: int
) -> None:
    handset.show(picture(3))
    context = browser.new_context(
        viewport={"width": width, "height": 800}, device_scale_factor=ratio
    )
    page = context.new_page()
    open_page(page, handset.board.address)
    wait_drawn(page, picture(3))
    until(lambda: shows_squares(page, picture(3), ratio))
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    context.close()


@pytest.mark.parametrize("ratio", [1.25, 2.625])
def test_each_pixel_is_a_square_on_odd_screens(
    browser: Browser, handset: Handset, ratio: float
) -> None:
    """In a browser of its own: an emulated screen rounds to CSS pixels, a real one does not."""
    handset.show(picture(3))
    arguments = [*ARGUMENTS, f"--force-device-scale-factor={ratio}", "--window-size=600,1000"]
    odd = browser.browser_type.launch(executable_path=CHROMIUM, args=arguments)
    page = odd.new_context(no_viewport=True).new_page()
    open_page(page, handset.board.address)
    wait_drawn(page, picture(3))
    assert page.evaluate("devicePixelRatio") == ratio
    until(lambda: shows_squares(page, picture(3), ratio))
    odd.close()


def test_every_key_can_be_clicked(page: Page, handset: Handset) -> None:
    open_page(page, handset.board.address)
    for key in KEYS:
        page.click(f'[data-key="{key}"]')
    until(lambda: len(handset.heard) == len(KEYS))
    assert handset.heard == list(KEYS)


def test_every_key_can_be_typed(page: Page, handset: Handset) -> None:
    open_page(page, handset.board.address)
    for typed in KEYBOARD:
        page.keyboard.press(typed)
    until(lambda: len(handset.heard) == len(KEYBOARD))
    assert handset.heard == list(KEYBOARD.values())
    assert set(KEYS) == set(KEYBOARD.values())


def test_combinations_and_held_keys_are_not_key_presses(page: Page, handset: Handset) -> None:
    open_page(page, handset.board.address)
    page.keyboard.press("Control+5")
    page.keyboard.press("Alt+5")
    page.keyboard.down("7")
    page.keyboard.down("7")  # The keyboard repeats.
    page.keyboard.up("7")
    page.keyboard.press("x")
    page.keyboard.press("8")
    until(lambda: handset.heard[-1:] == ["8"])
    assert handset.heard == ["7", "8"]


def test_a_key_that_stays_down_is_held_or_repeats(page: Page, handset: Handset) -> None:
    open_page(page, handset.board.address)
    page.hover('[data-key="#"]')
    page.mouse.down()
    until(lambda: handset.heard == ["#", ("held", "#")])
    page.mouse.up()
    page.keyboard.down("1")
    until(lambda: handset.heard[2:] == ["1", ("held", "1")])
    page.keyboard.up("1")
    page.keyboard.down("ArrowDown")
    until(lambda: handset.heard[4:7] == ["down"] * 3)
    page.keyboard.up("ArrowDown")
    page.keyboard.press("2")
    until(lambda: handset.heard[-1] == "2")
    page.wait_for_timeout(1000)
    assert handset.heard[-1] == "2", "what was let go is not held"


def test_the_handset_is_lifted_by_mouse_and_keyboard(page: Page, handset: Handset) -> None:
    open_page(page, handset.board.address)
    hook = page.get_by_role("button", name="Lift the handset")
    expect(hook).to_have_attribute("aria-pressed", "false")
    hook.click()
    back = page.get_by_role("button", name="Put the handset back")
    expect(back).to_have_attribute("aria-pressed", "true")
    page.keyboard.press("h")
    expect(hook).to_have_attribute("aria-pressed", "false")
    assert handset.heard == [True, False]


def test_enter_is_the_soft_key_after_a_click_and_after_a_digit(
    page: Page, handset: Handset
) -> None:
    open_page(page, handset.board.address)
    page.click("#hook")
    page.keyboard.type("202")
    page.keyboard.press("Enter")
    until(lambda: len(handset.heard) == 5)
    assert handset.heard == [True, "2", "0", "2", "soft1"]
    handset.heard.clear()
    page.wait_for_selector('#hook[aria-pressed="true"]')
    page.focus("#hook")
    page.keyboard.press("Enter")  # With the focus on it, it presses the handset.
    page.keyboard.type("6")  # Typing gives the focus back to the phone.
    page.keyboard.press("Enter")
    until(lambda: len(handset.heard) == 3)
    assert handset.heard == [False, "6", "soft1"]


def test_lamp_and_ringer_are_seen_and_said(page: Page, handset: Handset) -> None:
    open_page(page, handset.board.address)
    for pattern in (LampPattern.ON, LampPattern.FLASHING, LampPattern.OFF):
        handset.do(handset.board.lamp.show, pattern)
        lamp = page.get_by_role("img", name=f"Message lamp: {pattern.value}")
        expect(lamp).to_have_attribute("data-pattern", pattern.value)
    handset.do(handset.board.ringer.ring, True)
    expect(page.get_by_text("Ringing", exact=True).first).to_be_visible()
    expect(page).to_have_title(re.compile("Ringing"))
    handset.do(handset.board.ringer.ring, False)
    expect(page.locator("#ringing")).to_be_hidden()
    expect(page).to_have_title("Handset")


LISTENING = """
    const connect = AudioNode.prototype.connect;
    AudioNode.prototype.connect = function (target, ...rest) {
        if (target instanceof AudioDestinationNode) {
            window.ear = this.context.createAnalyser();
            window.ear.smoothingTimeConstant = 0;
            connect.call(this, window.ear);
        }
        return connect.call(this, target, ...rest);
    };
    window.pitch = () => {
        if (!window.ear) return 0;
        const bins = new Float32Array(window.ear.frequencyBinCount);
        window.ear.getFloatFrequencyData(bins);
        const best = bins.indexOf(Math.max(...bins));
        return bins[best] > -60 ? best * window.ear.context.sampleRate / window.ear.fftSize : 0;
    };
"""
"""What a page lets be heard goes past an ear: `pitch()` is the loudest tone's, 0 in silence."""


def hears(page: Page, hertz: int) -> None:
    """Wait until a page lets be heard a tone of that pitch, 0: nothing."""
    until(lambda: abs(page.evaluate("pitch()") - hertz) < 30)


def test_the_phones_own_ring_tone_is_heard_after_a_gesture(page: Page, handset: Handset) -> None:
    page.add_init_script(LISTENING)
    open_page(page, handset.board.address)
    ringer = handset.board.ringer
    handset.do(ringer.tune, Melody(((600, 0.5), (1500, 0.5)), 0.5))
    handset.do(ringer.ring, True)
    expect(page.locator("#ringing")).to_be_visible()
    assert page.evaluate("pitch()") == 0, "a browser lets no page sound that nobody touched"
    page.click('[data-key="1"]')
    for hertz in (600, 1500, 600):
        hears(page, hertz)
    handset.do(ringer.tune, Melody(((2200, 9),)))
    hears(page, 2200)
    handset.do(ringer.tune, Melody(((2200, 9),), 0))
    hears(page, 0)
    handset.do(ringer.tune, Melody(((900, 0.1), (0, 0.1))))
    hears(page, 900)
    hears(page, 0)
    hears(page, 900)
    handset.do(ringer.ring, False)
    hears(page, 0)
    page.wait_for_timeout(300)
    assert page.evaluate("pitch()") == 0


def test_the_ring_sound_can_be_switched_off_and_on(page: Page, handset: Handset) -> None:
    page.add_init_script(LISTENING)
    open_page(page, handset.board.address)
    switch = page.get_by_role("button", name="Ring sound")
    handset.do(handset.board.ringer.tune, Melody(((600, 9),)))
    handset.do(handset.board.ringer.ring, True)
    page.click('[data-key="1"]')
    hears(page, 600)
    switch.click()
    expect(switch).to_have_attribute("aria-pressed", "false")
    hears(page, 0)
    expect(page.locator("#ringing")).to_be_visible()
    switch.click()
    hears(page, 600)


def test_a_soft_key_is_called_by_what_it_does(page: Page, handset: Handset) -> None:
    open_page(page, handset.board.address)
    left, right = page.locator('[data-key="soft1"]'), page.locator('[data-key="soft2"]')
    expect(left).to_have_attribute("aria-label", "Left soft key")
    handset.do(handset.board.display.show, picture(1), ("Calling",), ("", "End"))
    expect(right).to_have_attribute("aria-label", "End, right soft key")
    expect(left).to_have_attribute("aria-label", "Left soft key")
    handset.do(handset.board.display.show, picture(1), ("Idle",), ("Menu", "Link"))
    page.get_by_role("button", name="Menu").click()
    page.get_by_role("button", name="Link").click()
    until(lambda: handset.heard == ["soft1", "soft2"])


def test_a_lost_phone_is_seen_at_once_and_found_again_by_itself(page: Page) -> None:
    with handset_at(token="kept") as first:
        port = int(first.board.address.split(":")[2].split("/")[0])
        first.show(picture(4), "before")
        open_page(page, first.board.address)
        wait_drawn(page, picture(4))
    expect(page.locator("#veil")).to_be_visible()
    expect(page.locator("#veil")).to_contain_text("Page disconnected")
    expect(page.locator("#connection")).to_have_text("disconnected")
    page.keyboard.press("5")  # Goes nowhere.
    with handset_at(port, token="kept") as second:
        second.show(picture(5), "after")
        wait_live(page)
        expect(page.locator("#veil")).to_be_hidden()
        wait_drawn(page, picture(5))
        page.keyboard.press("6")
        until(lambda: second.heard == ["6"])


def test_a_phone_with_another_key_is_not_obeyed_and_the_page_says_what_to_do(page: Page) -> None:
    with handset_at() as first:
        port = int(first.board.address.split(":")[2].split("/")[0])
        open_page(page, first.board.address)
    with handset_at(port) as second:
        expect(page.locator("#veil")).to_contain_text("The key of this page is not valid")
        expect(page.locator("body")).to_have_attribute("data-connection", "refused")
        page.goto(second.board.address)  # The printed address, into the same tab.
        wait_live(page)


def test_the_token_leaves_the_address_and_survives_a_reload(page: Page, handset: Handset) -> None:
    open_page(page, handset.board.address)
    assert "#" not in page.url
    page.reload()
    wait_live(page)
    assert page.context.cookies() == []


@pytest.mark.parametrize("key", ["", "#", "#wrong"])
def test_without_the_token_the_page_stays_dark(page: Page, handset: Handset, key: str) -> None:
    handset.show(picture(6), "secret screen")
    page.goto(handset.board.address.split("#")[0] + key)
    expect(page.locator("#veil")).to_contain_text("Open the address that the phone printed")
    page.keyboard.press("5")
    expect(page.locator("#words")).to_have_text("")
    assert set(canvas_bits(page)) == {0}
    assert not handset.heard


@pytest.mark.parametrize("site", ["http://phone.example/", "http://127.0.0.2:8080/"])
def test_another_site_reaches_nothing(page: Page, handset: Handset, site: str) -> None:
    """A page from elsewhere, with the token in its hands."""
    page.route(f"{site}**", lambda route: route.fulfill(body="<title>elsewhere</title>"))
    page.goto(site)
    address, token = handset.board.address.split("#")
    for target in (address, address.replace("127.0.0.1", "localhost")):
        live = target.replace("http", "ws") + "live"
        assert page.evaluate(SOCKET, [live, token]) == "refused"
        assert page.evaluate(FETCH, target) == "refused"
        page.evaluate(FRAME, target)
        assert page.frames[-1].url.startswith("chrome-error:")
    assert not handset.heard


SOCKET = """([url, token]) => new Promise((done) => {
    const socket = new WebSocket(url);
    socket.onopen = () => { socket.send(JSON.stringify({ token })); };
    socket.onmessage = () => done("let in");
    socket.onclose = () => done("refused");
})"""
FETCH = """async (url) => {
    try { return await (await fetch(url)).text(); } catch { return "refused"; }
}"""
FRAME = """(url) => new Promise((done) => {
    const frame = document.createElement("iframe");
    frame.onload = done;
    frame.src = url;
    document.body.append(frame);
})"""


class Plugs:
    """Two faults that do what they are told."""

    def __init__(self) -> None:
        self.on: set[str] = set()

    def groups(self) -> list[FaultGroup]:
        faults = [Fault(n, f"Exchange {n}", is_on=n in self.on) for n in ("stop", "freeze")]
        once = Fault("reset", "Exchange reset", happens_once=True)
        return [FaultGroup("Primary", f"{len(self.on)} on", (*faults, once))]

    async def set_fault(self, name: str, on: bool) -> None:
        (self.on.add if on else self.on.discard)(name)


def test_faults_are_switches_that_show_their_state(page: Page) -> None:
    plugs = Plugs()
    with handset_at(faults=plugs) as handset:
        open_page(page, handset.board.address)
        stop = page.get_by_role("button", name="Exchange stop")
        expect(stop).to_have_attribute("aria-pressed", "false")
        stop.click()
        expect(stop).to_have_attribute("aria-pressed", "true")
        assert plugs.on == {"stop"}
        plugs.on.add("freeze")  # Switched by somebody else: seen with the next beat.
        freeze = page.get_by_role("button", name="Exchange freeze")
        expect(freeze).to_have_attribute("aria-pressed", "true")
        page.keyboard.press("Enter")  # The click did not take the focus.
        until(lambda: handset.heard == ["soft1"])
        stop.click()
        expect(stop).to_have_attribute("aria-pressed", "false")
        assert plugs.on == {"freeze"}
        expect(page.get_by_role("group", name="Primary")).to_contain_text("1 on")
        once = page.get_by_role("button", name="Exchange reset")
        assert once.get_attribute("aria-pressed") is None  # It cannot stay on.
        once.click()
        until(lambda: "reset" in plugs.on)


def test_a_phone_without_faults_offers_none(page: Page, handset: Handset) -> None:
    open_page(page, handset.board.address)
    expect(page.locator("#faults")).to_be_hidden()


def test_everything_that_can_be_pressed_has_a_name_and_a_visible_focus(
    page: Page, handset: Handset
) -> None:
    open_page(page, handset.board.address)
    names = page.locator("button:visible").evaluate_all(
        "all => all.map(b => b.getAttribute('aria-label') || b.innerText.trim())"
    )
    assert len(names) == len(KEYS) + 2  # The handset and the ring sound.
    assert all(names)
    page.keyboard.press("Tab")
    widths = set[str]()
    for _ in range(5):
        widths.add(page.evaluate("getComputedStyle(document.activeElement).outlineWidth"))
        page.keyboard.press("Tab")
    assert widths == {"3px"}


def test_nothing_is_loaded_from_elsewhere_and_the_policy_is_kept(
    page: Page, handset: Handset
) -> None:
    asked, complaints = list[str](), list[str]()
    page.on("request", lambda request: asked.append(request.url))
    page.on("console", lambda message: complaints.append(message.text))
    open_page(page, handset.board.address)
    page.click("#hook")
    page.click("summary")
    address = handset.board.address.split("#")[0]
    assert asked
    assert all(url.startswith((address, address.replace("http", "ws"))) for url in asked)
    assert not complaints
