"""Keys of a call as session descriptions carry them (RFC 4568, RFC 7714 14.2).

    a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:<key and salt>|2^48|1:4 WSH=128

A line that this phone cannot honour to the letter is refused as a whole (RFC 4568 6.3.7, 7.1.2);
the next one may do. So are all that would leave something in clear (UNENCRYPTED_SRTP and its
kin): a lock on the screen has one meaning. An MKI is taken and checked on what comes in; in what
goes out there is none, which each side is free to choose for its own packets (RFC 3711 3.1).

Key material is in no `repr` and no error; `to_sdp` alone writes it, into a body that travels over
TLS and is masked wherever it is shown (`firmware/sip/mask.py`).
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable, Iterable
from dataclasses import field
from enum import Enum

from firmware.frozen import frozen
from firmware.media.errors import SdesError

SecretSource = Callable[[int], bytes]
"""Returns so many bytes that nobody can guess."""

TAG_MAX = 999_999_999
"""RFC 4568 9.1: nine digits."""

LIFETIME_MAX = 2**48
"""Packets under one key (RFC 3711 9.2)."""

MKI_BYTES_MAX = 128
"""RFC 4568 6.1."""

WINDOW_MIN = 64
"""RFC 3711 3.3.2."""

TOLERATED = frozenset({"FEC_ORDER"})
"""Session parameters about what this phone never does, so that ignoring them honours them."""

_TAG = re.compile(r"[0-9]{1,9}")
_NUMBER = re.compile(r"[0-9]{1,39}")


class Suite(Enum):
    """The ciphers, by their names in RFC 4568 6.2 and RFC 7714 14.2; the best first."""

    AEAD_AES_256_GCM = "AEAD_AES_256_GCM"
    AES_CM_128_HMAC_SHA1_80 = "AES_CM_128_HMAC_SHA1_80"
    AEAD_AES_128_GCM = "AEAD_AES_128_GCM"
    AES_CM_128_HMAC_SHA1_32 = "AES_CM_128_HMAC_SHA1_32"

    @property
    def key_bytes(self) -> int:
        """Length of the master key and the master salt together."""
        return KEY_BYTES[self]


KEY_BYTES = {
    Suite.AEAD_AES_256_GCM: 32 + 12,
    Suite.AES_CM_128_HMAC_SHA1_80: 16 + 14,
    Suite.AEAD_AES_128_GCM: 16 + 12,
    Suite.AES_CM_128_HMAC_SHA1_32: 16 + 14,
}


@frozen
class MasterKey:
    """What encrypts one direction of a call: master key and master salt in one."""

    suite: Suite
    material: bytes = field(repr=False)
    mki: bytes = b""  # Stands in each packet that comes in under this key.

    @classmethod
    def make(cls, suite: Suite, secret: SecretSource) -> MasterKey:
        """Make a new key."""
        return cls(suite, secret(suite.key_bytes))

    def __post_init__(self) -> None:
        assert len(self.material) == self.suite.key_bytes, "a key of another suite"

    def __repr__(self) -> str:
        return f"MasterKey({self.suite.value}, ****)"


@frozen
class Crypto:
    """One `a=crypto` line: its tag, and the key of whoever wrote it."""

    tag: int
    key: MasterKey

    @classmethod
    def parse(cls, text: str) -> Crypto:
        """Read what stands behind `crypto:`; the error says why the line cannot be used."""
        parts = text.split()
        if len(parts) < 3:
            raise SdesError("crypto: not a tag, a suite and a key")
        tag, suite, key, *parameters = parts
        if not _TAG.fullmatch(tag):
            raise SdesError("crypto: the tag is not a number")
        found = next((known for known in Suite if known.value == suite), None)
        if found is None:
            raise SdesError("crypto: a suite that is not known here")
        for parameter in parameters:
            _check_parameter(parameter)
        return cls(int(tag), _read_key(found, key))

    def to_sdp(self) -> str:
        """Write the line's value, with the key in it."""
        key = base64.b64encode(self.key.material).decode()
        return f"{self.tag} {self.key.suite.value} inline:{key}"


def read_cryptos(values: Iterable[str]) -> tuple[Crypto, ...]:
    """Return the lines that can be used, in their order; of one tag used twice the first."""
    found: dict[int, Crypto] = {}
    for value in values:
        try:
            crypto = Crypto.parse(value)
        except SdesError:
            continue
        found.setdefault(crypto.tag, crypto)
    return tuple(found.values())


def _read_key(suite: Suite, text: str) -> MasterKey:
    if ";" in text:
        raise SdesError("crypto: more than one key")
    method, _, info = text.partition(":")
    if method != "inline":
        raise SdesError("crypto: a key that is not in the line")
    encoded, *rest = info.split("|")
    if rest and ":" not in rest[0]:
        _check_lifetime(rest.pop(0))
    mki = _read_mki(rest.pop(0)) if rest else b""
    if rest:
        raise SdesError("crypto: something behind the key")
    return MasterKey(suite, _decode(suite, encoded), mki)


def _decode(suite: Suite, encoded: str) -> bytes:
    """Read Base64; some peers leave its padding out."""
    bare = encoded.rstrip("=")
    try:
        material = base64.b64decode(bare + "=" * (-len(bare) % 4), validate=True)
    except (binascii.Error, ValueError):
        raise SdesError("crypto: the key is not Base64") from None
    if len(material) != suite.key_bytes:
        raise SdesError("crypto: the key has the wrong length")
    return material


def _check_lifetime(text: str) -> None:
    """Refuse what is no lifetime (6.1); any valid one outlasts a call, or the far end rekeys."""
    power = text.removeprefix("2^")
    if not _NUMBER.fullmatch(power):
        raise SdesError("crypto: the lifetime is not a number")
    exponent_max = LIFETIME_MAX.bit_length() - 1
    is_good = int(power) <= exponent_max if power != text else 0 < int(power) <= LIFETIME_MAX
    if not is_good:
        raise SdesError("crypto: a lifetime that no key has")


def _read_mki(text: str) -> bytes:
    value, _, length = text.partition(":")
    if not (_NUMBER.fullmatch(value) and _NUMBER.fullmatch(length)):
        raise SdesError("crypto: the MKI is not a number and its length")
    if not (1 <= int(length) <= MKI_BYTES_MAX and int(value) < 256 ** int(length)):
        raise SdesError("crypto: an MKI that does not fit its length")
    return int(value).to_bytes(int(length), "big")


def _check_parameter(text: str) -> None:
    """Refuse session parameters that cannot be honoured (6.3); `-` marks those one may ignore."""
    name, _, value = text.partition("=")
    if name.startswith("-") or name in TOLERATED:
        return
    if name == "WSH":  # Of the sender's own window: ours may be larger or smaller (6.3.6).
        if not _NUMBER.fullmatch(value) or int(value) < WINDOW_MIN:
            raise SdesError("crypto: a window that is too small")
        return
    raise SdesError("crypto: a session parameter that cannot be honoured")
