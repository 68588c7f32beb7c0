"""No text becomes markup."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from firmware.web.html import Html, join, prose, tag


def test_text_and_attributes_are_escaped() -> None:
    made = tag("p", "<b>&", title='"><script>')
    assert made == '<p title="&quot;&gt;&lt;script&gt;">&lt;b&gt;&amp;</p>'


def test_markup_stays_markup() -> None:
    assert tag("p", tag("b", "x"), None, "<") == "<p><b>x</b>&lt;</p>"
    assert isinstance(join("a", Html("<br>")), Html)


def test_names_in_a_sentence_are_code_and_text_all_the_same() -> None:
    assert prose("As `sip <b> port`, or 0.") == "As <code>sip &lt;b&gt; port</code>, or 0."


def test_attributes_that_are_not_so_are_left_out() -> None:
    assert tag("input", required=True, disabled=False, value=None, for_="a", aria_label="b") == (
        '<input required for="a" aria-label="b">'
    )


@given(st.text(), st.text())
def test_whatever_a_text_holds_there_is_one_element(text: str, value: str) -> None:
    made = tag("p", text, title=value)
    assert made.count("<") == 2
    assert made.count(">") == 2
    assert made.count('"') == 2
