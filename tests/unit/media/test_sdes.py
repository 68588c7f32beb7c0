"""Keys in session descriptions (RFC 4568): what is taken, what is refused, what is never shown."""

from __future__ import annotations

import base64
import logging
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware.media.errors import SdesError
from firmware.media.sdes import Crypto, MasterKey, Suite, read_cryptos

KEY = "d0RmdmcmVCspeEc3QGZiNWpVLFJhQX1cfHAwJSoj"
"""RFC 4568 10.1."""

LINE = f"1 AES_CM_128_HMAC_SHA1_80 inline:{KEY}"

cryptos = st.builds(
    lambda tag, suite, seed: Crypto(tag, MasterKey.make(suite, Random(seed).randbytes)),
    tag=st.integers(0, 999_999_999),
    suite=st.sampled_from(Suite),
    seed=st.integers(0, 2**32),
)


def test_the_example_of_rfc_4568() -> None:
    crypto = Crypto.parse(f"{LINE}|2^20|1:4")
    assert crypto.key.suite is Suite.AES_CM_128_HMAC_SHA1_80
    assert crypto.key.material == base64.b64decode(KEY)
    assert crypto.key.mki == b"\x00\x00\x00\x01"
    assert Crypto.parse(LINE).to_sdp() == LINE


@given(cryptos)
def test_what_is_written_is_read(crypto: Crypto) -> None:
    assert Crypto.parse(crypto.to_sdp()) == crypto


@given(st.text(max_size=120) | st.text("1 2^|:;=inlineAESCM_028HKDR-Z\t", max_size=120))
def test_any_text_gives_a_line_or_the_error(text: str) -> None:
    for value in (text, f"1 AES_CM_128_HMAC_SHA1_80 {text}", f"{LINE}{text}"):
        try:
            Crypto.parse(value)
        except SdesError:
            continue


@pytest.mark.parametrize(
    "line",
    [
        LINE,
        LINE + "==",
        f"{LINE}|2^48",
        f"{LINE}|2^0",
        f"{LINE}|281474976710656",
        f"{LINE}|1:1",
        f"{LINE}|2^31|18446744073709551615:8",
        f"{LINE} WSH=64",
        f"{LINE} FEC_ORDER=FEC_SRTP",
        f"{LINE} -X-FANCY=7 -Y",
        LINE.replace("1 A", "000000007 A"),
        LINE.replace(" ", "\t "),
    ],
)
def test_what_can_be_honoured_is_taken(line: str) -> None:
    assert Crypto.parse(line).key.material == base64.b64decode(KEY)


def test_a_key_without_its_padding_is_taken() -> None:
    key = MasterKey.make(Suite.AEAD_AES_256_GCM, Random(1).randbytes)
    line = Crypto(2, key).to_sdp()
    assert line.endswith("=")
    assert Crypto.parse(line.rstrip("=")) == Crypto(2, key)


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("", "not a tag, a suite and a key"),
        (f"x AES_CM_128_HMAC_SHA1_80 inline:{KEY}", "tag is not a number"),
        (f"1234567890 AES_CM_128_HMAC_SHA1_80 inline:{KEY}", "tag is not a number"),
        (f"1 F8_128_HMAC_SHA1_80 inline:{KEY}", "not known here"),
        (f"1 AES_CM_128_HMAC_SHA1_80 uri:{KEY}", "not in the line"),
        (f"1 AES_CM_128_HMAC_SHA1_80 inline:{KEY}|1:4;inline:{KEY}|2:4", "more than one key"),
        ("1 AES_CM_128_HMAC_SHA1_80 inline:????", "not Base64"),
        ("1 AES_CM_128_HMAC_SHA1_80 inline:é", "not Base64"),
        ("1 AES_CM_128_HMAC_SHA1_80 inline:AAAA", "wrong length"),
        (f"1 AEAD_AES_256_GCM inline:{KEY}", "wrong length"),
        (f"{LINE}|0", "a lifetime"),
        (f"{LINE}|2^49", "a lifetime"),
        (f"{LINE}|281474976710657", "a lifetime"),
        (f"{LINE}|2^", "lifetime is not a number"),
        (f"{LINE}|soon", "lifetime is not a number"),
        (f"{LINE}|1:0", "does not fit"),
        (f"{LINE}|256:1", "does not fit"),
        (f"{LINE}|1:129", "does not fit"),
        (f"{LINE}|1:", "not a number and its length"),
        (f"{LINE}|2^20|1:4|x", "behind the key"),
        (f"{LINE} UNENCRYPTED_SRTP", "cannot be honoured"),
        (f"{LINE} UNENCRYPTED_SRTCP", "cannot be honoured"),
        (f"{LINE} UNAUTHENTICATED_SRTP", "cannot be honoured"),
        (f"{LINE} KDR=0", "cannot be honoured"),
        (f"{LINE} FEC_KEY=inline:{KEY}", "cannot be honoured"),
        (f"{LINE} X-NEW", "cannot be honoured"),
        (f"{LINE} WSH=63", "too small"),
        (f"{LINE} WSH=", "too small"),
    ],
)
def test_what_cannot_be_honoured_is_refused(line: str, why: str) -> None:
    with pytest.raises(SdesError, match=why) as caught:
        Crypto.parse(line)
    assert KEY not in str(caught.value)


def test_bad_lines_are_passed_over_and_a_tag_counts_once() -> None:
    second = LINE.replace("1 AES", "2 AES")
    found = read_cryptos([f"{LINE} KDR=1", second, second.replace("d0Rm", "AAAA"), LINE])
    assert [crypto.tag for crypto in found] == [2, 1]
    assert found[0].key.material == base64.b64decode(KEY)


def test_a_key_is_never_shown(caplog: pytest.LogCaptureFixture) -> None:
    crypto = Crypto.parse(f"{LINE}|1:4")
    material = crypto.key.material
    with caplog.at_level(logging.DEBUG):
        logging.getLogger().warning("%s %r %s", crypto, crypto, [crypto.key])
    shown = f"{crypto} {crypto!r} {crypto.key} {crypto.key!r} {caplog.text}"
    assert "AES_CM_128_HMAC_SHA1_80" in shown
    for secret in (KEY, KEY[:8], material.hex(), repr(material), repr(material)[2:10]):
        assert secret not in shown


def test_keys_come_from_the_secret_source_and_from_nowhere_else() -> None:
    assert MasterKey.make(Suite.AEAD_AES_128_GCM, bytes).material == bytes(28)
