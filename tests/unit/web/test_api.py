"""The API over real sockets: whom it answers, what it tells, what it sets; never a secret."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from jsonschema_rs import validator_for

from firmware.agent.events import AccountStatus, IncomingCall, Party, RegistrationState
from firmware.console.token import record_of
from firmware.link.events import LinkState, LinkStatus, Proxy, Role
from firmware.phone.events import OutageLog, Report
from firmware.web.api import JSON, ROUTES, ApiRoute, openapi
from tests.unit.console.test_console import outage
from tests.unit.web.rig import PASSWORD, Answer, Browser, page
from tests.unit.web.test_metrics import read

TOKEN = "0123456789abcdef" * 3
SETTINGS = (
    f"admin password: {PASSWORD}\napi token: {record_of(TOKEN)}\n"
    "sip line1 password: never-to-be-told\nsip line1 user name: 201\n!sip session timer: 300\n"
    "sip proxy ip: proxy.example.org\n"
)
READ = [route for route in ROUTES if route.method == "GET" and route.kind == JSON]

Scene = Callable[[Browser], Awaitable[None]]


def play(folder: Path, scene: Scene, text: str = SETTINGS) -> None:
    async def run() -> None:
        async with page(folder, text) as browser:
            await scene(browser)

    asyncio.run(run())


async def ask(
    browser: Browser, method: str, path: str, body: bytes = b"", token: str = TOKEN
) -> Answer:
    return await browser.ask(
        method,
        path,
        body,
        authorization=f"Bearer {token}",
        content_length=str(len(body)),
        content_type="application/json",
        origin=None,
    )


async def told(browser: Browser, path: str) -> object:
    answer = await ask(browser, "GET", path)
    assert answer.status == 200, answer
    assert answer.headers["content-type"] == "application/json"
    return json.loads(answer.body)


async def put(browser: Browser, name: str, value: object) -> tuple[int, dict[str, object]]:
    path = f"/api/parameters/{name.replace(' ', '%20')}"
    answer = await ask(browser, "PUT", path, json.dumps({"value": value}).encode())
    said: dict[str, object] = json.loads(answer.body)
    return answer.status, said


@pytest.mark.parametrize("token", ["", "wrong", TOKEN[:-1], f"{TOKEN}0", record_of(TOKEN)])
def test_without_the_token_nothing_is_told_and_nothing_set(tmp_path: Path, token: str) -> None:
    async def scene(browser: Browser) -> None:
        for route in ROUTES:
            path = route.path.replace("<name>", "ringer%20volume")
            body = b'{"value": "1"}' if route.body else b""
            answer = await ask(browser, route.method, path, body, token)
            assert (answer.status, answer.headers["www-authenticate"]) == (401, "Bearer"), path
            assert answer.body.startswith(b'{"error": "Show the token')

    play(tmp_path, scene)


def test_where_no_token_was_made_none_counts(tmp_path: Path) -> None:
    async def scene(browser: Browser) -> None:
        assert (await ask(browser, "GET", "/metrics", token="")).status == 401
        assert (await ask(browser, "GET", "/metrics")).status == 401

    play(tmp_path, scene, f"admin password: {PASSWORD}\n")


def test_who_is_logged_in_at_the_page_has_no_token_by_that(tmp_path: Path) -> None:
    async def scene(browser: Browser) -> None:
        await browser.get("/login")
        await browser.log_in()
        assert (await browser.get("/api/status")).status == 401

    play(tmp_path, scene)


def quiet(_: Browser) -> None:
    """Let the phone be as it begins."""


def lively(browser: Browser) -> None:
    """Let the phone have something to tell."""
    status = browser.phone.status
    proxy = Proxy(Role.PRIMARY, "proxy.example.org", 5061)
    status.take(Report(LinkStatus(LinkState.UP, proxy, round_trip_s=0.023, attempts=2)))
    for number, state in enumerate((RegistrationState.REGISTERED, RegistrationState.REFUSED), 1):
        account = AccountStatus(number, f"20{number}", f"20{number}@example.org", state)
        status.take(Report(account))
    status.take(Report(IncomingCall(7, 1, Party("Anna", "300"))))
    status.take(OutageLog((outage(1),)))


@pytest.mark.parametrize("begin", [quiet, lively])
@pytest.mark.parametrize("route", READ, ids=lambda route: str(route.operation))
def test_every_answer_is_as_it_is_described(
    tmp_path: Path, route: ApiRoute, begin: Callable[[Browser], None]
) -> None:
    async def scene(browser: Browser) -> None:
        begin(browser)
        said = await told(browser, route.path.replace("<name>", "sip%20line1%20user%20name"))
        validator_for(route.answer or {}).validate(said)

    assert route.answer is not None
    play(tmp_path, scene)


def test_the_phone_is_told_as_it_is(tmp_path: Path) -> None:
    async def scene(browser: Browser) -> None:
        lively(browser)
        link = await told(browser, "/api/link")
        assert isinstance(link, dict)
        assert (link["state"], link["role"], link["round_trip_ms"]) == ("up", "primary", 23.0)
        accounts = await told(browser, "/api/accounts")
        assert isinstance(accounts, list)
        assert [one["state"] for one in accounts] == ["registered", "refused"]
        calls = await told(browser, "/api/calls")
        assert isinstance(calls, list)
        assert (calls[0]["number"], calls[0]["quality"]) == ("300", None)

    play(tmp_path, scene)


def test_a_parameter_is_read_set_and_unset(tmp_path: Path) -> None:
    async def scene(browser: Browser) -> None:
        status, said = await put(browser, "ringer volume", "2")
        assert (status, said) == (
            200,
            {"changed": [{"text": "ringer volume: 6 -> 2 (local)", "needs_restart": False}]},
        )
        one = await told(browser, "/api/parameters/Ringer%20%20VOLUME")
        assert isinstance(one, dict)
        assert (one["name"], one["value"], one["origin"]) == ("ringer volume", "2", "local")
        assert browser.phone.configuration.value("ringer volume") == 2
        path = "/api/parameters/ringer%20volume"
        assert (await ask(browser, "DELETE", path)).status == 200
        assert browser.phone.configuration.value("ringer volume") == 6
        again = await ask(browser, "DELETE", path)
        assert (again.status, json.loads(again.body)) == (
            409,
            {"error": "ringer volume was not set on this phone"},
        )

    play(tmp_path, scene)


@pytest.mark.parametrize(
    ("name", "value", "status", "words"),
    [
        ("ringer volume", "loud", 400, 'ringer volume: "loud" is not 0-8'),
        ("sip session timer", "0", 409, "sip session timer is locked by startup.cfg:5"),
        ("no such thing", "0", 404, "there is no such parameter"),
        ("sip line2 transport protocol", "0", 404, "there is no such parameter"),
        ("admin password", "short", 400, "it has to have 8 to 128 characters"),
        ("ringer volume", 2, 400, 'the body is {"value": "..."}, of at most 1024 characters'),
        ("api token", "in clear", 400, 'api token: "****" is not the hash of a token'),
    ],
)
def test_what_cannot_be_set_is_a_sentence(
    tmp_path: Path, name: str, value: object, status: int, words: str
) -> None:
    async def scene(browser: Browser) -> None:
        found, said = await put(browser, name, value)
        assert found == status
        assert str(said["error"]).startswith(words)

    play(tmp_path, scene)


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[]", b"[" * 4000, b'{"value": "1", "more": 1}', b"\xff"]
)
def test_a_body_of_nonsense_is_a_sentence(tmp_path: Path, body: bytes) -> None:
    async def scene(browser: Browser) -> None:
        answer = await ask(browser, "PUT", "/api/parameters/ringer%20volume", body)
        assert answer.status == 400
        assert set(json.loads(answer.body)) == {"error"}

    play(tmp_path, scene)


def test_a_method_that_there_is_not_is_told_so_whatever_it_brings(tmp_path: Path) -> None:
    async def scene(browser: Browser) -> None:
        path = "/api/parameters/ringer%20volume"
        answer = await ask(browser, "PATCH", path, b'{"value": "2"}')
        assert (answer.status, answer.headers["allow"]) == (405, "DELETE, GET, PUT")
        assert (await ask(browser, "PATCH", path, b"{}", token="wrong")).status == 401

    play(tmp_path, scene)


def test_a_secret_may_be_set_and_is_never_told(tmp_path: Path) -> None:
    async def scene(browser: Browser) -> None:
        status, said = await put(browser, "sip line1 password", "a-new-one-nobody-reads")
        assert (status, said["changed"]) == (
            200,
            [{"text": "sip line1 password: **** (local)", "needs_restart": False}],
        )
        assert browser.phone.configuration.value("sip password", 1) == "a-new-one-nobody-reads"
        for path in ("/api/parameters", "/api/parameters/sip%20line1%20password", "/metrics"):
            body = (await ask(browser, "GET", path)).body.decode()
            for secret in ("a-new-one", "never-to-be-told", record_of(TOKEN), PASSWORD):
                assert secret not in body, path
        one = await told(browser, "/api/parameters/sip%20line1%20password")
        assert isinstance(one, dict)
        assert (one["value"], one["default"], one["is_set"]) == (None, None, True)

    play(tmp_path, scene)


def test_the_metrics_of_a_running_process_are_read_by_a_parser_of_others(tmp_path: Path) -> None:
    async def scene(browser: Browser) -> None:
        lively(browser)
        answer = await ask(browser, "GET", "/metrics")
        kind = answer.headers["content-type"]
        assert kind == "application/openmetrics-text; version=1.0.0; charset=utf-8"
        found = read(answer.body.decode())
        assert found["handset_link_round_trip_seconds", ()] == 0.023
        assert found["process_resident_memory_bytes", ()] > 10e6
        assert found["process_open_fds", ()] > 3

    play(tmp_path, scene)


def test_the_description_names_every_route_of_the_table() -> None:
    described = openapi("0.1")
    paths = described["paths"]
    assert isinstance(paths, dict)
    found = {
        (method.upper(), re.sub(r"\{name\}", "<name>", path), operation["operationId"])
        for path, methods in paths.items()
        for method, operation in methods.items()
    }
    assert found == {(route.method, route.path, route.operation) for route in ROUTES}
