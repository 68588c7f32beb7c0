"""Names to addresses, against a name server that answers, lies, or says nothing."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from random import Random

import dns.flags
import dns.message
import dns.rcode
import dns.resolver
import dns.rrset
import pytest

from firmware.link.events import Address
from firmware.runtime import resolver as resolver_module
from firmware.runtime.locator import ResolveError
from firmware.runtime.resolver import NAMES_MAX, Resolver
from tests.lab.name_server import HOST, NameServer
from tests.unit.runtime.wire import run

NAME = "proxy1.example.com"
NO_FILE = Path("/does/not/exist")


def resolver_at(*servers: NameServer, hosts_file: Path = NO_FILE, seed: int = 1) -> Resolver:
    """Return a resolver that asks these servers: all at one port, in this order."""
    hosts = tuple(server.host for server in servers)
    return Resolver(Random(seed), hosts, hosts_file, servers[0].port)


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resolver_module, "LIFETIME_S", 0.5)


async def why_not(resolver: Resolver, name: str = NAME) -> str:
    with pytest.raises(ResolveError) as caught:
        await resolver.addresses(name, 0)
    return str(caught.value)


def test_both_families_are_asked_and_the_port_is_5061_unless_given() -> None:
    async def scene() -> None:
        async with NameServer().listening() as server:
            server.table = {
                (NAME, "A"): ["192.0.2.1", "192.0.2.2"],
                (NAME, "AAAA"): ["2001:db8::1"],
            }
            found = await resolver_at(server).addresses(NAME, 0)
            assert [address.port for address in found] == [5061] * 3
            # The families in turn (RFC 8305 4).
            assert found[0].host == "2001:db8::1"
            assert {found[1].host, found[2].host} == {"192.0.2.1", "192.0.2.2"}
            assert {address.port for address in await resolver_at(server).addresses(NAME, 7)} == {7}

    run(scene())


@pytest.mark.parametrize("kind", ["A", "AAAA"])
def test_one_family_is_enough(kind: str) -> None:
    host = {"A": "192.0.2.1", "AAAA": "2001:db8::1"}[kind]

    async def scene() -> None:
        async with NameServer().listening() as server:
            server.table = {(NAME, kind): [host]}
            assert await resolver_at(server).addresses(NAME, 0) == (Address(host, 5061),)

    run(scene())


def test_a_family_that_is_never_answered_does_not_hold_up_the_other(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(resolver_module, "LIFETIME_S", 60.0)

    async def scene() -> None:
        async with NameServer().listening() as server:
            server.table = {(NAME, "A"): ["192.0.2.1"]}
            server.silent = {"AAAA"}
            async with asyncio.timeout(30):
                found = await resolver_at(server).addresses(NAME, 0)
            assert found == (Address("192.0.2.1", 5061),)

    run(scene())


def test_why_there_is_no_address_is_said_in_words() -> None:
    async def scene() -> None:
        async with NameServer().listening() as server:
            resolver = resolver_at(server)
            assert await why_not(resolver) == f"no address for {NAME}: the name does not exist"
            server.table = {(NAME, "MX"): ["10 mail.example.com."]}
            assert await why_not(resolver) == f"no address for {NAME}: the name has no address"
            server.silent = {"A", "AAAA"}
            assert await why_not(resolver) == f"no address for {NAME}: DNS does not answer"
            for odd in ("a" * 64 + ".example", "a..b", "\udc80", "x" * 5000):
                assert (await why_not(resolver, odd)).endswith(": DNS cannot be asked")

    run(scene())


@pytest.mark.parametrize(
    "twist",
    [lambda answer: b"", lambda answer: answer[:20], lambda answer: answer[:2] + b"\xff" * 500],
    ids=["empty", "torn", "garbage"],
)
def test_nonsense_from_the_name_server_is_no_address(twist: Callable[[bytes], bytes]) -> None:
    async def scene() -> None:
        async with NameServer().listening() as server:
            server.table = {(NAME, "A"): ["192.0.2.1"]}
            server.twist = twist
            assert (await why_not(resolver_at(server))).startswith(f"no address for {NAME}: DNS ")

    run(scene())


def test_an_answer_is_kept_for_its_time() -> None:
    async def scene() -> None:
        async with NameServer().listening() as server:
            server.table = {(NAME, "A"): ["192.0.2.1"]}
            resolver = resolver_at(server)
            first = await resolver.addresses(NAME, 0)
            asked = len(server.asked)
            server.table[NAME, "A"] = ["192.0.2.9"]
            assert await resolver.addresses(NAME, 0) == first
            assert len(server.asked) == asked

    run(scene())


def test_an_old_answer_serves_while_dns_is_down(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resolver_module, "TTL_MIN_S", 0.0)

    async def scene() -> None:
        async with NameServer().listening() as server:
            server.table, server.ttl_s = {(NAME, "A"): ["192.0.2.1"]}, 0
            resolver = resolver_at(server)
            await resolver.addresses(NAME, 0)
            server.table[NAME, "A"] = ["192.0.2.9"]
            moved = await resolver.addresses(NAME, 0)
            assert moved == (Address("192.0.2.9", 5061),)
            server.silent = {"A", "AAAA"}
            assert await resolver.addresses(NAME, 0) == moved
            server.silent, server.table = set(), {}
            assert await resolver.addresses(NAME, 0) == moved

    run(scene())


def test_a_ttl_of_zero_is_stretched() -> None:
    async def scene() -> None:
        async with NameServer().listening() as server:
            server.table, server.ttl_s = {(NAME, "A"): ["192.0.2.1"]}, 0
            resolver = resolver_at(server)
            await resolver.addresses(NAME, 0)
            asked = len(server.asked)
            await resolver.addresses(NAME, 0)
            assert len(server.asked) == asked

    run(scene())


def test_the_names_that_are_kept_are_bounded() -> None:
    async def scene() -> None:
        async with NameServer().listening() as server:
            resolver = resolver_at(server)
            for number in range(NAMES_MAX + 5):
                name = f"p{number}.example"
                server.table = {(name, "A"): ["192.0.2.1"]}
                await resolver.addresses(name, 0)
                assert len(resolver._kept) <= NAMES_MAX

    run(scene())


def test_the_hosts_file_comes_first_and_is_read_anew(tmp_path: Path) -> None:
    hosts = tmp_path / "hosts"

    async def scene() -> None:
        async with NameServer().listening() as server:
            server.table = {(NAME, "A"): ["192.0.2.1"]}
            resolver = resolver_at(server, hosts_file=hosts)
            assert (await resolver.addresses(NAME, 0))[0].host == "192.0.2.1"
            hosts.write_bytes(
                b"\xff\xfe garbage\nnot.an.address proxy1.example.com\n"
                b"\n# 192.0.2.5 proxy1.example.com\n192.0.2.6 a # proxy1.example"
                b"\n192.0.2.7\tother PROXY1.Example.Com alias\n2001:db8::7 proxy1.example.com\n"
            )
            found = await resolver.addresses(NAME + ".", 0)
            assert [address.host for address in found] == ["192.0.2.7", "2001:db8::7"]

    run(scene())


def test_a_system_without_name_servers_is_told_in_words(monkeypatch: pytest.MonkeyPatch) -> None:
    """A phone that starts before its network has no servers yet, and asks again later."""
    servers = list[str]()

    def read(self: dns.resolver.BaseResolver, file: object) -> None:
        if not servers:
            raise dns.resolver.NoResolverConfiguration
        self.nameservers = list(servers)

    monkeypatch.setattr(dns.resolver.BaseResolver, "read_resolv_conf", read)

    async def scene() -> None:
        async with NameServer().listening() as server:
            server.table = {(NAME, "A"): ["192.0.2.1"]}
            resolver = Resolver(Random(1), (), NO_FILE, server.port)
            assert (await why_not(resolver)).endswith("DNS cannot be asked")
            servers.append(HOST)
            assert (await resolver.addresses(NAME, 0))[0].host == "192.0.2.1"
            servers[:] = ["127.0.0.99"]
            assert (await why_not(resolver, "elsewhere.example")).endswith("DNS does not answer")

    run(scene())
