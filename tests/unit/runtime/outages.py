"""Entries of an outage log for tests of its file and of its keeper."""

from __future__ import annotations

from random import Random

from firmware.link.events import Failure, FailureKind, Role
from firmware.phone.outage import (
    CAUSE_CHARACTERS_MAX,
    PROXY_CHARACTERS_MAX,
    EndedBy,
    Outage,
    OutageKind,
)


def entry(number: int = 0, *, is_open: bool = False) -> Outage:
    return Outage(
        OutageKind.OUTAGE,
        Failure(FailureKind.RESET, f"connection reset by the proxy, the {number}th time"),
        Role.PRIMARY,
        "proxy1.example.org:5061",
        began=1.8e9 + number,
        ended=None if is_open else 1.8e9 + number + 0.25,
        duration_s=None if is_open else 0.25,
        back_on=None if is_open else Role.BACKUP,
        calls=2,
        calls_lost=1,
        accounts=9,
        ended_by=None if is_open else EndedBy.SERVICE,
    )


def log_of(count: int) -> tuple[Outage, ...]:
    return tuple(entry(number) for number in range(count, 0, -1))


def anything(random: Random) -> Outage:
    """Return an entry that a log may hold; times in milliseconds, as the file has them."""

    def seconds() -> float | None:
        return random.choice([None, round(random.uniform(0, 4e9), 3), 0.0])

    def role() -> Role | None:
        found: Role | None = random.choice([None, *Role])
        return found

    letters = 'abc "\\{}é…漢😀'
    return Outage(
        random.choice(list(OutageKind)),
        Failure(
            random.choice(list(FailureKind)),
            "".join(random.choices(letters, k=random.choice([0, 3, CAUSE_CHARACTERS_MAX]))),
        ),
        role(),
        "".join(random.choices(letters, k=random.choice([0, 3, PROXY_CHARACTERS_MAX]))),
        seconds(),
        seconds(),
        seconds(),
        role(),
        random.randrange(1000),
        random.randrange(1000),
        random.randrange(10),
        random.choice([None, *EndedBy]),
    )
