"""What a notifier says of a phone's dialogs, read with limits (RFC 4235 4)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware.agent.dialog_info import (
    BODY_BYTES_MAX,
    DEPTH_MAX,
    DIALOGS_MAX,
    ELEMENTS_MAX,
    WORD_MAX,
    DialogInfo,
    OtherDialog,
)
from firmware.agent.events import Lamp
from firmware.sip.errors import RemoteProtocolError
from tests.fuzz.lamps import lamps as lamps_of_any
from tests.fuzz.lamps import read

NAMESPACE = "urn:ietf:params:xml:ns:dialog-info"


def document(
    inner: str = "", *, version: str = "0", state: str = "full", before: str = ""
) -> bytes:
    head = f'<dialog-info xmlns="{NAMESPACE}" version="{version}" state="{state}" entity="sip:x@y">'
    return f'<?xml version="1.0"?>{before}{head}{inner}</dialog-info>'.encode()


def dialog(state: str, direction: str = "", number: int = 1) -> str:
    way = f' direction="{direction}"' if direction else ""
    return f'<dialog id="d{number}"{way}><state>{state}</state></dialog>'


def lamps(body: bytes) -> list[Lamp]:
    return [each.lamp for each in DialogInfo.parse(body).dialogs]


# RFC 4235 6.1 and 4.4: what the RFC itself shows.
FROM_THE_RFC = b"""<?xml version="1.0"?>
<dialog-info xmlns="urn:ietf:params:xml:ns:dialog-info"
             version="1"
             state="full"
             entity="sip:bob@example.com">
  <dialog id="as7d900as8" call-id="a84b4c76e66710"
          local-tag="1928301774" remote-tag="456887766"
          direction="initiator">
    <state event="rejected" code="486">terminated</state>
    <duration>274</duration>
    <local>
      <identity display="Anonymous">sip:anonymous@example.com</identity>
      <target uri="sip:bob@198.51.100.4"><param pname="isfocus" pval="true"/></target>
    </local>
    <remote><identity>sip:alice@example.com</identity></remote>
  </dialog>
  <dialog id="x5"><state>confirmed</state></dialog>
</dialog-info>"""


def test_a_document_as_the_rfc_shows_it() -> None:
    dialogs = (OtherDialog("as7d900as8", Lamp.IDLE), OtherDialog("x5", Lamp.BUSY))
    assert DialogInfo.parse(FROM_THE_RFC) == DialogInfo(1, True, dialogs)


@pytest.mark.parametrize(
    ("state", "direction", "lamp"),
    [
        ("trying", "initiator", Lamp.BUSY),
        ("trying", "", Lamp.BUSY),
        ("proceeding", "initiator", Lamp.BUSY),
        ("proceeding", "recipient", Lamp.RINGING),
        ("early", "initiator", Lamp.BUSY),
        ("early", "recipient", Lamp.RINGING),
        ("early", "", Lamp.RINGING),
        ("confirmed", "recipient", Lamp.BUSY),
        (" Confirmed\n", "initiator", Lamp.BUSY),
        ("terminated", "recipient", Lamp.IDLE),
    ],
)
def test_what_the_state_of_a_dialog_means(state: str, direction: str, lamp: Lamp) -> None:
    assert lamps(document(dialog(state, direction))) == [lamp]


def test_what_real_notifiers_leave_out_or_add() -> None:
    bare = (
        b'<dialog-info state="partial"><dialog id="1"><state>early</state></dialog></dialog-info>'
    )
    assert DialogInfo.parse(bare) == DialogInfo(0, False, (OtherDialog("1", Lamp.RINGING),))
    assert DialogInfo.parse(document()) == DialogInfo(0, True, ())
    with_mark = b"\xef\xbb\xbf" + document(dialog("confirmed"))
    assert lamps(with_mark) == [Lamp.BUSY]
    strange = '<x:note xmlns:x="urn:x"><x:dialog/></x:note>' + dialog("early")
    assert lamps(document(strange)) == [Lamp.RINGING]


BOMB = "<!DOCTYPE lolz [" + "".join(
    f'<!ENTITY l{n} "{f"&l{n - 1};" * 10 if n else "lol"}">' for n in range(9)
) + "]>"  # fmt: skip
OUTSIDE = '<!DOCTYPE x SYSTEM "http://198.51.100.66/x.dtd">'
FILE = '<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]>'


@pytest.mark.parametrize("doctype", [BOMB, OUTSIDE, FILE, "<!DOCTYPE dialog-info>"])
def test_a_document_type_is_refused_before_it_declares_anything(doctype: str) -> None:
    with pytest.raises(RemoteProtocolError, match="has a document type"):
        DialogInfo.parse(document(dialog("&l8;&e;"), before=doctype))


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (b"", "no element found in line 1"),
        (b"busy", "syntax error in line 1"),
        (document()[:-3], "unclosed token in line 1"),
        (document(dialog("&x;")), "undefined entity in line 1"),
        (b"<a></b>", "not a dialog-info"),
        (document("<dialog></state>"), "mismatched tag"),
        (document(dialog("dancing")), "unknown state"),
        (document("<dialog id='1'/>"), "unknown state"),
        (document(version="-1"), "no version"),
        (document(version="soon"), "no version"),
        (document(version="٣"), "no version"),
        (document(version="9" * 30), "no version"),
        (document(state="half"), "neither full nor partial"),
        (b"<presence/>", "not a dialog-info"),
        (b"\xff\xfe<\x00d\x00", "unclosed token in line 1"),
        (b'<?xml version="1.0" encoding="x-none"?><dialog-info state="full">', "no element"),
        (document("<x>" * (DEPTH_MAX + 1) + "</x>" * (DEPTH_MAX + 1)), "too many elements"),
        (document("<x/>" * (ELEMENTS_MAX + 1)), "too many elements"),
        (document("".join(dialog("early", "", n) for n in range(DIALOGS_MAX + 1))), "too many dia"),
        (b" " * (BODY_BYTES_MAX + 1), "too long"),
    ],
)
def test_what_cannot_be_read_is_named(body: bytes, why: str) -> None:
    with pytest.raises(RemoteProtocolError, match=why):
        DialogInfo.parse(body)


def test_an_id_is_kept_as_far_as_any_id_goes() -> None:
    (told,) = DialogInfo.parse(
        document(f"<dialog id='{'x' * 9999}'><state>early</state></dialog>")
    ).dialogs
    assert told.id == "x" * WORD_MAX


STATES = st.sampled_from(["trying", "proceeding", "early", "confirmed", "terminated", "", "&lt;"])
PIECES = st.one_of(
    st.builds(dialog, STATES, st.sampled_from(["", "initiator", "recipient"]), st.integers(0, 9)),
    st.text("<>/=\"'&;! [CDATA]?-xé", max_size=12),
)


@given(st.lists(PIECES, max_size=8), st.text(max_size=6), st.sampled_from(["full", "partial", ""]))
def test_whatever_is_written_is_read_or_refused(pieces: list[str], version: str, kind: str) -> None:
    body = document("".join(pieces), version=version.replace('"', ""), state=kind)
    lamps_of_any(body)
    assert isinstance(read(body), DialogInfo | RemoteProtocolError)


@given(st.binary(max_size=300))
def test_any_bytes_are_read_or_refused(body: bytes) -> None:
    lamps_of_any(body)
    assert isinstance(read(body), DialogInfo | RemoteProtocolError)
