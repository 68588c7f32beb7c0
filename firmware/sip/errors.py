"""The one error of this package: the peer sent what is not SIP."""

from __future__ import annotations


class RemoteProtocolError(ValueError):
    """The peer is wrong. `status` is the answer it deserves where it can be answered at all."""

    def __init__(
        self, text: str, status: int = 400, header_lines: tuple[tuple[str, str], ...] = ()
    ) -> None:
        super().__init__(text)
        self.text = text
        self.status = status
        self.header_lines = header_lines
