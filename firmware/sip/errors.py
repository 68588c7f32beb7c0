"""The one error of this package: the peer is wrong, and this is the answer it should get."""

from __future__ import annotations


class RemoteProtocolError(ValueError):
    """A peer sent what it must not send; `status` and `header_lines` say how to answer it."""

    def __init__(
        self, text: str, status: int = 400, header_lines: tuple[tuple[str, str], ...] = ()
    ) -> None:
        super().__init__(text)
        self.text = text
        self.status = status
        self.header_lines = header_lines
