"""How many calls a second somebody takes: callers at a growing rate, until the first call fails.

A call is INVITE, 200, ACK, BYE, 200, with encrypted sound agreed; no caller waits for another, so
calls are set up beside each other as soon as one takes longer than the next is away. Each caller
has a connection of its own. A phone has two lines for one person: whoever finds both taken hears
that it is busy, and that is a failure here. What else is measured tells where callers and proxy
end: a bare far end (the floor) answers in the same step in which it reads.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from queue import SimpleQueue
from statistics import median

from tests.bench import ringer
from tests.bench.call_stage import NO_CARD, CallStage
from tests.bench.table import Table
from tests.interop.accounts import DOMAIN, IN_ROOMS, USERS
from tests.interop.phone import Phone
from tests.lab.bare import BareClient
from tests.lab.namespaces import ROOT
from tests.lab.processes import Line, Program

FIRST_RATE, STEP, RATE_MAX = 4.0, 1.3, 1000.0
"""Calls a second: the first rate, how much more each time, and where callers give up."""

HOLD_S = 2.0
"""How long a rate is kept up."""

ANSWER_S = 1.0
"""A call that is not answered so long after it was wanted has failed."""

TIMES = 3

READY_S = 10.0

MOST, FAILED_AT, SETUP, RATIO = "most without a failure", "failed at", "set up, ms", "x floor"
FLOOR, PHONE, PEER = "a bare far end", "this phone", "baresip"

OFFER = b"""\
v=0\r
o=- 1 1 IN IP4 127.0.0.1\r
s=-\r
c=IN IP4 127.0.0.1\r
t=0 0\r
m=audio 9 RTP/SAVP 0\r
a=rtpmap:0 PCMU/8000\r
a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNk\r
"""
"""Sound that is agreed, and never sent."""


class CallFailedError(AssertionError):
    """A call was not set up, in words."""


class Callers:
    """People with a connection each; a context manager."""

    def __init__(self, stage: CallStage) -> None:
        address = (stage.kamailio.host, stage.kamailio.port)
        self._clients = [
            BareClient(
                address,
                stage.authority,
                user=user,
                password=USERS[user],
                domain=DOMAIN,
                read_s=4 * ANSWER_S,
            )
            for user in IN_ROOMS
        ]

    def __enter__(self) -> Callers:
        with ExitStack() as stack:
            for client in self._clients:
                client.connect()
                stack.callback(client.close)
            self._free: SimpleQueue[BareClient] = SimpleQueue()
            for client in self._clients:
                self._free.put(client)
            self._pool = stack.enter_context(ThreadPoolExecutor(len(self._clients)))
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def call(self, user: str, rate: float) -> list[float]:
        """Call at this rate; return the seconds until each was answered; raise CallFailedError."""
        calls: list[Future[float]] = []
        began = time.monotonic()
        for number in range(round(rate * HOLD_S)):
            wanted_at = began + number / rate
            time.sleep(max(0.0, wanted_at - time.monotonic()))
            calls.append(self._pool.submit(self._one_call, user, wanted_at))
        return [call.result() for call in calls]

    def _one_call(self, user: str, wanted_at: float) -> float:
        """Set up a call and end it; return the seconds until it was answered."""
        client = self._free.get()
        try:
            answered = client.invite(user, until=200, reuse=True, body=OFFER)
            took_s = time.monotonic() - wanted_at
            if took_s > ANSWER_S:
                raise TimeoutError
            if answered.status != 200:
                raise CallFailedError(answered.start.partition(" ")[2])
            client.within(answered, "ACK")
            client.within(answered, "BYE")
            client.read_until(lambda packet: packet.method == "BYE" and packet.status >= 200)
        except TimeoutError:
            raise CallFailedError(f"not answered in {ANSWER_S:.0f} s") from None
        except ConnectionError as error:
            raise CallFailedError(str(error)) from None
        finally:
            self._free.put(client)
        return took_s


def measure(stage: CallStage) -> Table:
    """Let callers find out what each of three takes."""
    table = Table((MOST, FAILED_AT, RATIO, SETUP))
    subjects = {FLOOR: bare_far_end, PHONE: this_phone, PEER: a_baresip}
    for name in subjects:
        table.row(name, "calls a second")
    for _ in range(TIMES):
        floor = 0.0
        for name, subject in subjects.items():
            with subject(stage) as user, Callers(stage) as callers:
                most, failed_at, setup_s, why = until_the_first_failure(callers, user)
            print(f"{name}: {failed_at:.0f} calls a second: {why}", file=sys.stderr)
            floor = floor or most
            cells = {MOST: most, FAILED_AT: failed_at, RATIO: most / floor, SETUP: 1000 * setup_s}
            for column, value in cells.items():
                table.add(name, column, value)
    return table


def until_the_first_failure(callers: Callers, user: str) -> tuple[float, float, float, str]:
    """Return the highest rate without a failure, the rate of the first one, the seconds that a
    call took to be set up at the former, and what the failure was."""
    rate, most, setup_s = FIRST_RATE, 0.0, 0.0
    while rate < RATE_MAX:
        try:
            setup_s = median(callers.call(user, rate))
        except CallFailedError as error:
            return most, rate, setup_s, str(error)
        most, rate = rate, rate * STEP
    return most, rate, setup_s, "no failure up to here"


@contextmanager
def bare_far_end(stage: CallStage) -> Iterator[str]:
    """Somebody who does nothing but answer."""
    address = (stage.kamailio.host, str(stage.kamailio.port))
    words = [sys.executable, "-m", ringer.__name__, *address, str(stage.authority), ringer.ANSWER]
    program = Program(words, directory=ROOT)
    try:
        program.wait_for("ready", READY_S)
        yield ringer.USER
    finally:
        program.stop()


@contextmanager
def this_phone(stage: CallStage) -> Iterator[str]:
    """This phone, and somebody who lifts as soon as it rings."""
    phone = stage.phone("alice", NO_CARD)
    phone.heard = lifts(phone)
    with phone:
        phone.wait_registered()
        yield "alice"


def lifts(phone: Phone) -> Callable[[Line], None]:
    """Return somebody who hears the phone ring."""

    def heard(line: Line) -> None:
        if '"ev": "incoming"' in line.text:
            phone.send("answer")

    return heard


@contextmanager
def a_baresip(stage: CallStage) -> Iterator[str]:
    """A baresip that answers by itself."""
    with stage.baresip() as peer:
        peer.answer_itself()
        yield peer.user
