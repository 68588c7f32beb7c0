"""Session descriptions as the far ends write and read them, by hand: a second opinion.

`read` takes a description apart, `agree` says what follows from an offer and its answer, and
`is_answer` whether an answer fits its offer (RFC 3264, RFC 4568).
"""

from __future__ import annotations

from base64 import b64encode
from dataclasses import dataclass
from itertools import pairwise
from random import Random

STATIC = {"0": "PCMU/8000", "8": "PCMA/8000", "9": "G722/8000"}
DIRECTIONS = ("sendrecv", "sendonly", "recvonly", "inactive")
KEY_BYTES = {
    "AEAD_AES_256_GCM": 44,
    "AES_CM_128_HMAC_SHA1_80": 30,
    "AEAD_AES_128_GCM": 28,
    "AES_CM_128_HMAC_SHA1_32": 30,
}
NOBODY = "0.0.0.0"  # the old way to hold a call


@dataclass(frozen=True)
class Line:
    """One media line."""

    kind: str
    port: int
    protocol: str
    host: str
    direction: str
    codecs: tuple[tuple[str, str], ...]  # Payload type and name, in their order.
    keys: tuple[tuple[int, str], ...]  # Tag, and suite with the key.

    @property
    def sends(self) -> bool:
        """Tell whether this end sends."""
        return self.direction in {"sendrecv", "sendonly"}

    @property
    def receives(self) -> bool:
        """Tell whether this end can be sent to."""
        return self.direction in {"sendrecv", "recvonly"} and self.host != NOBODY

    @property
    def names(self) -> tuple[str, ...]:
        """The codecs' names."""
        return tuple(name for _, name in self.codecs)


@dataclass(frozen=True)
class Said:
    """A whole description."""

    session: str
    version: int
    lines: tuple[Line, ...]
    rest: str  # All but the o= line.

    @property
    def place(self) -> int | None:
        """Where its sound stands."""
        live = (n for n, line in enumerate(self.lines) if line.kind == "audio" and line.port)
        return next(live, None)


@dataclass(frozen=True)
class Sound:
    """What both ends have agreed on, from the phone's side."""

    host: str
    port: int
    direction: str
    codec: str
    key_out: str
    key_in: str


def read(body: bytes) -> Said:
    """Take a description apart."""
    lines = body.decode().split("\r\n")
    origin = next(line for line in lines if line.startswith("o=")).split()
    starts = [n for n, line in enumerate(lines) if line.startswith("m=")] + [len(lines)]
    head = lines[: starts[0]]
    media = [_read_line(head, lines[one:other]) for one, other in pairwise(starts)]
    rest = "\n".join(line for line in lines if not line.startswith("o="))
    return Said(origin[1], int(origin[2]), tuple(media), rest)


def _read_line(head: list[str], lines: list[str]) -> Line:
    kind, port, protocol, *payloads = lines[0][2:].split()
    names = {p: name for p, name in STATIC.items() if p in payloads}
    keys, direction, host = [], "sendrecv", ""
    for line in [*head, *lines[1:]]:
        name, _, value = line[2:].partition(":")
        if line.startswith("c="):
            host = line.split()[2]
        elif name == "rtpmap":
            payload, encoding = value.split(" ", 1)
            names[payload] = encoding.upper().removesuffix("/1")
        elif name == "crypto":
            tag, suite, key = value.split()[:3]
            keys.append((int(tag), f"{suite} {key}"))
        elif line.startswith("a=") and name in DIRECTIONS:
            direction = name
    found = [(p, names[p]) for p in payloads if p in names]
    codecs = tuple((p, n) for p, n in found if not n.startswith(("TELEPHONE-EVENT", "CN")))
    return Line(kind, int(port), protocol, host, direction, codecs, tuple(keys))


def agree(ours: Said, theirs: Said, *, we_answered: bool, must_encrypt: bool) -> Sound | None:
    """Return what follows for the phone, which said `ours`; None where nothing does."""
    place = ours.place
    if place is None or place >= len(theirs.lines):
        return None
    here, there = ours.lines[place], theirs.lines[place]
    order = here.names if we_answered else there.names
    common = [name for name in order if name in here.names and name in there.names]
    keys = _agreed_keys(here, there, must_encrypt=must_encrypt)
    if there.kind != "audio" or not there.port or not common or keys is None:
        return None
    sends, receives = here.sends and there.receives, here.direction != "sendonly" and there.sends
    receives = receives and here.direction != "inactive"
    direction = DIRECTIONS[(not sends) * 2 + (not receives)]
    return Sound(there.host, there.port, direction, common[0], *keys)


def _agreed_keys(here: Line, there: Line, *, must_encrypt: bool) -> tuple[str, str] | None:
    if not here.keys or not there.keys:
        is_bad = "SAVP" in there.protocol or (must_encrypt and bool(here.keys))
        return None if is_bad else ("", "")
    ours = dict(here.keys)
    for tag, key in there.keys:
        if tag in ours and ours[tag].split()[0] == key.split()[0]:
            return ours[tag], key
    return None


def is_answer(answer: Said, offer: Said) -> str:
    """Return what is wrong with an answer of the phone's to this offer; "" for nothing."""
    shape = [(line.kind, line.protocol) for line in answer.lines]
    if shape != [(line.kind, line.protocol) for line in offer.lines]:
        return "other media lines than the offer's"
    if sum(line.port > 0 for line in answer.lines) != 1 or answer.place is None:
        return "not one line is taken"
    ours, theirs = answer.lines[answer.place], offer.lines[answer.place]
    if not ours.codecs or not set(ours.codecs) <= set(theirs.codecs):
        return "codecs that were not offered"
    if (ours.sends and not theirs.receives) or (ours.receives and not theirs.sends):
        return f"{ours.direction} to {theirs.direction}"
    suites = {tag: key.split()[0] for tag, key in theirs.keys}
    if any(suites.get(tag) != key.split()[0] for tag, key in ours.keys) or len(ours.keys) > 1:
        return "a key for no line of theirs"
    if bool(ours.keys) != bool(theirs.keys) and "SAVP" in ours.protocol:
        return "encrypted without a key"
    return ""


class Session:
    """What one far end says of its sound, from description to description."""

    def __init__(self, random: Random, *, secure: bool) -> None:
        self._random = random
        self._secure = secure
        self._id, self._version = random.randrange(1, 2**31), 0
        self._host, self._port = f"203.0.113.{random.randrange(1, 255)}", 0
        self._direction = "sendrecv"
        self._key, self._theirs = "", ""
        self._offered: dict[int, str] = {}
        self._layout = random.choice([["audio"], ["audio"], ["audio", "video"], ["video", "audio"]])
        self._move()

    def offer(self, fault: str = "") -> bytes:
        """Offer the same again, or something new."""
        change = self._random.choice(["", "hold", "move", "key", "zero"])
        if change == "hold":
            self._direction = self._random.choice(DIRECTIONS)
        elif change == "move":
            self._move()
        tags = self._random.sample(range(1, 9), 2)
        keys = [(tag, self._new_key(self._random.choice(list(KEY_BYTES)))) for tag in tags]
        if self._key and change != "key":
            keys = [(tags[0], self._key)]
        self._offered = dict(keys)
        codecs = self._random.sample(sorted(STATIC), self._random.randint(1, 3))
        host = NOBODY if change == "zero" else self._host
        return self._write(host, codecs, keys, self._direction, fault)

    def answer(self, offer: bytes, fault: str = "") -> bytes:
        """Answer the phone's offer."""
        said = read(offer)
        place = said.place
        assert place is not None, "an offer without sound"
        line = said.lines[place]
        self._layout = [one.kind for one in said.lines]
        payloads = [p for p, _ in line.codecs if p in STATIC]
        codecs = self._random.sample(payloads, self._random.randint(1, len(payloads)))
        keys: list[tuple[int, str]] = []
        if line.keys:
            tag, theirs = self._random.choice(line.keys)
            same = [(t, k) for t, k in line.keys if k == self._theirs]
            tag, theirs = same[0] if same else (tag, theirs)
            suite = theirs.split()[0]
            keep = bool(same) and self._key.startswith(suite)
            self._key = self._key if keep else self._new_key(suite)
            self._theirs = theirs
            keys = [(tag, self._key)]
        self._direction = self._random.choice(ANSWERS[line.direction])
        if self._random.random() < 0.2:
            self._move()
        host = NOBODY if self._random.random() < 0.1 else self._host
        return self._write(host, codecs, keys, self._direction, fault, answers=said)

    def took(self, answer: bytes) -> None:
        """Take the phone's answer to our offer: the key that it chose is ours from now on."""
        said = read(answer)
        if said.place is None or not said.lines[said.place].keys:
            return
        tag, self._theirs = said.lines[said.place].keys[0]
        self._key = self._offered.get(tag, self._key)

    def _write(  # a description has so many parts
        self,
        host: str,
        codecs: list[str],
        keys: list[tuple[int, str]],
        direction: str,
        fault: str,
        answers: Said | None = None,
    ) -> bytes:
        self._version += 1
        plain = fault == "plain" or not (keys if answers else self._secure)
        protocol = answers.lines[answers.place or 0].protocol if answers else ""
        protocol = protocol or ("RTP/AVP" if plain else "RTP/SAVP")
        if fault == "tag":
            keys = [(tag + 20, key) for tag, key in keys]
        payloads = ["97"] if fault == "codec" else codecs
        own = self._random.random() < 0.3  # The line has an address of its own.
        lines = [
            *("v=0", f"o=- {self._id} {self._version} IN IP4 {self._host}", "s=-"),
            *(f"c=IN IP4 {'203.0.113.255' if own else host}", "t=0 0"),
        ]
        live = answers.place if answers else self._layout.index("audio")
        for place, kind in enumerate(self._layout):
            if place != live:
                port, other = (0, answers.lines[place].protocol) if answers else (6000, "RTP/AVP")
                lines += [f"m={kind} {port} {other} 96", "a=rtpmap:96 VP8/90000"]
                continue
            port = 0 if fault == "refused" else self._port
            lines.append(f"m=audio {port} {protocol} {' '.join(payloads)}")
            lines += [f"c=IN IP4 {host}"] if own else []
            lines += [f"a=rtpmap:{p} {STATIC.get(p, 'SPEEX/16000')}" for p in payloads]
            lines += [] if plain else [f"a=crypto:{tag} {key}" for tag, key in keys]
            lines.append(f"a={direction}")
        return "\r\n".join([*lines, ""]).encode()

    def _move(self) -> None:
        self._port = 2 * self._random.randrange(5000, 30000)

    def _new_key(self, suite: str) -> str:
        material = self._random.randbytes(KEY_BYTES[suite])
        return f"{suite} inline:{b64encode(material).decode()}"


ANSWERS = {
    "sendrecv": ("sendrecv", "sendrecv", "sendrecv", "sendonly", "recvonly", "inactive"),
    "sendonly": ("recvonly", "recvonly", "inactive"),
    "recvonly": ("sendonly", "inactive"),
    "inactive": ("inactive",),
}
