"""The fuzz target of what is told of other phones: documents of XML, one after the other."""

from __future__ import annotations

from firmware.agent.dialog_info import DIALOGS_MAX, DialogInfo
from firmware.sip.errors import RemoteProtocolError


def read(data: bytes) -> DialogInfo | RemoteProtocolError:
    """Return what a document says, or why it is refused."""
    try:
        return DialogInfo.parse(data)
    except RemoteProtocolError as error:
        return error


def lamps(data: bytes) -> None:
    """Read a document, or refuse it in words; nothing that is read is larger than it may be."""
    said = read(data)
    if isinstance(said, RemoteProtocolError):
        assert said.status in {400, 413}
        assert said.text.isprintable(), "it stands in the log"
        return
    assert said.version >= 0
    assert len(said.dialogs) <= DIALOGS_MAX
    assert sum(len(dialog.id) for dialog in said.dialogs) <= len(data)
    assert said == read(data)
