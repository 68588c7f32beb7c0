"""The Replaces header: which dialog an INVITE takes the place of (RFC 3891 6.1)."""

from __future__ import annotations

from firmware.frozen import frozen
from firmware.sip.errors import RemoteProtocolError
from firmware.sip.fields import read_word
from firmware.sip.grammar import WHITE_SPACE, Parameters, is_token


@frozen
class Replaces:
    """A dialog as its receiver knows it: `to_tag` is the receiver's own, `from_tag` the other."""

    call_id: str
    to_tag: str
    from_tag: str
    early_only: bool = False

    @classmethod
    def parse(cls, text: str) -> Replaces:
        """Read `call-id;to-tag=7743;from-tag=6472;early-only`."""
        call_id, semicolon, rest = text.partition(";")
        call_id = read_word(call_id.strip(WHITE_SPACE))
        parameters = Parameters.parse((semicolon + rest).rstrip(WHITE_SPACE))
        to_tag, from_tag = (parameters.get(name) or "" for name in ("to-tag", "from-tag"))
        if not call_id or not is_token(to_tag) or not is_token(from_tag):
            raise RemoteProtocolError("Replaces does not name a dialog")
        return cls(call_id, to_tag, from_tag, "early-only" in parameters)

    def __str__(self) -> str:
        text = f"{self.call_id};to-tag={self.to_tag};from-tag={self.from_tag}"
        return f"{text};early-only" if self.early_only else text
