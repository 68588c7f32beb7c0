"""TLS as bytes: an SSLObject between two memory BIOs. No socket, no task (I5, L1).

`TlsPipe` is fed what arrives and drained of what is to be sent. At the end of the handshake the
proxy's identity is checked before the last flight leaves, so an impostor gets nothing more.
"""

from __future__ import annotations

import ssl
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Protocol

from firmware.link.events import Address, Failure, ServerName, TlsFacts
from firmware.runtime.tls_words import in_words

READ_BYTES = 64 * 1024
"""Decrypted at a time; a TLS record holds 16 KiB."""

Check = Callable[[list[bytes]], Failure | None]


class _DerCertificate(Protocol):
    """A certificate of the inner object before 3.13."""

    def public_bytes(self, encoding: int, /) -> bytes | str:
        """Return it encoded."""


_Chain = Sequence[bytes | _DerCertificate]

DER = 2
"""_ssl.ENCODING_DER."""


class TlsStreamError(Exception):
    """The handshake or the stream failed; `failure` says why."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(failure.text)
        self.failure = failure


def verified_chain(tls: ssl.SSLObject) -> list[bytes]:
    """Return the chain that a handshake has verified (DER, leaf first)."""
    # Public since Python 3.13; before, the inner object has it. Without either: refuse.
    inner = tls if hasattr(tls, "get_verified_chain") else vars(tls)["_sslobj"]
    chain: _Chain = inner.get_verified_chain()
    out: list[bytes] = []
    for certificate in chain:
        der = certificate if isinstance(certificate, bytes) else certificate.public_bytes(DER)
        assert isinstance(der, bytes)
        out.append(der)
    assert out, "a handshake without a verified chain"
    return out


class TlsPipe:
    """One end of a TLS connection: the client's, or the server's where `serves` is set."""

    def __init__(
        self,
        context: ssl.SSLContext,
        name: ServerName,
        check: Check,
        session: ssl.SSLSession | None = None,
        session_chain: Sequence[bytes] = (),
        *,
        serves: bool = False,
    ) -> None:
        self._incoming = ssl.MemoryBIO()
        self._outgoing = ssl.MemoryBIO()
        self.context = context
        self._name, self._serves = name, serves
        self._check = check
        self.offered_session = session is not None
        self._session_chain = session_chain
        self.chain: list[bytes] = []  # What was verified, leaf first; empty before.
        self.established = False
        # SNI is a DNS name; Python sends none for an address literal (RFC 6066 3).
        self._tls = context.wrap_bio(
            self._incoming,
            self._outgoing,
            server_side=serves,
            server_hostname=None if serves else name.text,
            session=session,
        )

    def start(self) -> bytes:
        """Return the first flight."""
        self._shake()
        return self._outgoing.read()

    def receive(self, data: bytes) -> tuple[bytes, bytes, bool]:
        """Take bytes from the wire.

        Returns what was decrypted, what is to be sent, and whether the peer has ended the stream.
        Raises TlsStreamError; an alert may be left to send, see `farewell`.
        """
        self._incoming.write(data)
        if not self.established:
            self._shake()
        plain, ended = self._read() if self.established else (b"", False)
        return plain, self._outgoing.read(), ended

    def write(self, data: bytes) -> bytes:
        """Encrypt; return what is to be sent."""
        try:
            self._tls.write(data)
        except ssl.SSLError as error:
            raise TlsStreamError(in_words(error, self._name)) from error
        return self._outgoing.read()

    def farewell(self) -> bytes:
        """Return a close_notify, or the alert that a failed handshake left."""
        if self.established:
            with suppress(ssl.SSLError):  # The peer's close_notify is not waited for.
                self._tls.unwrap()
        return self._outgoing.read()

    def facts(self, local: Address, certificate_ends: float) -> TlsFacts:
        """Tell what the handshake came to."""
        cipher = self._tls.cipher()
        return TlsFacts(
            local=local,
            version=self._tls.version() or "",
            cipher=cipher[0] if cipher else "",
            resumed=bool(self._tls.session_reused),
            certificate_ends=certificate_ends,
        )

    @property
    def session(self) -> ssl.SSLSession | None:
        """The session, once it can be resumed: TLS 1.3 sends its tickets with the first data."""
        session = self._tls.session
        if session is None or session.has_ticket:
            return session
        return session if session.id and self._tls.version() == "TLSv1.2" else None

    @property
    def leaf(self) -> bytes:
        """The proxy's certificate, DER."""
        return self._tls.getpeercert(binary_form=True) or b""

    def _shake(self) -> None:
        try:
            self._tls.do_handshake()
        except ssl.SSLWantReadError:
            return
        except ssl.SSLError as error:
            agreed = self._tls.cipher() is not None
            said = in_words(error, self._name, agreed=agreed, serves=self._serves)
            raise TlsStreamError(said) from error
        self.chain = self._chain()
        if failure := self._check(self.chain):
            self._outgoing.read()  # The last flight stays here.
            raise TlsStreamError(failure)
        self.established = True

    def _chain(self) -> list[bytes]:
        """Return the verified chain, leaf first; of a resumed session, the one it was made with."""
        if self._tls.session_reused:
            kept = list(self._session_chain)
            return kept if kept[:1] == [self.leaf] else [self.leaf]
        return verified_chain(self._tls)

    def _read(self) -> tuple[bytes, bool]:
        parts: list[bytes] = []
        while True:
            try:
                part = self._tls.read(READ_BYTES)
            except ssl.SSLWantReadError:
                return b"".join(parts), False
            except ssl.SSLZeroReturnError:
                return b"".join(parts), True
            except ssl.SSLError as error:
                raise TlsStreamError(in_words(error, self._name)) from error
            if not part:
                return b"".join(parts), True
            parts.append(part)
