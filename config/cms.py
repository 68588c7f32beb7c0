"""Sealed and signed files: CMS (RFC 5652), as `openssl cms` makes them, DER or PEM.

A *sealed* file is enveloped for the phone's certificate: only its key opens it. A *signed* one
bears the signature of one certificate, the configured signer's; what certificates the file itself
brings along is not looked at. Both may lie in each other. A seal keeps secrets and proves nothing:
anybody may seal for a certificate. So trust comes from the signature, or from the way (T2).

The program `openssl` does it: `cryptography` opens seals for RSA keys only, while this phone's own
keys are elliptic, and checks no signature. It runs for a moment, when such a file has come.
"""

from __future__ import annotations

import base64
import binascii
import os
import re
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

LAYERS_MAX = 3
"""Signed, sealed, and signed once more outside."""

TOTAL_S = 10.0

ENVELOPED = bytes.fromhex("06092a864886f70d010703")
AUTH_ENVELOPED = bytes.fromhex("060b2a864886f70d0109100117")
SIGNED = bytes.fromhex("06092a864886f70d010702")
"""Object identifiers of contents, as they stand near the beginning."""

HEAD_BYTES = 24
PEM = re.compile(
    rb"\s*-----BEGIN (CMS|PKCS7)-----\r?\n(?P<body>[A-Za-z0-9+/=\s]*+)-----END \1-----\s*"
)
MIME = b"MIME-Version:"


class SealError(ValueError):
    """A seal or a signature is no good; the text ends a sentence that begins with the file."""


@dataclass(frozen=True, slots=True)
class Keys:
    """What opens seals, and whose signature counts; None where it is not configured."""

    certificate: Path | None = None
    key: Path | None = None
    password: str = field(default="", repr=False)
    signer: Path | None = None


@dataclass(frozen=True, slots=True)
class Opened:
    """What was in a file, and whether the configured signer has signed it."""

    data: bytes = field(repr=False)
    is_signed: bool = False


def opened(data: bytes, keys: Keys) -> Opened:
    """Return what is in a file that may be sealed and signed; any other is as it is."""
    is_signed = False
    for _ in range(LAYERS_MAX + 1):
        if data.startswith(MIME):
            raise SealError("is S/MIME; make it with -outform DER")
        der = _der(data)
        head = der[:HEAD_BYTES]
        if ENVELOPED in head or AUTH_ENVELOPED in head:
            data = _unsealed(der, keys)
        elif SIGNED in head:
            data = _checked(der, keys)
            is_signed = is_signed or keys.signer is not None
        else:
            return Opened(data, is_signed)
    raise SealError(f"is sealed and signed more than {LAYERS_MAX} times")


def _der(data: bytes) -> bytes:
    """Return the bytes of a CMS message; b"" where the file is none, such as a text."""
    if data[:1] == b"\x30" and data[1:2] >= b"\x80":
        return data
    found = PEM.fullmatch(data)
    if found is None:
        return b""
    try:
        return base64.b64decode(found["body"])
    except binascii.Error:
        raise SealError("is sealed or signed, and damaged") from None


def _unsealed(der: bytes, keys: Keys) -> bytes:
    if keys.certificate is None:
        raise SealError("is sealed, and this phone has no certificate (sips local certificate)")
    own = ["-recip", str(keys.certificate), "-inkey", str(keys.key or keys.certificate)]
    done = _openssl(["-decrypt", "-binary", *own], der, keys.password)
    if done.returncode == 0:
        return done.stdout
    words = done.stderr.lower()
    if b"unable to load" in words or b"could not" in words:
        raise SealError("is sealed, and this phone's key cannot be read (sips private key)")
    raise SealError("is sealed for another certificate than this phone's, or damaged")


def _checked(der: bytes, keys: Keys) -> bytes:
    """Return what is signed; it has to be the signer's where one is configured."""
    whose = ["-noverify", "-nosigs"]
    if keys.signer is not None:  # Its certificate is known: no chain is needed.
        whose = ["-noverify", "-nointern", "-certfile", str(keys.signer)]
    done = _openssl(["-verify", "-binary", *whose], der)
    if done.returncode == 0:
        return done.stdout
    if keys.signer is not None and not keys.signer.is_file():
        raise SealError("is signed, and the signer's certificate is missing (configuration signer)")
    raise SealError("is not signed by the configured signer, or was changed since")


def seal(data: bytes, certificate: Path) -> bytes:
    """Return a file that only the owner of this certificate opens."""
    return _made(["-encrypt", "-binary", "-aes-256-cbc", "-recip", str(certificate)], data)


def sign(data: bytes, certificate: Path, key: Path, password: str = "") -> bytes:
    """Return a file that bears the signature of this certificate's key."""
    own = ["-signer", str(certificate), "-inkey", str(key)]
    return _made(["-sign", "-binary", "-nodetach", "-md", "sha256", *own], data, password)


def _made(words: list[str], data: bytes, password: str = "") -> bytes:
    done = _openssl(words, data, password, ways=("-outform", "DER"))
    if done.returncode != 0:
        raise SealError(f"cannot be made: {done.stderr.decode(errors='replace').strip()[:200]}")
    return done.stdout


def _openssl(
    words: list[str],
    data: bytes,
    password: str = "",
    ways: tuple[str, ...] = ("-inform", "DER"),
) -> subprocess.CompletedProcess[bytes]:
    """Run `openssl cms`; the password goes by a pipe of its own, so that no list shows it (T4)."""
    reading, writing = os.pipe()
    try:
        os.write(writing, password.encode() + b"\n")
        os.close(writing)
        return subprocess.run(  # noqa: S603 (its words are ours)
            ["openssl", "cms", *words, *ways, "-passin", f"fd:{reading}"],  # noqa: S607
            input=data,
            capture_output=True,
            timeout=TOTAL_S,
            pass_fds=(reading,),
            check=False,
        )
    except FileNotFoundError:
        raise SealError("is sealed or signed, and the program openssl is missing here") from None
    except subprocess.TimeoutExpired:
        raise SealError("is sealed or signed, and took too long to open") from None
    finally:
        os.close(reading)
