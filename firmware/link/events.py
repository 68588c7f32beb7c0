"""The words that the link speaks: with the driver below it and with the layers above it.

Every connection attempt has a number, and every event about a connection carries it, so that
what an old attempt still has to say is not heard.
"""

from __future__ import annotations

from enum import Enum

from firmware.frozen import frozen
from firmware.sip.message import Request, Response


class Role(Enum):
    """A proxy's place in the ordered list of proxies."""

    PRIMARY = "primary"
    BACKUP = "backup"


@frozen
class ServerName:
    """The name that a proxy's certificate is verified against (I1): a DNS name or an IP literal.

    It is never the address dialled: that is an `Address`.
    """

    text: str


@frozen
class Address:
    """A transport address: an IP literal (IPv6 without brackets) and a port."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


@frozen
class Proxy:
    """A proxy as configured: a name or an IP literal; port 0 leaves it to DNS, or means 5061."""

    role: Role
    host: str
    port: int = 0

    @property
    def name(self) -> ServerName:
        """The name to verify: what the administrator wrote (I1)."""
        return ServerName(self.host)

    def __str__(self) -> str:
        return f"{self.host}:{self.port}" if self.port else self.host


class FailureKind(Enum):
    """Why a connection ended or never came about; `Failure.text` says it in words."""

    CONFIGURATION = "configuration"  # L11: trusted certificates missing, no proxy set.
    CLOCK = "clock not set"  # I3.
    RESOLVE = "name not found"
    REFUSED = "refused"
    UNREACHABLE = "unreachable"
    TIMEOUT = "timeout"  # DNS, TCP or TLS took longer than its budget.
    TLS = "TLS"  # Handshake failure, TLS alert.
    CERTIFICATE = "certificate"  # The proxy was not who it should be (I1, I2).
    CLOSED = "closed"  # FIN or close_notify.
    RESET = "reset"  # RST.
    GARBAGE = "garbage"  # A stream that is not SIP.
    SILENT = "silent"  # Condemned: nothing came back (D2, D4).
    UNFIT = "unfit"  # The registrar does not serve (D8).
    HOME = "going home"  # From the backup, by choice (F3).
    SETTINGS = "other settings"  # The administrator wants the link elsewhere, or made anew (L5).
    STOPPED = "stopped"  # By the administrator or at switch-off.


@frozen
class Failure:
    """Why, for machines and for people: `text` is a sentence part such as "connection refused"."""

    kind: FailureKind
    text: str


@frozen
class TlsFacts:
    """What a finished handshake told: for the screen, the Contact and the benchmark."""

    local: Address
    version: str  # "TLSv1.3"
    cipher: str
    resumed: bool
    certificate_ends: float  # Unix time of the proxy certificate's notAfter.


# Commands to the driver.
@frozen
class Resolve:
    """Look up the addresses of a proxy; answered by `Resolved` or `Lost`."""

    attempt: int
    proxy: Proxy


@frozen
class Connect:
    """Open TCP to `address`, then TLS verified against `name`.

    Answered by `TcpConnected` and `Connected`, or by `Lost`.
    """

    attempt: int
    name: ServerName
    address: Address


@frozen
class Write:
    """Send these bytes on that connection."""

    attempt: int
    data: bytes


@frozen
class Close:
    """Close that connection, or give up that look-up; nothing more is heard of it."""

    attempt: int


@frozen
class CheckDelivery:
    """Ask the kernel how many bytes TCP has not had acknowledged; `DeliveryChecked` answers."""

    attempt: int


# Events from the driver.
@frozen
class Resolved:
    """The addresses of the proxy in the order to try them; never empty."""

    attempt: int
    addresses: tuple[Address, ...]


@frozen
class TcpConnected:
    """TCP stands; the TLS handshake begins."""

    attempt: int


@frozen
class Connected:
    """The handshake is done and the proxy is who it should be (I1, I2)."""

    attempt: int
    facts: TlsFacts


@frozen
class Received:
    """Decrypted bytes from the proxy; never empty."""

    attempt: int
    data: bytes


@frozen
class Lost:
    """The look-up or connection ended by itself; the driver has let go of it already."""

    attempt: int
    failure: Failure


@frozen
class DeliveryChecked:
    """How many bytes the kernel still holds that the proxy's TCP has not acknowledged."""

    attempt: int
    unacknowledged: int


@frozen
class Accepted:
    """A proxy opened a connection to our listening port, and is who it should be (L3, L11)."""

    attempt: int
    facts: TlsFacts


@frozen
class NetworkChanged:
    """An address, a carrier or the default route changed, or the clock was set (D6, I3)."""


# Commands from above.
@frozen
class SendMessage:
    """Send a SIP message over the link."""

    message: Request | Response


@frozen
class TestLink:
    """The handset was lifted or a first digit dialled: ping unless life was proven lately (D7)."""


@frozen
class AskProxy:
    """Send OPTIONS over the link, for somebody who wants to see; answered by `ProxyAnswered`."""


@frozen
class ProxyAnswered:
    """The final answer to the OPTIONS that was asked for, and how long it took.

    `status` is None where there is no link to ask over.
    """

    status: int | None = None
    took_s: float = 0.0


@frozen
class ServiceConfirmed:
    """A 2xx to REGISTER came over this link; Flow-Timer in seconds where the registrar gave one."""

    flow_timer_s: int | None = None


@frozen
class ProxyUnfit:
    """Registration says that the proxy does not serve (D8); of Retry-After, `HoldProxy` tells."""

    failure: Failure


@frozen
class HoldProxy:
    """An account got Retry-After, and none is registered there: not again before that (D8).

    It comes before the verdict on the proxy, which other accounts may have a say in: the link may
    end before that. Of several the longest counts.
    """

    proxy: Proxy
    retry_after_s: float  # A day at most.


@frozen
class CallsInProgress:
    """How many calls there are: they delay the way home (F3)."""

    count: int


@frozen
class ReadyToLeave:
    """Every account has signed off at this proxy; answers `LeaveSoon`."""


# Events to above.
@frozen
class LeaveSoon:
    """The link is about to move: sign off here, within a second (F3). `why` is for people."""

    why: str = "moving to the primary"


@frozen
class StayHere:
    """The link does not move after all: a call began, or the primary is gone (F3)."""


@frozen
class LinkUp:
    """SIP may flow. `local` is this end of the live connection: Via and Contact come from it."""

    proxy: Proxy
    local: Address
    remote: Address | None = None  # The proxy's end: by it Route entries may name the proxy (F6).


@frozen
class LinkDown:
    """SIP flows no more; what was written and not answered may be lost."""

    failure: Failure


@frozen
class MessageReceived:
    """A whole SIP message from the link."""

    message: Request | Response


class LinkState(Enum):
    """What the screen says of the link (S1, S2)."""

    OFF = "off"  # A configuration error: no connection is opened (L11).
    WAITING = "waiting"
    CONNECTING = "connecting"
    UP = "up"
    UNPROVEN = "unproven"  # Connected, but without proof of life for too long (L6, S2).


@frozen
class LinkStatus:
    """Everything the link screen knows; moments are monotonic seconds."""

    state: LinkState
    proxy: Proxy | None = None  # The one connected to, or tried last.
    reason: Failure | None = None  # Why the link is down, or why it was down last.
    attempts: int = 0  # Connections tried since the link was up.
    retry_at: float | None = None
    since: float = 0.0  # When this state was entered.
    proof_at: float | None = None  # The last proof of life.
    round_trip_s: float | None = None  # Smoothed.
    measured_s: float | None = None  # The newest round trip as it was measured,
    measured_at: float | None = None  # and when that was.
    keep_alive_s: float = 0.0  # The period in force; 0: off.
    answers_pings: bool | None = None  # None: not known yet on this link.
    facts: TlsFacts | None = None
    home_failure: Failure | None = None  # On the backup: why the primary was not had, last tried.
    per_call: bool = False  # TLS mode: a connection for each call, no link that is kept (L3).
