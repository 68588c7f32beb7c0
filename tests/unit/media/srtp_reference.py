"""SRTP written down from RFC 3711 and RFC 7714 with AES and HMAC only: a second opinion."""

from __future__ import annotations

import hmac
from hashlib import sha1

from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CTR

HEADER = 12


def counter_mode(key: bytes, vector: int, data: bytes) -> bytes:
    """AES in counter mode from this 128-bit vector on (RFC 3711 4.1.1)."""
    return Cipher(AES(key), CTR(vector.to_bytes(16, "big"))).encryptor().update(data)


def derive(master: bytes, salt: bytes, label: int, length: int) -> bytes:
    """A session key (RFC 3711 4.3.1, 4.3.3); a 12-byte salt is filled up on the right."""
    padded = int.from_bytes(salt.ljust(14, b"\0"), "big")
    return counter_mode(master, (padded ^ label << 48) << 16, bytes(length))


def counter_mode_packet(packet: bytes, keys: tuple[bytes, bytes, bytes], tag_bytes: int) -> bytes:
    """An RTP packet under cipher key, salt and authentication key, before any roll-over."""
    cipher, salt, authentication = keys
    ssrc, sequence = int.from_bytes(packet[8:12], "big"), int.from_bytes(packet[2:4], "big")
    vector = int.from_bytes(salt, "big") << 16 ^ ssrc << 64 ^ sequence << 16
    secret = packet[:HEADER] + counter_mode(cipher, vector, packet[HEADER:])
    tag = hmac.new(authentication, secret + bytes(4), sha1).digest()[:tag_bytes]
    return secret + tag


def galois_packet(packet: bytes, cipher: bytes, salt: bytes) -> bytes:
    """An RTP packet under AES-GCM, before any roll-over (RFC 7714 8.1, 9.1)."""
    nonce = bytes(2) + packet[8:12] + bytes(4) + packet[2:4]
    vector = bytes(a ^ b for a, b in zip(nonce, salt, strict=True))
    return packet[:HEADER] + AESGCM(cipher).encrypt(vector, packet[HEADER:], packet[:HEADER])
