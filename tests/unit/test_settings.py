"""From the files to the layers: every parameter of the link, proxies and accounts arrives."""

from __future__ import annotations

from pathlib import Path

import pytest

from config.store import Store
from firmware.agent.account import ContactMatching
from firmware.agent.events import Intercom
from firmware.link.events import Proxy, Role
from firmware.media import codec
from firmware.media.formats import DEFAULT_CHOICES, OPUS, PCMA, CodecChoice
from firmware.media.negotiation import SrtpMode
from firmware.phone.kept import AccountServices
from firmware.phone.programmed import KeyKind, ProgrammedKey
from firmware.phone.services import KeyMode, ServiceSettings
from firmware.settings import stack_settings
from firmware.stack import StackSettings

FILE = """
sip proxy ip: proxy1.example.org
sip proxy port: 5071
sip backup proxy ip: proxy2.example.org
sip registrar ip: example.org
sip persistent tls keep alive: 45
sips persistent tls retry base: 2
sips persistent tls retry cap: 60
sips persistent tls head start: 400
sip transaction timer: 8000
sip registration period: 600
sip registration renewal timer: 20
sip registration retry timer: 60
sip registration timeout retry timer: 40
sip contact matching: 0
sip outbound support: 0
sip send sips over tls: 1
sip T1 timer: 600
sip T2 timer: 5000
sip digit timeout: 6
sip user name: 201
sip auth name: auth201
sip password: secret
sip display name: "Desk # 1"
sip srtp mode: 1
sip customized codec: payload=8;ptime=30;silsupp=on,payload=111
sip line2 user name: 202
sip line2 srtp mode: 0
sip line2 screen name: Home
sip line2 registration period: 300
sip line2 contact matching: 2
"""


def settings(folder: Path, text: str = FILE) -> StackSettings:
    folder.mkdir(exist_ok=True)
    (folder / "startup.cfg").write_text(text)
    configuration = Store(folder, folder / "state", "handset", "0123456789AB").read()
    assert not configuration.problems
    return stack_settings(configuration, (), None, "urn:uuid:1", "Handset/1")


def test_the_link_gets_its_parameters(tmp_path: Path) -> None:
    link = settings(tmp_path).link
    assert link.proxies == (
        Proxy(Role.PRIMARY, "proxy1.example.org", 5071),
        Proxy(Role.BACKUP, "proxy2.example.org", 0),
    )
    assert link.problem is None
    assert (link.keep_alive_s, link.retry_base_s, link.retry_cap_s) == (45, 2, 60)
    assert (link.head_start_s, link.transaction_timer_s) == (0.4, 8)


def test_the_accounts_get_their_parameters_each_its_own(tmp_path: Path) -> None:
    chosen = settings(tmp_path)
    first, second = chosen.accounts
    assert (first.number, first.user, first.credentials_name) == (1, "201", "auth201")
    assert (first.password, first.name, first.domain) == ("secret", "Desk # 1", "example.org")
    assert (second.number, second.user, second.name) == (2, "202", "Home")
    assert first.registration.period_s == 600
    assert first.registration.contact_matching is ContactMatching.WHOLE_URI
    assert (first.registration.renewal_s, first.registration.rejected_retry_s) == (20, 60)
    assert first.registration.timeout_retry_s == 40
    assert second.registration.period_s == 300
    assert second.registration.contact_matching is ContactMatching.USER
    agent = chosen.agent
    assert (agent.outbound, agent.send_sips, agent.t1_s, agent.t2_s) == (False, True, 0.6, 5)
    assert (chosen.t1_s, chosen.phone.digit_timeout_s) == (0.6, 6)


def test_without_a_proxy_the_link_stays_off_and_says_why(tmp_path: Path) -> None:
    link = settings(tmp_path, "sip user name: 201\n").link
    assert link.proxies == ()
    assert link.problem is not None
    assert "sip proxy ip" in link.problem.text


def test_the_outbound_proxy_is_the_first_hop_of_everything(tmp_path: Path) -> None:
    link = settings(tmp_path, FILE + "sip outbound proxy: edge.example.org\n").link
    assert link.proxies[0] == Proxy(Role.PRIMARY, "edge.example.org", 0)


def test_no_password_is_shown(tmp_path: Path) -> None:
    assert "secret" not in repr(settings(tmp_path))


def test_each_account_has_its_codecs_and_its_encryption(tmp_path: Path) -> None:
    one, two = settings(tmp_path).accounts
    assert one.codecs == (
        CodecChoice(PCMA, 8, 30, silence_suppression=True),
        CodecChoice(OPUS, 111),
    )
    assert (one.srtp, two.srtp) == (SrtpMode.PREFERRED, SrtpMode.OFF)
    plain = settings(tmp_path / "plain", "sip user name: 201\n").accounts[0]
    assert (plain.codecs, plain.srtp) == (DEFAULT_CHOICES, SrtpMode.ONLY)


def test_silence_is_suppressed_where_no_codec_says_otherwise(tmp_path: Path) -> None:
    text = "sip user name: 201\nsip silence suppression: 1\n"
    (usual,) = settings(tmp_path / "usual", text).accounts
    assert [choice.silence_suppression for choice in usual.codecs] == [True] * 4
    some = text + "sip customized codec: payload=8;silsupp=off,payload=9\n"
    (chosen,) = settings(tmp_path / "some", some).accounts
    assert [choice.silence_suppression for choice in chosen.codecs] == [False, True]


def test_a_codec_that_the_machine_lacks_is_not_offered(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(codec, "OPUS_LIBRARY", "libopus-that-is-not-there.so.0")
    assert (
        settings(tmp_path / "all", "sip user name: 201\n").accounts[0].codecs == DEFAULT_CHOICES[1:]
    )
    only = "sip user name: 201\nsip customized codec: payload=96\n"
    assert settings(tmp_path / "one", only).accounts[0].codecs == DEFAULT_CHOICES[1:]


SERVICES = """
sip line1 user name: 201
sip line2 user name: 202
sip line1 vmail: *97
sip line2 explicit mwi subscription: 1
sip line2 allow auto answer: 0
sip intercom warning tone: 0
call forward no answer: 605
call forward no answer delay: 15
dnd key mode: 1
call forward key mode: 2
softkey2 type: speeddial
softkey2 value: 603
softkey2 label: Bert
softkey2 line: 2
softkey1 type: dnd
softkey3 type: speeddial
softkey4 type: blf
softkey5 type: blf
softkey5 value: 204
softkey6 type: blf
softkey6 value: 205
softkey6 line: 2
softkey7 type: blf
softkey7 value: 204
sip line1 blf subscription period: 600
directed call pickup prefix: *8
"""


def test_services_and_keys_are_as_configured(tmp_path: Path) -> None:
    (tmp_path / "startup.cfg").write_text(f"sip proxy ip: pbx\n{SERVICES}")
    settings = stack_settings(Store(tmp_path).read(), (), None, "urn:uuid:x", "handset")
    one, two = settings.accounts
    assert (one.subscribes, one.intercom) == (False, Intercom(muted=True, tone=False))
    assert (two.subscribes, two.intercom) == (True, None)
    assert settings.phone.services == ServiceSettings(
        tuple(AccountServices(n, no_answer="605", ring_s=15) for n in (1, 2)),
        ((1, "*97"),),
        KeyMode.PHONE,
        KeyMode.CUSTOM,
        (
            ProgrammedKey(KeyKind.NO_DISTURBANCE, pickup="*8"),
            ProgrammedKey(KeyKind.SPEED_DIAL, "603", "Bert", 2, "*8"),
            ProgrammedKey(KeyKind.LAMP, "204", pickup="*8"),
            ProgrammedKey(KeyKind.LAMP, "205", "", 2, "*8"),
            ProgrammedKey(KeyKind.LAMP, "204", pickup="*8"),
        ),
    )
    assert (one.watches, one.watch_period_s) == (("204",), 600), "each number once"
    assert (two.watches, two.watch_period_s) == (("205",), 3600)


def test_an_unknown_kind_of_key_is_named_with_file_and_line(tmp_path: Path) -> None:
    (tmp_path / "startup.cfg").write_text("sip proxy ip: pbx\nsoftkey3 type: teleport\n")
    configuration = Store(tmp_path).read()
    (problem,) = configuration.problems
    assert str(problem).startswith(
        'startup.cfg:2: softkey3 type: "teleport" is not none, speeddial'
    )
    settings = stack_settings(configuration, (), None, "urn:uuid:x", "handset")
    assert settings.phone.services.keys == ()
