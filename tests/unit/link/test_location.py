"""What NAPTR, SRV and addresses mean: order, preference, flags, lots, families (RFC 3263, 2782)."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from itertools import product
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware.link.location import (
    HOSTS_MAX,
    POINTERS_MAX,
    SERVICES_MAX,
    Pointer,
    Service,
    drawn,
    interleaved,
    is_denied,
    usable_pointers,
    usable_services,
)

GOOD = Pointer(10, 10, "s", "SIPS+D2T", "", "_sips._tcp.example.org")


def test_order_comes_before_preference_and_a_higher_order_is_not_looked_at() -> None:
    other = replace(GOOD, preference=5)
    later = replace(GOOD, order=20, preference=1)
    assert usable_pointers([later, GOOD, other]) == [other, GOOD]
    assert usable_pointers([later]) == [later]


@pytest.mark.parametrize(
    "bad",
    [
        replace(GOOD, service="SIP+D2T"),
        replace(GOOD, service="SIP+D2U"),
        replace(GOOD, service="SIPS+D2S"),
        replace(GOOD, service=""),
        replace(GOOD, flags="u"),
        replace(GOOD, flags=""),
        replace(GOOD, flags="sa"),
        replace(GOOD, expression="!.*!sip:x@evil!"),
        replace(GOOD, replacement=""),
    ],
    ids=str,
)
def test_what_is_not_sip_over_tls_is_not_used_and_hides_nothing(bad: Pointer) -> None:
    assert usable_pointers([replace(bad, order=1), GOOD]) == [GOOD]
    assert usable_pointers([bad]) == []


def test_flags_and_services_are_not_case_sensitive() -> None:
    for flags, service in product("sSaA", ("sips+d2t", "SIPS+D2T")):
        pointer = replace(GOOD, flags=flags, service=service)
        assert usable_pointers([pointer]) == [pointer]
        assert pointer.is_terminal is (flags in "aA")


def test_only_so_many_records_are_looked_at() -> None:
    pointers = [replace(GOOD, preference=number) for number in range(100)]
    assert usable_pointers(pointers) == pointers[:POINTERS_MAX]
    services = [Service(number, 0, 5061, f"p{number}.example") for number in range(100)]
    assert usable_services(reversed(services)) == services[:SERVICES_MAX]
    assert len(interleaved(f"192.0.2.{number}" for number in range(100))) == HOSTS_MAX


def test_a_lone_root_says_that_the_service_is_not_there() -> None:
    nowhere, host = Service(0, 0, 0, ""), Service(0, 0, 5061, "p1.example.org")
    assert is_denied([nowhere])
    assert not is_denied([])
    assert not is_denied([nowhere, host])
    assert usable_services([nowhere, host, replace(host, port=0)]) == [host]


def test_priorities_come_in_order_whatever_the_weights() -> None:
    low, high = Service(1, 0, 5061, "a"), Service(2, 65535, 5061, "b")
    for seed in range(50):
        assert drawn([high, low], Random(seed)) == [low, high]


def test_weights_draw_lots() -> None:
    heavy, light, none = (Service(1, weight, 5061, f"w{weight}") for weight in (60, 20, 0))
    first = Counter(drawn([none, light, heavy], Random(seed))[0] for seed in range(4000))
    assert 0.70 < first[heavy] / 4000 < 0.78  # 60 of 81 lots.
    assert 0.21 < first[light] / 4000 < 0.29
    assert 0 < first[none] / 4000 < 0.04  # A very small chance (RFC 2782).


def test_equal_weights_of_zero_come_all() -> None:
    services = [Service(1, 0, 5061, name) for name in "abc"]
    assert sorted(drawn(services, Random(1)), key=lambda one: one.target) == services


@given(
    st.lists(
        st.builds(
            Service,
            st.integers(0, 3),
            st.integers(0, 65535),
            st.just(5061),
            st.sampled_from("abcdef"),
        ),
        max_size=SERVICES_MAX,
    ),
    st.integers(),
)
def test_every_service_is_drawn_once(services: list[Service], seed: int) -> None:
    order = drawn(services, Random(seed))
    assert Counter(order) == Counter(services)
    assert [one.priority for one in order] == sorted(one.priority for one in services)


def test_families_take_turns_and_ipv6_begins() -> None:
    four, six = ["192.0.2.1", "192.0.2.2", "192.0.2.3"], ["2001:db8::1"]
    assert interleaved(four + six) == ("2001:db8::1", "192.0.2.1", "192.0.2.2", "192.0.2.3")
    assert interleaved(six * 2) == ("2001:db8::1",)
    assert interleaved([]) == ()
