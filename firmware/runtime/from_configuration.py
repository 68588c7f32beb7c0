"""From the configuration to what the runtime needs: problems, certificate files, the transport."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from config.checks import check, link_blocker
from config.configuration import Configuration
from config.store import Severity
from firmware.link.events import Failure, FailureKind, ServerName
from firmware.runtime.tls import TlsFiles
from firmware.runtime.transport import TransportSettings
from firmware.settings import listening_port, proxies

if TYPE_CHECKING:
    import socket

    from firmware.runtime.listener import Listener


def problems_of(configuration: Configuration, directory: Path) -> tuple[str, ...]:
    """Return what is wrong with the configuration, as sentences for people."""
    found = (*configuration.problems, *check(configuration, directory))
    return tuple(str(problem) for problem in found if problem.severity is Severity.ERROR)


def blocker_of(configuration: Configuration, refused: Sequence[str] = ()) -> Failure | None:
    """Return why the link may not be opened at all (L11); nobody registers who cannot be called."""
    text = link_blocker(configuration) or "".join(refused[:1])
    return Failure(FailureKind.CONFIGURATION, text) if text else None


def tls_files(configuration: Configuration, directory: Path) -> TlsFiles:
    """Return the certificate files (L2)."""

    def path(name: str) -> Path | None:
        return configuration.file(name, directory)

    return TlsFiles(
        trusted=path("sips trusted certificates"),
        chain=path("sips root and intermediate certificates"),
        certificate=path("sips local certificate"),
        key=path("sips private key"),
        key_password=str(configuration.value("sips private key password")) or None,
        crl=path("sips certificate revocation list"),
        allow_wildcard=bool(configuration.value("sips allow wildcard certificates")),
    )


def transport_settings(configuration: Configuration) -> TransportSettings:
    """Return how the transport leaves this phone."""
    # In TLS mode several connections stand at once: they cannot all leave from one port.
    persistent = bool(configuration.value("sips persistent tls"))
    fixed = persistent and bool(configuration.value("sips symmetric tls signaling"))
    port = int(configuration.value("sip local tls port"))
    return TransportSettings(
        source_port=port if fixed else 0, traffic_class=int(configuration.value("tos sip"))
    )


def listen(
    configuration: Configuration, accept: Callable[[socket.socket, Sequence[ServerName]], None]
) -> tuple[Listener | None, tuple[str, ...]]:
    """In TLS mode, have the port that the proxies call on (L3), or say why not."""
    port = listening_port(configuration)
    if port is None or blocker_of(configuration):
        return None, ()
    from firmware.runtime.listener import Listener

    listener = Listener(port, [proxy.name for proxy in proxies(configuration)], accept)
    try:
        listener.start()
    except OSError as error:
        words = (error.strerror or str(error)).lower()
        return None, (f"TLS mode cannot listen on port {port} (sip local tls port): {words}",)
    return listener, ()
