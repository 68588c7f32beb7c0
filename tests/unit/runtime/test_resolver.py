"""Names to addresses, against a name server that answers, lies, or says nothing."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import dns.flags
import dns.message
import dns.rcode
import dns.resolver
import dns.rrset
import pytest

from firmware.link.events import Address
from firmware.runtime import resolver as resolver_module
from firmware.runtime.resolver import NAMES_MAX, ResolveError, Resolver
from tests.unit.runtime.wire import run

NAME = "proxy1.example.com"
HOST = "127.0.0.1"
NO_FILE = Path("/does/not/exist")


class NameServer(asyncio.DatagramProtocol):
    """Answers from a table of `(name, type)`; what is not in it does not exist."""

    def __init__(self) -> None:
        self.table: dict[tuple[str, str], list[str]] = {}
        self.ttl_s = 300
        self.silent: set[str] = set()  # Types that get no answer.
        self.twist: Callable[[bytes], bytes] = lambda answer: answer
        self.asked: list[tuple[str, str]] = []
        self.port = 0

    @asynccontextmanager
    async def listening(self) -> AsyncIterator[NameServer]:
        loop = asyncio.get_running_loop()
        self._out, _ = await loop.create_datagram_endpoint(lambda: self, (HOST, 0))
        self.port = self._out.get_extra_info("sockname")[1]
        try:
            yield self
        finally:
            self._out.close()

    def resolver(self, hosts_file: Path = NO_FILE) -> Resolver:
        return Resolver((HOST,), hosts_file, self.port)

    def datagram_received(self, data: bytes, address: tuple[str, int]) -> None:
        query = dns.message.from_wire(data)
        question = query.question[0]
        name, kind = question.name.to_text(omit_final_dot=True), question.rdtype.name
        self.asked.append((name, kind))
        if kind in self.silent:
            return
        answer = dns.message.make_response(query)
        answer.flags |= dns.flags.RA
        if found := self.table.get((name, kind)):
            answer.answer = [dns.rrset.from_text(question.name, self.ttl_s, "IN", kind, *found)]
        elif not [known for known, _ in self.table if known == name]:
            answer.set_rcode(dns.rcode.NXDOMAIN)
        self._out.sendto(self.twist(answer.to_wire()), address)


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
            found = await server.resolver().addresses(NAME, 0)
            assert set(found[:2]) == {Address("192.0.2.1", 5061), Address("192.0.2.2", 5061)}
            assert found[2:] == (Address("2001:db8::1", 5061),)
            assert {address.port for address in await server.resolver().addresses(NAME, 7)} == {7}

    run(scene())


@pytest.mark.parametrize("kind", ["A", "AAAA"])
def test_one_family_is_enough(kind: str) -> None:
    host = {"A": "192.0.2.1", "AAAA": "2001:db8::1"}[kind]

    async def scene() -> None:
        async with NameServer().listening() as server:
            server.table = {(NAME, kind): [host]}
            assert await server.resolver().addresses(NAME, 0) == (Address(host, 5061),)

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
                found = await server.resolver().addresses(NAME, 0)
            assert found == (Address("192.0.2.1", 5061),)

    run(scene())


def test_why_there_is_no_address_is_said_in_words() -> None:
    async def scene() -> None:
        async with NameServer().listening() as server:
            resolver = server.resolver()
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
            assert (await why_not(server.resolver())).startswith(f"no address for {NAME}: DNS ")

    run(scene())


def test_an_answer_is_kept_for_its_time() -> None:
    async def scene() -> None:
        async with NameServer().listening() as server:
            server.table = {(NAME, "A"): ["192.0.2.1"]}
            resolver = server.resolver()
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
            resolver = server.resolver()
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
            resolver = server.resolver()
            await resolver.addresses(NAME, 0)
            asked = len(server.asked)
            await resolver.addresses(NAME, 0)
            assert len(server.asked) == asked

    run(scene())


def test_the_names_that_are_kept_are_bounded() -> None:
    async def scene() -> None:
        async with NameServer().listening() as server:
            resolver = server.resolver()
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
            resolver = server.resolver(hosts)
            assert (await resolver.addresses(NAME, 0))[0].host == "192.0.2.1"
            hosts.write_bytes(
                b"\xff\xfe garbage\n\n# 192.0.2.5 proxy1.example.com\n192.0.2.6 a # proxy1.example"
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
            resolver = Resolver((), NO_FILE, server.port)
            assert (await why_not(resolver)).endswith("DNS cannot be asked")
            servers.append(HOST)
            assert (await resolver.addresses(NAME, 0))[0].host == "192.0.2.1"
            servers[:] = ["127.0.0.99"]
            assert (await why_not(resolver, "elsewhere.example")).endswith("DNS does not answer")

    run(scene())
