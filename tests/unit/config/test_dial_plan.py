"""The dial plan: every form of a pattern, what is refused and where, and a slow reference."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from config.dial_plan import (
    DEPTH_MAX,
    DIAL_PLAN_MAX,
    DIGITS,
    KEYS,
    NOT_STARTED,
    DialPlan,
    DialPlanError,
    Match,
)
from config.store import Store

NONE, PARTIAL, COMPLETE, OPEN = Match.NONE, Match.PARTIAL, Match.COMPLETE, Match.OPEN

FORMS = [
    # The default.
    ("x+#|xx+*", "1", PARTIAL, "1"),
    ("x+#|xx+*", "102#", COMPLETE, "102"),
    ("x+#|xx+*", "102*", COMPLETE, "102*"),
    ("x+#|xx+*", "#", COMPLETE, ""),
    ("x+#|xx+*", "*", NONE, "*"),
    # Symbols, wildcard in either case, sets, ranges.
    ("112", "11", PARTIAL, "11"),
    ("112", "112", COMPLETE, "112"),
    ("112", "113", NONE, "113"),
    ("112", "1122", NONE, "1122"),
    ("xX", "42", COMPLETE, "42"),
    ("x", "*", NONE, "*"),
    ("[2-4*]1", "*1", COMPLETE, "*1"),
    ("[2-4*]1", "51", NONE, "51"),
    ("[13-57]", "4", COMPLETE, "4"),
    ("[13-57]", "2", NONE, "2"),
    ("[5-5#]", "#", COMPLETE, "#"),
    # No time, once, or more often.
    ("12+", "1", OPEN, "1"),
    ("12+", "1222", OPEN, "1222"),
    ("12+", "1223", NONE, "1223"),
    ("[12]+3", "121213", COMPLETE, "121213"),
    ("1(23)+", "12323", OPEN, "12323"),
    ("1(23)+", "1232", PARTIAL, "1232"),
    ("1(2+3+)+", "13322", OPEN, "13322"),
    # Groups.
    ("0(1|2(3|4))5", "0245", COMPLETE, "0245"),
    ("0(1|2(3|4))5", "025", NONE, "025"),
    # Complete, but may go on.
    ("1|12", "1", OPEN, "1"),
    ("1|12", "12", COMPLETE, "12"),
    # What is put before the number, also where the time was over; the first pattern counts.
    ("[2-9]xxx,91", "2345", COMPLETE, "912345"),
    ("[2-9]xxx,91", "23", PARTIAL, "9123"),
    ("1x+#,9", "15551212#", COMPLETE, "915551212"),
    ("6xx,57|6xx,58", "612", COMPLETE, "57612"),
    ("6xx,57|61,#*", "61", OPEN, "#*61"),
    ("6xx,57|61,#*", "612", COMPLETE, "57612"),
    # A # that ends the number is not sent; any other is.
    ("*21#", "*21#", COMPLETE, "*21#"),
    ("*x+#", "*21#", COMPLETE, "*21"),
    ("x+##", "12##", COMPLETE, "12##"),
    ("x+[#]", "12#", COMPLETE, "12#"),
    ("x+#1", "12#", PARTIAL, "12#"),
    ("x+#+", "12#", OPEN, "12#"),
    ("*21*x+#|*21#", "*21#", COMPLETE, "*21#"),
    # The desk phones' ^ is taken and changes nothing.
    ("x+^", "102", OPEN, "102"),
    ("x+^,9|*x", "102", OPEN, "9102"),
    # No plan.
    ("", "1", NONE, "1"),
]


@pytest.mark.parametrize(("plan", "keys", "match", "number"), FORMS)
def test_forms_of_patterns(plan: str, keys: str, match: Match, number: str) -> None:
    verdict = DialPlan(plan).match(keys)
    assert (verdict.match, verdict.number) == (match, number)


@pytest.mark.parametrize(
    ("plan", "keys", "tone"),
    [
        ("9;xxx", "", False),
        ("9;xxx", "9", True),
        ("9;xxx", "91", False),
        ("9;xxx", "8", False),
        ("9;xxx|9xx#", "9", True),
        ("0;0;x+", "00", True),
        ("(8|9);x", "8", True),
        ("9x+;1", "91", True),
        (";12", "1", False),
    ],
)
def test_a_second_dial_tone_is_heard_behind_its_mark(plan: str, keys: str, tone: bool) -> None:
    assert DialPlan(plan).match(keys).second_tone is tone


def test_it_is_known_whether_a_pattern_of_fixed_length_may_go_on() -> None:
    assert DialPlan("x+#|1xxx").match("112").may_be_fixed
    assert not DialPlan("x+#|2xxx").match("112").may_be_fixed
    assert not DialPlan("x+#|112").match("112").may_be_fixed


BAD = [
    ("12|", 4, "a pattern is missing"),
    ("|12", 1, "a pattern is missing"),
    ("1||2", 3, "a pattern is missing"),
    ("1()", 3, "a pattern is missing"),
    ("+1", 1, 'nothing to repeat before "+"'),
    ("1;+", 3, 'nothing to repeat before "+"'),
    ("1++", 3, '"+" repeats what stands before it'),
    ("12[34", 3, '"[" is not closed'),
    ("1[]", 2, "nothing within [ ]"),
    ("1[x]", 3, '"x" has no place within [ ]'),
    ("1[8-2]", 3, "a range is two digits"),
    ("1[2-*]", 3, "a range is two digits"),
    ("1[2-", 3, "a range is two digits"),
    ("(12", 1, '"(" is not closed'),
    ("(1(2)", 1, '"(" is not closed'),
    ("x)", 2, '")" has no place here'),
    ("1]", 2, '"]" has no place here'),
    ("(1,2)", 3, '"," has no place within brackets'),
    ("1,", 3, 'digits are missing behind ","'),
    ("1,x", 3, 'digits are missing behind ","'),
    ("1,2,3", 4, '"," has no place here'),
    ("91,[2-9]x", 4, 'digits are missing behind ","'),
    ("1^2", 3, '"2" has no place here'),
    ("1^^", 3, '"^" stands once'),
    ("1 2", 2, '" " has no place here'),
    ("hello", 1, '"h" has no place here'),
    ("1٢", 2, "has no place here"),
    ("1\x00", 2, "has no place here"),
    ("1-2", 2, '"-" has no place here'),
    ("x" * (DIAL_PLAN_MAX + 1), DIAL_PLAN_MAX + 1, "longer than 512 characters"),
    ("(" * 300, DEPTH_MAX + 1, "more than 8 brackets"),
]


@pytest.mark.parametrize(("plan", "column", "text"), BAD)
def test_a_bad_plan_is_refused_by_its_column(plan: str, column: int, text: str) -> None:
    with pytest.raises(DialPlanError, match="column") as caught:
        DialPlan(plan)
    assert str(caught.value).startswith(f"column {column}: ")
    assert text in str(caught.value)


@pytest.mark.parametrize("name", ["sip dial plan", "emergency dial plan"])
def test_a_bad_plan_is_reported_with_file_line_parameter_and_column(
    name: str, tmp_path: Path
) -> None:
    (tmp_path / "startup.cfg").write_text(f'# plans\n{name}: "12|[34"\n')
    configuration = Store(tmp_path).read()
    (problem,) = configuration.problems
    said = 'is not a dial plan: column 4: "[" is not closed'
    assert str(problem) == f'startup.cfg:2: {name}: "12|[34" {said}'
    assert configuration.value(name) in {"x+#|xx+*", "911|999|112|110"}


# The reference: Brzozowski's derivatives of the expression itself, slow and plain.

Node = tuple[str, tuple["Node", ...], str]
"""A kind ("keys", "join", "either", "repeat", "nothing", "never"), its parts, its keys."""

NOTHING: Node = ("nothing", (), "")
NEVER: Node = ("never", (), "")


def is_empty(node: Node) -> bool:
    kind, parts, _ = node
    if kind == "join":
        return all(map(is_empty, parts))
    return kind in {"nothing", "repeat"} or (kind == "either" and any(map(is_empty, parts)))


def join(left: Node, right: Node) -> Node:
    return NEVER if NEVER in {left, right} else ("join", (left, right), "")


def either(left: Node, right: Node) -> Node:
    return right if left == NEVER else left if right == NEVER else ("either", (left, right), "")


def after(node: Node, key: str) -> Node:
    kind, parts, keys = node
    if kind == "keys":
        return NOTHING if key in keys else NEVER
    if kind == "either":
        return either(after(parts[0], key), after(parts[1], key))
    if kind == "repeat":
        return join(after(parts[0], key), node)
    if kind == "join":
        left = join(after(parts[0], key), parts[1])
        return either(left, after(parts[1], key)) if is_empty(parts[0]) else left
    return NEVER


def reference(node: Node, keys: str) -> Match:
    for key in keys:
        node = after(node, key)
    if node == NEVER:
        return NONE
    may_go_on = any(after(node, key) != NEVER for key in KEYS)
    if not is_empty(node):
        return PARTIAL
    return OPEN if may_go_on else COMPLETE


Written = tuple[str, Node]

symbols = st.one_of(
    st.sampled_from(KEYS).map(lambda key: (key, ("keys", (), key))),
    st.just(("x", ("keys", (), DIGITS))),
    st.sets(st.sampled_from("12*#"), min_size=1).map(
        lambda keys: (f"[{''.join(sorted(keys))}]", ("keys", (), "".join(keys)))
    ),
)


def sequences(inner: st.SearchStrategy[Written]) -> st.SearchStrategy[Written]:
    def written(parts: list[tuple[Written, bool, bool]]) -> Written:
        text, node = "", NOTHING
        for (symbol, meaning), repeats, tone in parts:
            text += symbol + "+" * repeats + ";" * tone
            node = join(node, ("repeat", (meaning,), "") if repeats else meaning)
        return text, node

    return st.lists(st.tuples(inner, st.booleans(), st.booleans()), min_size=1, max_size=4).map(
        written
    )


def alternatives(inner: st.SearchStrategy[Written]) -> st.SearchStrategy[Written]:
    def written(parts: list[Written]) -> Written:
        node = NEVER
        for _, meaning in parts:
            node = either(node, meaning)
        return "|".join(text for text, _ in parts), node

    return st.lists(sequences(inner), min_size=1, max_size=3).map(written)


def grouped(inner: st.SearchStrategy[Written]) -> st.SearchStrategy[Written]:
    return alternatives(inner).map(lambda plan: (f"({plan[0]})", plan[1]))


plans = alternatives(st.recursive(symbols, grouped, max_leaves=6))


@settings(max_examples=150, deadline=None)
@given(plans, st.text("12*#3", min_size=1, max_size=7))
def test_the_automaton_agrees_with_the_reference(plan: Written, keys: str) -> None:
    text, node = plan
    if len(text) > DIAL_PLAN_MAX:
        return
    compiled = DialPlan(text)
    state = NOT_STARTED
    for count, key in enumerate(keys, start=1):
        state = compiled.step(state, key)
        verdict = compiled.verdict(state, keys[:count])
        assert verdict == compiled.match(keys[:count])
        assert verdict.match is reference(node, keys[:count]), (text, keys[:count])


TYPED = "12*#0987654321#"


@settings(max_examples=100, deadline=None)
@given(st.text("0129*#xX+[]-()|,;^ h", max_size=40) | st.text(max_size=600))
def test_any_text_is_a_plan_or_refused_by_a_column(text: str) -> None:
    try:
        plan = DialPlan(text)
    except DialPlanError as error:
        named = re.match(r"column (\d+): \S", str(error))
        assert named, "a refusal names a column"
        assert 1 <= int(named[1]) <= min(len(text), DIAL_PLAN_MAX) + 1, (
            "within the text, or its end"
        )
        return
    assert set(text) <= set(KEYS + "xX+[-]()|,;^")
    for count in range(len(TYPED) + 1):
        keys = TYPED[:count]
        verdict = plan.match(keys)
        assert verdict.match in Match
        assert verdict.number.endswith((keys, keys.removesuffix("#"))), "what was typed is sent"


@pytest.mark.parametrize("plan", ["(x+x+x+x+)+", "(" * 8 + "x+" * 200 + ")" * 8, "x+" * 256])
def test_no_plan_takes_long(plan: str) -> None:
    """A backtracking matcher would not come back from these."""
    assert DialPlan(plan).match("1" * 32 + "*").match is NONE
