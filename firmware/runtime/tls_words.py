"""What OpenSSL says of a failed handshake, in words that a person understands.

Each sentence fits the three lines that the screen has for it, so it names the proxy in short.
"""

from __future__ import annotations

import ssl

from config.validity import in_short
from firmware.link.events import Failure, FailureKind, ServerName

UNKNOWN_AUTHORITY = "is from an unknown authority"
NO_AUTHORITY = "is signed by a non-authority"
WEAK_SIGNATURE = "has a weak signature"
FALSE_SIGNATURE = "has a false signature"
FORBIDDEN_NAME = "bears a forbidden name"
STRANGE_RULES = "holds unknown rules"
UNREADABLE = "cannot be read"

CHAIN_WORDS = {
    2: UNKNOWN_AUTHORITY,  # The issuer of an intermediate is missing.
    4: FALSE_SIGNATURE,
    6: UNREADABLE,
    7: FALSE_SIGNATURE,
    9: "is not valid yet",  # The days are identity.py's, which says how many.
    10: "has expired",
    13: UNREADABLE,
    14: UNREADABLE,
    18: "is self-signed, not trusted",
    19: UNKNOWN_AUTHORITY,  # The root came along, and is not ours.
    20: UNKNOWN_AUTHORITY,
    21: UNKNOWN_AUTHORITY,  # The leaf came alone.
    22: "has too long a chain",
    24: NO_AUTHORITY,
    25: "has too long a chain",
    26: "is not for servers",
    27: UNKNOWN_AUTHORITY,
    28: "is not for servers",
    29: UNKNOWN_AUTHORITY,
    30: UNKNOWN_AUTHORITY,
    31: UNKNOWN_AUTHORITY,
    32: NO_AUTHORITY,
    34: STRANGE_RULES,
    37: NO_AUTHORITY,
    39: "is not for servers",
    41: UNREADABLE,
    42: STRANGE_RULES,
    43: STRANGE_RULES,
    45: STRANGE_RULES,
    46: FORBIDDEN_NAME,
    47: FORBIDDEN_NAME,
    48: FORBIDDEN_NAME,
    49: STRANGE_RULES,
    51: STRANGE_RULES,
    52: STRANGE_RULES,
    53: STRANGE_RULES,
    66: "has a weak key",
    67: "has a weak authority key",
    68: WEAK_SIGNATURE,
    76: WEAK_SIGNATURE,
    77: FALSE_SIGNATURE,
    78: FALSE_SIGNATURE,
    79: NO_AUTHORITY,
    80: NO_AUTHORITY,
    81: NO_AUTHORITY,
    82: NO_AUTHORITY,
    92: NO_AUTHORITY,
    94: UNREADABLE,
}
"""X509_V_ERR_ codes to what a person reads behind "certificate of proxy1"."""

INVALID_PURPOSE = 26
NOT_FOR_CLIENTS = "is not for clients"
"""The same code where the phone is TLS's server (TLS mode)."""

REFUSED = "is refused"
"""Any other code: one that needs a setting which this phone does not use, or a newer OpenSSL."""

ALERT_WORDS = {
    "CERTIFICATE_REQUIRED": "the proxy wants a certificate from this phone",
    "BAD_CERTIFICATE": "the proxy refused this phone's certificate",
    "UNKNOWN_CA": "the proxy does not know who signed this phone's certificate",
    "CERTIFICATE_UNKNOWN": "the proxy refused this phone's certificate",
    "CERTIFICATE_EXPIRED": "this phone's certificate has expired, the proxy says",
    "CERTIFICATE_REVOKED": "this phone's certificate is revoked, the proxy says",
    "UNSUPPORTED_CERTIFICATE": "the proxy cannot use this phone's certificate",
    "ACCESS_DENIED": "the proxy denies access",
    "DECRYPT_ERROR": "this phone's key does not fit its certificate, the proxy says",
    "PROTOCOL_VERSION": "the proxy speaks neither TLS 1.2 nor 1.3",
    "HANDSHAKE_FAILURE": "the proxy and this phone have no TLS settings in common",
    "INSUFFICIENT_SECURITY": "the proxy finds this phone's TLS settings too weak",
    "UNRECOGNIZED_NAME": "the proxy does not know the name it was called by",
    "INTERNAL_ERROR": "the proxy reports an internal TLS error",
    "USER_CANCELLED": "the proxy broke off the handshake",
}
"""Names of alerts as they end OpenSSL's reasons, to what a person reads."""

REFUSED_LATE = "the proxy broke off TLS: does it want a certificate of this phone?"
"""A TLS 1.2 handshake failure after the settings were agreed on: only a certificate is left."""

KEY_REASONS = {
    "PEER_DID_NOT_RETURN_A_CERTIFICATE": "the peer shows no certificate",
    "NO_SHARED_CIPHER": ALERT_WORDS["HANDSHAKE_FAILURE"],
    "DH_KEY_TOO_SMALL": "the proxy's TLS settings are too weak",
    "BAD_SIGNATURE": "the proxy does not hold the key of its certificate",
    "WRONG_SIGNATURE_TYPE": "the proxy signs in a way that is too weak",
    "UNSAFE_LEGACY_RENEGOTIATION_DISABLED": "the proxy's TLS is too old to be safe",
}
"""OpenSSL's other reasons that a proxy's settings can cause."""


def in_words(
    error: ssl.SSLError, name: ServerName, *, agreed: bool = False, serves: bool = False
) -> Failure:
    """Say a TLS failure in words.

    `agreed` where both ends had settled on version and cipher; `serves` where the peer dialled.
    """
    if isinstance(error, ssl.SSLCertVerificationError):
        words = CHAIN_WORDS.get(error.verify_code, REFUSED)
        words = NOT_FOR_CLIENTS if serves and error.verify_code == INVALID_PURPOSE else words
        return Failure(FailureKind.CERTIFICATE, f"certificate of {in_short(name.text)} {words}")
    return Failure(FailureKind.TLS, _stream_words((error.reason or "").upper(), name, agreed))


def _stream_words(reason: str, name: ServerName, agreed: bool) -> str:
    if "ALERT" in reason:
        return _alert_words(reason, agreed)
    if "WRONG_VERSION_NUMBER" in reason or "HTTP_REQUEST" in reason:
        return f"{in_short(name.text)} does not speak TLS on this port"
    if "UNSUPPORTED_PROTOCOL" in reason:
        return ALERT_WORDS["PROTOCOL_VERSION"]
    for key, words in KEY_REASONS.items():
        if key in reason:
            return words
    readable = reason.replace("_", " ").lower() or "unknown error"
    return f"TLS with {in_short(name.text)} failed: {readable}"


def _alert_words(reason: str, agreed: bool) -> str:
    if agreed and reason.endswith("HANDSHAKE_FAILURE"):
        return REFUSED_LATE
    for alert, words in ALERT_WORDS.items():
        if reason.endswith(alert):
            return words
    return f"the proxy ended TLS: {reason.rpartition('ALERT_')[2].replace('_', ' ').lower()}"
