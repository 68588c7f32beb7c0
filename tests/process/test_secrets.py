"""T4: a traced phone registers and calls, and tells nobody its secrets; a wrong one stops."""

from __future__ import annotations

import re

from tests.process.handset import PASSWORD, Place

SECRETS = re.compile(r"\b(?:nonce|cnonce|response|opaque|nextnonce|rspauth)\s*=\s*\"?(?!\*{4})\w")


def test_a_trace_holds_the_messages_and_none_of_the_secrets(place: Place) -> None:
    place.configure({})
    nonces = list[str]()
    seen = place.exchange.take

    def listen(message: object, end: object) -> None:
        nonces.extend(re.findall(r'(?:nonce|response)="([^"]+)"', bytes(message).decode()))  # type: ignore[call-overload] # A message.
        seen(message, end)  # type: ignore[arg-type] # As it came.

    place.exchange.take = listen  # type: ignore[method-assign] # An ear at the proxy.
    with place.phone("--trace") as phone:
        phone.wait_for("registered")
        phone.send("dial", uri="600")
        phone.wait_for("answered")
        phone.send("hangup")
        phone.wait_for("ended")
        assert phone.stop() == 0
        said = phone.errors + phone.program.text
    assert "REGISTER sip:" in said
    assert "INVITE sip:" in said
    assert nonces
    assert PASSWORD not in said
    for secret in nonces:
        assert secret not in said
    assert not SECRETS.search(said)
    assert "Traceback" not in said
