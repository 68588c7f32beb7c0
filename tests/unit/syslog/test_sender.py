"""The log's way to its server, in simulated time: what is lost, what comes twice, what it costs."""

from __future__ import annotations

from random import Random

import pytest

from firmware.link.events import NetworkChanged
from firmware.link.retry import HEALTHY_S
from firmware.syslog.line import LogLine, Severity
from firmware.syslog.message import Origin
from firmware.syslog.sender import (
    BATCH_LINES,
    CHARACTERS_MAX,
    LINES_MAX,
    REACH_S,
    TAKE_S,
    Dropped,
    Ended,
    Event,
    Logged,
    LogSender,
    LogServer,
    Part,
    Reach,
    Reached,
    SendBatch,
    ServerAway,
    ServerBack,
    ServerIs,
    State,
    Taken,
    Way,
)
from tests.unit.syslog.collector import Parsed, frames

TCP = LogServer("192.0.2.1", 601, Way.TCP)
UDP = LogServer("192.0.2.1", 514, Way.UDP)


class Desk:
    """A sender, and whoever plays its network."""

    def __init__(self, server: LogServer | None = TCP, seed: int = 1) -> None:
        self.sender = LogSender(Origin("desk", "00", 1, "0"), Random(seed))
        self.now = 0.0
        self.attempt = 0
        self.reaches = 0
        self.batches: list[tuple[bytes, ...]] = []
        self.said: list[object] = []
        self.feed(ServerIs(server))

    def feed(self, event: Event) -> None:
        self._take(self.sender.handle(event, self.now))

    def log(self, text: str) -> None:
        self.feed(Logged(LogLine(0.0, Severity.INFORMATION, "link", text)))

    def _take(self, outputs: list[object]) -> None:
        for output in outputs:
            match output:
                case Reach(attempt):
                    self.attempt, self.reaches = attempt, self.reaches + 1
                case SendBatch(attempt, messages):
                    assert attempt == self.attempt
                    self.batches.append(messages)
                case _:
                    self.said.append(output)

    def wait(self, seconds: float) -> None:
        """Let time pass; do what is due when it is due."""
        by = self.now + seconds
        while (due := self.sender.deadline()) is not None and due <= by:
            self.now = max(self.now, due)
            self._take(self.sender.wake(self.now))
            after = self.sender.deadline()
            assert after is None or after > self.now
        self.now = by

    def reached(self) -> None:
        self.feed(Reached(self.attempt))

    def taken(self) -> None:
        self.feed(Taken(self.attempt))

    def ended(self, undelivered: int = 0, reason: str = "reset") -> None:
        self.feed(Ended(self.attempt, reason, undelivered))

    @property
    def texts(self) -> list[str]:
        """What was handed to the network, in order."""
        assert self.sender.server is not None
        messages = [data for batch in self.batches for data in batch]
        if self.sender.server.way is not Way.UDP:
            messages = frames(b"".join(messages))
        return [Parsed(data).text for data in messages]


def test_without_a_server_nothing_is_kept_and_nobody_is_asked() -> None:
    desk = Desk(server=None)
    desk.log("a")
    assert (desk.sender.state, desk.sender.waiting, desk.reaches) == (State.OFF, 0, 0)
    assert desk.sender.deadline() is None


def test_a_server_is_reached_with_the_first_line_and_kept() -> None:
    desk = Desk()
    assert desk.reaches == 0
    assert desk.sender.deadline() is None
    desk.log("a")
    desk.log("b")
    desk.reached()
    assert desk.texts == ["a", "b"]
    desk.taken()
    desk.log("c")
    desk.taken()
    assert desk.texts == ["a", "b", "c"]
    assert (desk.reaches, desk.sender.sent, desk.sender.waiting) == (1, 3, 0)
    assert desk.sender.deadline() is None


def test_lines_go_in_batches_each_after_the_one_before() -> None:
    desk = Desk()
    for number in range(BATCH_LINES + 5):
        desk.log(str(number))
    desk.reached()
    assert [len(batch) for batch in desk.batches] == [BATCH_LINES]
    desk.taken()
    assert [len(batch) for batch in desk.batches] == [BATCH_LINES, 5]
    assert desk.texts == [str(number) for number in range(BATCH_LINES + 5)]


def test_a_server_that_is_away_costs_less_and_less() -> None:
    desk = Desk()
    desk.log("a")
    for _ in range(3600):
        if desk.sender.state is State.REACHING:
            desk.ended(reason="connection refused")
        desk.wait(1.0)
    assert 12 < desk.reaches < 40
    assert desk.said == [ServerAway(TCP, "connection refused")]
    desk.feed(NetworkChanged())
    desk.reached()
    assert desk.texts == ["a"]
    assert desk.said[1:] == [ServerBack(TCP)]


def test_a_network_that_changes_cuts_the_wait_short() -> None:
    desk = Desk()
    desk.log("a")
    desk.ended()
    desk.feed(NetworkChanged())
    assert (desk.reaches, desk.sender.state) == (2, State.REACHING)


@pytest.mark.parametrize("count", [1, 40])
def test_lines_that_have_no_room_are_told_in_their_place(count: int) -> None:
    desk = Desk()
    for number in range(LINES_MAX + count):
        desk.log(str(number))
    desk.reached()
    while desk.sender.state is State.SENDING:
        desk.taken()
    words = "1 line was lost" if count == 1 else f"{count} lines were lost"
    assert desk.texts == [words, *(str(n) for n in range(count, LINES_MAX + count))]
    assert desk.sender.lost == count


def test_a_notice_that_is_lost_itself_is_added_to_the_next() -> None:
    desk = Desk()
    for number in range(LINES_MAX + 7):
        desk.log(str(number))
    desk.reached()
    desk.ended()  # The batch with the notice goes back,
    for number in range(LINES_MAX):
        desk.log(f"later {number}")  # and away.
    desk.wait(60.0)
    desk.batches.clear()
    desk.reached()
    while desk.sender.state is State.SENDING:
        desk.taken()
    assert desk.texts == [
        f"{LINES_MAX + 7} lines were lost",
        *(f"later {number}" for number in range(LINES_MAX)),
    ]
    assert desk.sender.lost == LINES_MAX + 7


def test_lines_that_never_came_here_are_told_where_they_are_missing() -> None:
    desk = Desk()
    desk.log("before")
    desk.feed(Dropped(3))
    desk.log("after")
    desk.reached()
    assert desk.texts == ["before", "3 lines were lost", "after"]
    assert desk.sender.lost == 3
    nowhere = Desk(server=None)
    nowhere.feed(Dropped(3))
    assert (nowhere.sender.lost, nowhere.sender.waiting) == (0, 0)


def test_few_long_lines_have_a_bound_too() -> None:
    desk = Desk()
    for _ in range(LINES_MAX):
        desk.log("x" * 4000)
    assert desk.sender.waiting == CHARACTERS_MAX // 4000


def test_what_was_not_delivered_goes_again_with_its_number() -> None:
    desk = Desk()
    for text in ("a", "b", "c"):
        desk.log(text)
    desk.reached()
    desk.taken()
    last = len(desk.batches[-1][-1])
    desk.ended(undelivered=last - 5)  # Of "c" the first bytes have come.
    desk.log("d")
    desk.wait(5.0)
    desk.reached()
    assert desk.texts == ["a", "b", "c", "c", "d"]
    numbers = [Parsed(frames(data)[0]).sequence for batch in desk.batches for data in batch]
    assert numbers == [1, 2, 3, 3, 4]


def test_only_what_this_connection_had_goes_again() -> None:
    """Over TLS the kernel counts more bytes than were handed to it."""
    desk = Desk()
    desk.log("a")
    desk.reached()
    desk.taken()
    desk.ended(undelivered=1)
    desk.wait(5.0)
    desk.reached()
    desk.taken()
    desk.log("b")
    desk.taken()
    desk.ended()  # All of it was delivered.
    desk.log("c")
    desk.reached()
    desk.taken()
    desk.ended(undelivered=10_000)
    desk.wait(5.0)
    desk.reached()
    assert desk.texts == ["a", "a", "b", "c", "c"]


def test_a_server_that_keeps_up_loses_nothing_however_much_it_is() -> None:
    desk = Desk()
    desk.log("a")
    desk.reached()
    for _ in range(2 * CHARACTERS_MAX // 4000):
        desk.log("x" * 4000)
        desk.taken()
    assert (desk.sender.lost, desk.sender.waiting) == (0, 0)


@pytest.mark.parametrize("server", [TCP, UDP])
def test_a_batch_that_was_not_taken_goes_again_whole(server: LogServer) -> None:
    desk = Desk(server)
    desk.log("a")
    desk.log("b")
    desk.reached()
    desk.ended()
    desk.wait(5.0)
    desk.reached()
    assert desk.texts == ["a", "b", "a", "b"]
    desk.taken()
    assert desk.sender.sent == 2


def test_a_server_may_close_what_is_not_used() -> None:
    desk = Desk()
    desk.log("a")
    desk.reached()
    desk.taken()
    desk.ended(reason="closed by the server")
    assert (desk.sender.state, desk.said, desk.sender.deadline()) == (State.IDLE, [], None)
    desk.log("b")
    desk.reached()
    assert desk.texts == ["a", "b"]


@pytest.mark.parametrize(("after", "limit_s"), [("reach", REACH_S), ("send", TAKE_S)])
def test_a_server_that_hangs_is_away(after: str, limit_s: float) -> None:
    desk = Desk()
    desk.log("a")
    if after == "send":
        desk.reached()
    hung = desk.attempt
    desk.wait(limit_s - 0.1)
    assert desk.said == []
    desk.wait(0.1)
    assert desk.said == [Part(hung), ServerAway(TCP, "no answer in time")]
    desk.wait(10.0)
    desk.feed(Reached(hung))  # Of an old attempt.
    assert desk.sender.state is State.REACHING
    desk.reached()
    assert desk.texts[-1] == "a"


def test_a_server_that_lets_in_and_cuts_off_makes_no_hot_loop() -> None:
    desk = Desk()
    desk.log("a")
    for _ in range(3600):
        if desk.sender.state is State.REACHING:
            desk.reached()
            desk.ended()
        desk.wait(1.0)
    assert desk.reaches < 40


def test_an_outage_is_forgotten_after_healthy_service() -> None:
    desk = Desk()
    desk.log("a")
    for _ in range(8):
        desk.ended()
        desk.wait(300.0)
    desk.reached()
    desk.taken()
    desk.wait(HEALTHY_S)
    desk.log("b")
    desk.taken()
    desk.log("c")
    desk.ended()
    reaches = desk.reaches
    desk.wait(2.0)
    assert desk.reaches == reaches + 1


def test_lines_that_wait_go_to_a_server_that_is_set_instead() -> None:
    desk = Desk()
    desk.log("a")
    desk.reached()
    desk.log("b")
    desk.batches.clear()
    desk.feed(ServerIs(UDP))
    desk.reached()
    assert desk.texts == ["a", "b"], "the first was not taken yet"
    desk.feed(ServerIs(None))
    assert (desk.sender.state, desk.said[-1]) == (State.OFF, Part(desk.attempt))
    desk.taken()
    assert desk.sender.state is State.OFF


class Weather(Desk):
    """A stream that dies at any moment, with any of its last bytes undelivered."""

    def __init__(self, seed: int) -> None:
        self.draw = Random(seed)
        self.logged = 0
        self.arrived: list[bytes] = []  # Of each connection: what the server has got.
        super().__init__(seed=seed)

    def play(self) -> None:
        """Let something happen."""
        deeds = (self.log_some, self.reached, self.taken, self.die, self.pass_time)
        self.draw.choices(deeds, [8, 4, 4, 2, 4])[0]()

    def log_some(self) -> None:
        for _ in range(self.draw.choices([1, 30, 400], [20, 2, 1])[0]):
            self.log(f"line {self.logged}")
            self.logged += 1

    def die(self) -> None:
        """Lose the connection, or the attempt at one."""
        if self.sender.state not in {State.READY, State.SENDING, State.REACHING}:
            return
        stream = self.handed
        undelivered = self.draw.randrange(min(len(stream), 3000) + 1) * self.draw.randrange(2)
        self.arrived.append(stream[: len(stream) - undelivered])
        self.batches.clear()
        self.ended(undelivered)

    def pass_time(self, seconds: float = 0.0) -> None:
        attempt = self.attempt
        self.wait(seconds or self.draw.choice([0.1, 3.0, 40.0]))
        if attempt != self.attempt:  # It hung, and was given up.
            self.arrived.append(self.handed)
            self.batches.clear()

    def calm(self) -> None:
        """Let everything go well until nothing waits."""
        for _ in range(1000):
            self.reached()
            while self.sender.state is State.SENDING:
                self.taken()
            self.pass_time(1.0)
        self.arrived.append(self.handed)

    @property
    def handed(self) -> bytes:
        """What was handed to this connection."""
        return b"".join(data for batch in self.batches for data in batch)


@pytest.mark.parametrize("seed", range(60))
def test_every_line_arrives_in_its_order_or_is_told_to_be_lost(seed: int) -> None:
    weather = Weather(seed)
    for _ in range(600):
        weather.play()
        assert weather.sender.waiting <= LINES_MAX
    weather.calm()
    assert weather.sender.waiting == 0
    check_told(weather.logged, [Parsed(data) for part in weather.arrived for data in frames(part)])


def check_told(logged: int, seen: list[Parsed]) -> None:
    """First appearances are in order, and between two of them stands how many are missing."""
    next_line = told = 0
    numbers: set[int] = set()
    for message in seen:
        if message.sequence in numbers:
            continue
        numbers.add(message.sequence)
        if message.module == "logs":
            told += int(message.structured["handset@32473"]["lost"])
            continue
        number = int(message.text.removeprefix("line "))
        assert number - next_line <= told, f"{next_line} to {number}: {told} told"
        told -= number - next_line
        next_line = number + 1
    assert next_line == logged
    assert told >= 0
