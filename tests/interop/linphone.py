"""A real linphone without a sound card, registered over TLS: a second opinion on encrypted calls.

It accepts no proxy by address: the certificate has to carry a name, and the name has to resolve. So
it runs in a mount namespace with a table of hosts of its own. It is a console program, and spins
when its input ends: `script` holds a terminal open for it.
"""

from __future__ import annotations

import re
import time
from dataclasses import dataclass
from pathlib import Path

from tests.interop.accounts import DOMAIN, USERS
from tests.lab.processes import Program

PROXY_NAME = "proxy.lab.test"
EVENT_S = 10.0

CONFIG = """\
[sip]
root_ca={authority}
verify_server_certs=1
verify_server_cn=1
sip_port=0
sip_tcp_port=0
sip_tls_port=-2
media_encryption=srtp
media_encryption_mandatory=1
use_ipv6=0
{more}[rtp]
audio_rtp_port=-1
[sound]
local_ring=
remote_ring=
[video]
enabled=0
[auth_info_0]
username={user}
userid={user}
passwd={password}
realm={domain}
domain={domain}
[proxy_0]
reg_proxy=<sip:{proxy}:{port};transport=tls>
reg_route=<sip:{proxy}:{port};transport=tls;lr>
reg_identity=sip:{user}@{domain}
reg_expires=600
reg_sendregister=1
"""

RUN = """\
mount --bind {directory}/hosts /etc/hosts
export HOME={directory}
exec script -qfc 'linphonec -c {directory}/linphonerc' /dev/null
"""


@dataclass
class Linphone:
    """One linphone with one account; a context manager. What it does is seen at the others."""

    directory: Path
    authority: Path
    port: int
    user: str = "dave"
    suite: str = ""  # The one that it has; "": all of its own.
    session_s: int = 0  # How often a call is refreshed (RFC 4028); 0: never.
    refreshes: bool = True  # It does so itself.
    digits_by_info: bool = False  # In place of events (RFC 4733).

    def __enter__(self) -> Linphone:
        (self.directory / ".local/share/linphone").mkdir(parents=True)
        (self.directory / "hosts").write_text(f"127.0.0.1 localhost {PROXY_NAME}\n")
        (self.directory / "linphonerc").write_text(
            CONFIG.format(
                authority=self.authority,
                user=self.user,
                password=USERS[self.user],
                domain=DOMAIN,
                proxy=PROXY_NAME,
                port=self.port,
                more=self._more(),
            )
        )
        command = RUN.format(directory=self.directory)
        self._program = Program(["unshare", "-m", "sh", "-ec", command])
        self._say("soundcard use files")
        return self

    def __exit__(self, *_: object) -> None:
        try:
            self._say("quit")
        finally:
            self._program.stop()

    @property
    def uri(self) -> str:
        """Where it can be called."""
        return f"sip:{self.user}@{DOMAIN}"

    def dial(self, uri: str) -> None:
        """Call somebody."""
        self._say(f"call {uri}")

    def answer(self) -> None:
        """Answer the call that rings."""
        self._say("answer")

    def hold(self) -> None:
        """Hold the call, and wait until it is held: before, nothing can be resumed."""
        at = time.time()
        self._say("pause")
        self._program.wait_for("is now paused", EVENT_S, at)

    def wait_talking(self, since: float) -> None:
        """Wait until its sound runs: before, it knows of no call to hold."""
        self._program.wait_for("Media streams established", EVENT_S, since)

    def resume(self) -> None:
        """Go on with the call that is held."""
        self._say("resume")

    def hang_up(self) -> None:
        """End the call."""
        self._say("terminate")

    def press(self, digit: str) -> None:
        """Send a digit."""
        self._say(digit)

    def wait_for_digit(self, digit: str, since: float) -> None:
        """Wait until it has heard a digit."""
        self._program.wait_for(f"Receiving tone {re.escape(digit)} from", EVENT_S, since)

    def wait_held(self, since: float) -> None:
        """Wait until it was told that the call is held."""
        self._program.wait_for("has been paused by", EVENT_S, since)

    def keep_codec(self, name: str) -> None:
        """Have one codec only, from the next offer on."""
        at = time.time()
        self._say("codec list")
        self._program.wait_for(rf"^ *\d+: {name} ", EVENT_S, at)
        for line in self._program.matching(r"^ *\d+: .* enabled", at):
            number, _, codec = line.text.strip().partition(": ")
            if not codec.startswith(f"{name} "):
                self._say(f"codec disable {number}")

    def _more(self) -> str:
        """Return further lines of its section about SIP."""
        lines = [f"srtp_crypto_suites={self.suite}"] if self.suite else []
        lines += ["use_info=1", "use_rfc2833=0"] if self.digits_by_info else []
        if self.session_s:
            lines += ["session_expires_enabled=1", f"session_expires_value={self.session_s}"]
            lines += [f"session_expires_min_value={self.session_s}"]
            lines += [f"session_expires_refresher_value={2 if self.refreshes else 1}"]
        return "".join(f"{line}\n" for line in lines)

    def _say(self, command: str) -> None:
        self._program.say(f"{command}\n")
