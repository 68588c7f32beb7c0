"""From a name without a port to addresses, against a name server with every habit (RFC 3263)."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

import pytest

from firmware.link.events import Address
from firmware.runtime import locator as locator_module
from firmware.runtime import resolver as resolver_module
from firmware.runtime.dns_client import DnsClient
from firmware.runtime.locator import ResolveError
from tests.lab.name_server import NameServer
from tests.unit.runtime.test_resolver import resolver_at
from tests.unit.runtime.wire import run

NAME = "example.com"
SRV = f"_sips._tcp.{NAME}"
ONE, TWO = "p1.example.com", "p2.example.com"
HERE, THERE = "192.0.2.1", "192.0.2.2"
SECOND = "127.0.0.2"

USUAL = {
    (SRV, "SRV"): [f"1 0 5071 {ONE}.", f"2 0 5072 {TWO}."],
    (ONE, "A"): [HERE],
    (TWO, "A"): [THERE],
    (NAME, "A"): ["192.0.2.99"],
}


async def found(*servers: NameServer, port: int = 0, name: str = NAME) -> list[str]:
    """Look a name up with a new resolver."""
    return [str(address) for address in await resolver_at(*servers).addresses(name, port)]


async def why_not(server: NameServer) -> str:
    with pytest.raises(ResolveError) as caught:
        await found(server)
    return str(caught.value)


def test_srv_names_hosts_and_ports_in_the_order_of_their_priority() -> None:
    async def scene() -> None:
        async with NameServer(table=USUAL).listening() as server:
            assert await found(server) == [f"{HERE}:5071", f"{THERE}:5072"]

    run(scene())


def test_a_port_means_addresses_and_nothing_else() -> None:
    async def scene() -> None:
        async with NameServer(table=USUAL).listening() as server:
            assert await found(server, port=5065) == ["192.0.2.99:5065"]
            assert {kind for _, kind in server.asked} == {"A", "AAAA"}

    run(scene())


def test_naptr_leads_to_its_srv_records_or_straight_to_hosts() -> None:
    async def scene() -> None:
        async with NameServer(table=dict(USUAL)).listening() as server:
            server.table["_sips._tcp.elsewhere.net", "SRV"] = [f"1 0 5081 {TWO}."]
            tls = '"SIPS+D2T" "" _sips._tcp.elsewhere.net.'
            server.table[NAME, "NAPTR"] = [
                f'20 10 "s" {tls}',
                f'10 10 "s" "SIP+D2U" "" _sip._udp.{NAME}.',
                f'5 10 "s" "SIP+D2T" "" _sip._tcp.{NAME}.',
            ]
            assert await found(server) == [f"{THERE}:5081"]
            server.table[NAME, "NAPTR"].append(f'15 10 "a" "sips+d2t" "" {ONE}.')
            assert await found(server) == [f"{HERE}:5061"]

    run(scene())


@pytest.mark.parametrize(
    "useless",
    [
        f'10 10 "s" "SIP+D2U" "" _sip._udp.{NAME}.',
        '10 10 "u" "SIPS+D2T" "!^.*$!sip:evil.example!" .',
        '10 10 "s" "SIPS+D2T" "" _sips._tcp.nothing.example.',
    ],
    ids=["UDP only", "expression", "leads nowhere"],
)
def test_a_naptr_that_leads_nowhere_leaves_the_usual_srv(useless: str) -> None:
    async def scene() -> None:
        async with NameServer(table={**USUAL, (NAME, "NAPTR"): [useless]}).listening() as server:
            assert await found(server) == [f"{HERE}:5071", f"{THERE}:5072"]

    run(scene())


def test_srv_with_the_root_as_its_target_means_not_here() -> None:
    async def scene() -> None:
        async with NameServer(table={**USUAL, (SRV, "SRV"): ["0 0 0 ."]}).listening() as server:
            assert await why_not(server) == f"DNS says that there is no SIP over TLS at {SRV}"

    run(scene())


def test_srv_whose_hosts_have_no_address_says_so_and_one_host_is_enough() -> None:
    async def scene() -> None:
        table = {key: value for key, value in USUAL.items() if key != (ONE, "A")}
        async with NameServer(table=table).listening() as server:
            assert await found(server) == [f"{THERE}:5072"]
            del server.table[TWO, "A"]
            assert await why_not(server) == f"no address for {ONE}: the name does not exist"

    run(scene())


def test_weights_are_drawn_anew_while_the_answer_is_kept() -> None:
    async def scene() -> None:
        table = {**USUAL, (SRV, "SRV"): [f"1 1 5071 {ONE}.", f"1 1 5072 {TWO}."]}
        async with NameServer(table=table).listening() as server:
            resolver = resolver_at(server)
            first = {(await resolver.addresses(NAME, 0))[0].host for _ in range(50)}
            assert first == {HERE, THERE}
            assert server.asked.count((SRV, "SRV")) == 1

    run(scene())


def test_addresses_that_came_with_srv_are_not_asked_for_again() -> None:
    async def scene() -> None:
        table = {**USUAL, (ONE, "AAAA"): ["2001:db8::1"]}
        async with NameServer(table=table, with_addresses=True).listening() as server:
            # One family beside the SRV record does not hide the other.
            table[TWO, "AAAA"] = []
            hosts = await found(server)
            assert hosts == ["[2001:db8::1]:5071", f"{HERE}:5071", f"{THERE}:5072"]
            assert not {(ONE, "A"), (ONE, "AAAA"), (TWO, "A")} & set(server.asked)
            assert (TWO, "AAAA") in server.asked

    run(scene())


def test_an_address_of_another_host_beside_srv_is_not_taken() -> None:
    async def scene() -> None:
        stranger = {("www.bank.example", "A"): ["192.0.2.66"]}
        async with NameServer(table=USUAL, beside=stranger, with_addresses=True).listening() as s:
            answer = await DnsClient((s.host,), s.port).ask(SRV, "SRV")
            assert {host for host, _, _ in answer.beside} == {ONE, TWO}

    run(scene())


def test_other_names_are_followed_and_their_loops_are_not() -> None:
    async def scene() -> None:
        async with NameServer(table=dict(USUAL)).listening() as server:
            server.table = {
                (SRV, "CNAME"): ["_sips._tcp.other.example."],
                ("_sips._tcp.other.example", "SRV"): ["1 0 5071 alias.example."],
                ("alias.example", "CNAME"): [f"{ONE}."],
                (ONE, "A"): [HERE],
            }
            assert await found(server) == [f"{HERE}:5071"]
            server.table = {("a.example", "CNAME"): ["b.example."]}
            server.table["b.example", "CNAME"] = ["a.example."]
            with pytest.raises(ResolveError, match=r"no address for a\.example: DNS"):
                await found(server, port=5061, name="a.example")
            assert len(server.asked) < 40

    run(scene())


def test_an_endless_row_of_names_ends() -> None:
    async def scene() -> None:
        async with NameServer().listening() as server:
            server.table = {(f"n{n}.example", "CNAME"): [f"n{n + 1}.example."] for n in range(999)}
            with pytest.raises(ResolveError, match="DNS leads from name to name"):
                await found(server, port=5061, name="n0.example")

    run(scene())


def test_a_flood_of_records_is_cut_and_comes_over_tcp() -> None:
    async def scene() -> None:
        async with NameServer().listening() as server:
            server.table = {
                (SRV, "SRV"): [f"{n} 0 5061 p{n}.example." for n in range(900)],
                **{(f"p{n}.example", "A"): [f"10.0.0.{m}" for m in range(200)] for n in range(900)},
            }
            began = time.monotonic()
            addresses = await found(server)
            assert time.monotonic() - began < resolver_module.LIFETIME_S
            assert 0 < len(addresses) <= 64
            assert (SRV, "SRV") in server.asked_by_tcp
            assert len(server.asked) < 80

    run(scene())


@pytest.mark.parametrize("code", ["SERVFAIL", "REFUSED", "NOTIMP", "FORMERR"])
def test_a_server_that_refuses_is_passed_over_and_named_when_it_is_the_only_one(code: str) -> None:
    async def scene() -> None:
        bad = NameServer(codes=dict.fromkeys(("A", "AAAA", "SRV", "NAPTR"), code))
        async with bad.listening(), NameServer(SECOND, bad.port, table=USUAL).listening() as good:
            began = time.monotonic()
            assert await found(bad, good) == [f"{HERE}:5071", f"{THERE}:5072"]
            assert time.monotonic() - began < locator_module.LATE_S
            assert await why_not(bad) == f"no address for {NAME}: DNS answers {code}"

    run(scene())


def test_one_silent_server_of_two_costs_a_moment_each_step() -> None:
    async def scene() -> None:
        mute = NameServer(silent={"A", "AAAA", "SRV", "NAPTR"})
        async with mute.listening(), NameServer(SECOND, mute.port, table=USUAL).listening() as good:
            began = time.monotonic()
            assert await found(mute, good) == [f"{HERE}:5071", f"{THERE}:5072"]
            assert time.monotonic() - began < 3.0

    run(scene())


def test_a_slow_answer_is_waited_for() -> None:
    """Slower than a try, and answered by the first one."""

    async def scene() -> None:
        slow = dict.fromkeys(("A", "AAAA", "SRV", "NAPTR"), 2.5 * locator_module.LATE_S)
        table = {**USUAL, (ONE, "AAAA"): ["2001:db8::1"], (TWO, "AAAA"): ["2001:db8::2"]}
        server = NameServer(table=table, slow_s=slow, with_addresses=True)
        async with server.listening():
            addresses = await found(server)
            assert addresses[1::2] == [f"{HERE}:5071", f"{THERE}:5072"]

    run(scene())


@pytest.mark.parametrize("kind", ["NAPTR", "SRV", "AAAA"])
def test_a_kind_of_question_that_is_never_answered_holds_up_nothing(kind: str) -> None:
    """Some routers drop what they do not know."""

    async def scene() -> None:
        async with NameServer(table=dict(USUAL), silent={kind}).listening() as server:
            began = time.monotonic()
            expected = ["192.0.2.99:5061"] if kind == "SRV" else [f"{HERE}:5071", f"{THERE}:5072"]
            assert await found(server) == expected
            assert time.monotonic() - began < 2.0

    run(scene())


def test_a_host_that_is_never_answered_does_not_hide_the_others() -> None:
    async def scene() -> None:
        async with NameServer(table=USUAL, silent={ONE}).listening() as server:
            assert await found(server) == [f"{THERE}:5072"]

    run(scene())


@pytest.mark.parametrize(
    "twist",
    [lambda answer: b"", lambda answer: answer[:20], lambda answer: answer[:-3]],
    ids=["empty", "torn", "a byte short"],
)
def test_malformed_answers_are_no_answers(
    twist: Callable[[bytes], bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(resolver_module, "LIFETIME_S", 1.0)

    async def scene() -> None:
        async with NameServer(table=USUAL, twist=twist).listening() as server:
            assert (await why_not(server)).startswith(f"no address for {NAME}: DNS ")

    run(scene())


def test_an_answer_with_a_gap_does_not_replace_a_whole_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resolver_module, "TTL_MIN_S", 0.0)

    async def scene() -> None:
        async with NameServer(table=dict(USUAL), ttl_s=0).listening() as server:
            resolver = resolver_at(server)
            whole = await resolver.addresses(NAME, 0)
            server.codes["SRV"] = "SERVFAIL"
            assert await resolver.addresses(NAME, 0) == whole
            resolver.network_changed()  # Another network may know no SRV at all.
            assert await resolver.addresses(NAME, 0) == (Address("192.0.2.99", 5061),)

    run(scene())


def test_a_new_answer_leads_the_next_look_up_to_the_new_address(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(resolver_module, "TTL_MIN_S", 0.0)

    async def scene() -> None:
        async with NameServer(table=dict(USUAL), ttl_s=0).listening() as server:
            resolver = resolver_at(server)
            await resolver.addresses(NAME, 0)
            server.table[SRV, "SRV"] = [f"1 0 5079 {TWO}."]
            assert await resolver.addresses(NAME, 0) == (Address(THERE, 5079),)

    run(scene())


def test_an_old_answer_serves_at_once_while_dns_is_down_until_the_network_changes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(resolver_module, "TTL_MIN_S", 0.0)

    async def scene() -> None:
        async with NameServer(table=dict(USUAL), ttl_s=0).listening() as server:
            resolver = resolver_at(server)
            known = await resolver.addresses(NAME, 0)
            everything = dict.fromkeys(("A", "AAAA", "SRV", "NAPTR"), "SERVFAIL")
            server.codes.update(everything)
            assert await resolver.addresses(NAME, 0) == known
            asked = len(server.asked)
            assert await resolver.addresses(NAME, 0) == known
            assert len(server.asked) == asked  # The failure is remembered for some seconds,
            resolver.network_changed()
            server.codes.clear()
            server.table[SRV, "SRV"] = [f"1 0 5079 {TWO}."]
            assert await resolver.addresses(NAME, 0) == (Address(THERE, 5079),)  # but not here.

    run(scene())


def test_an_old_answer_does_not_wait_for_a_dead_name_server(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(resolver_module, "TTL_MIN_S", 0.0)

    async def scene() -> None:
        async with NameServer(table=USUAL, ttl_s=0).listening() as server:
            resolver = resolver_at(server)
            known = await resolver.addresses(NAME, 0)
            server.silent = {"A", "AAAA", "SRV", "NAPTR"}
            began = time.monotonic()
            assert await resolver.addresses(NAME, 0) == known
            assert time.monotonic() - began < resolver_module.LIFETIME_S / 2
            resolver.stop()

    run(scene())


def test_a_look_up_of_the_old_network_does_not_teach_the_new_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def scene() -> None:
        slow = dict.fromkeys(("A", "AAAA"), 0.3)
        async with NameServer(table=dict(USUAL), slow_s=slow).listening() as server:
            resolver = resolver_at(server)
            old = asyncio.create_task(resolver.addresses(NAME, 5061))
            await asyncio.sleep(0.1)
            resolver.network_changed()
            server.slow_s, server.table[NAME, "A"] = {}, [HERE]
            assert await resolver.addresses(NAME, 5061) == (Address(HERE, 5061),)
            await old
            assert await resolver.addresses(NAME, 5061) == (Address(HERE, 5061),)

    run(scene())


def test_a_look_up_that_was_given_up_serves_the_next_attempt() -> None:
    async def scene() -> None:
        slow = dict.fromkeys(("A", "AAAA"), 0.2)
        async with NameServer(table=USUAL, slow_s=slow).listening() as server:
            resolver = resolver_at(server)
            attempt = asyncio.create_task(resolver.addresses(NAME, 5061))
            await asyncio.sleep(0.05)
            attempt.cancel()
            assert await resolver.addresses(NAME, 5061) == (Address("192.0.2.99", 5061),)
            assert server.asked.count((NAME, "A")) == 1

    run(scene())


def test_that_there_is_no_address_is_not_kept() -> None:
    async def scene() -> None:
        async with NameServer().listening() as server:
            resolver = resolver_at(server)
            with pytest.raises(ResolveError):
                await resolver.addresses(NAME, 0)
            server.table = dict(USUAL)
            assert [a.host for a in await resolver.addresses(NAME, 0)] == [HERE, THERE]

    run(scene())


def test_a_whole_look_up_has_one_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    """A server that answers nothing but NAPTR, each step of which leads on."""
    monkeypatch.setattr(resolver_module, "LIFETIME_S", 1.0)

    async def scene() -> None:
        table = {
            (NAME, "NAPTR"): [f'10 10 "s" "SIPS+D2T" "" {SRV}.'],
            (SRV, "SRV"): USUAL[SRV, "SRV"],
        }
        async with NameServer(table=table, silent={"A", "AAAA"}).listening() as server:
            began = time.monotonic()
            assert await why_not(server) == f"no address for {NAME}: DNS does not answer"
            assert time.monotonic() - began < 3.0

    run(scene())
