"""The site's settings: judged before anything is written, read back from the card's data."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from board.image.flash.block_map import HEAD_BYTES
from config.checks import check
from config.store import Store
from tests.flash.desk import Desk
from tests.flash.small_card import DATA_AT, PHONE_GROUP, SmallImage, make_image, run
from tests.lab.authority import Authority, Identity, KeyKind

CONFIG = """\
# This site's
sip proxy ip: proxy.example.org
sip line1 user name: 201
sip line1 password: "secret # sauce"
"""

NETWORK = 'a "network" of ours'


@pytest.fixture(scope="module")
def authority() -> Authority:
    return Authority()


@pytest.fixture(scope="module")
def identity(authority: Authority) -> Identity:
    return authority.issue("desk-7.example.org")


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "my startup.cfg"
    path.write_text(CONFIG)
    return path


@pytest.fixture
def ca(tmp_path: Path, authority: Authority) -> Path:
    path = tmp_path / "root.pem"
    path.write_bytes(authority.certificate_pem)
    return path


@pytest.fixture
def refused(desk: Desk, image: SmallImage) -> Callable[..., str]:
    """Have settings put on a card, which is refused before a byte is written; return why."""

    def refuse(*settings: str | Path, typed: str = "") -> str:
        target = desk.folder / "card.img"
        ended = desk.flash("--to-file", target, "--image", image.path, *settings, typed=typed)
        assert ended.status == 1, ended.said
        assert not target.exists()
        return ended.said

    return refuse


def site_of(card: Path, folder: Path) -> Path:
    """Return a copy of what the phone finds in /site."""
    run("debugfs", "-R", f"rdump /site {folder}", f"{card}?offset={DATA_AT}")
    return folder / "site"


def told_of(card: Path, name: str) -> tuple[str, int]:
    """Return a file's mode and its group on the card."""
    told = run("debugfs", "-R", f"stat /site/{name}", f"{card}?offset={DATA_AT}").split()
    return told[told.index("Mode:") + 1], int(told[told.index("Group:") + 1])


def test_all_settings_are_on_the_card(
    desk: Desk, card: Path, image: SmallImage, tmp_path: Path,
    config: Path, ca: Path, identity: Identity,
) -> None:  # fmt: skip
    own, key = identity.write(tmp_path, "own")
    keys = tmp_path / "keys.pub"
    run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(tmp_path / "login"))
    (tmp_path / "login.pub").rename(keys)
    ended = desk.flash(
        *("--device", card, "--image", image.path, "--yes", "--config", config, "--ca", ca),
        *("--chain", ca, "--certificate", own, "--key", key, "--hostname", "desk-7"),
        *("--wifi", NETWORK, "--country", "DE", "--authorized-keys", keys, "--update-ca", ca),
        typed="a good passphrase\n",
    )
    assert ended.status == 0, ended.said
    (tmp_path / "copy").mkdir()
    site = site_of(card, tmp_path / "copy")
    assert (site / "startup.cfg").read_text() == CONFIG
    assert (site / "hostname").read_text() == "desk-7\n"
    assert (site / "authorized_keys").read_bytes() == keys.read_bytes()
    assert (site / "certificates" / "key.pem").read_bytes() == key.read_bytes()
    wifi = (site / "wifi.conf").read_text()
    assert f"ssid={NETWORK.encode().hex()}\n" in wifi
    assert "passphrase" not in wifi
    read = Store(site, model="handset").read()
    assert read.value("sips trusted certificates") == "certificates/ca.pem"
    assert not check(read, site)
    assert told_of(card, "wifi.conf") == ("0600", 0)
    assert told_of(card, "authorized_keys") == ("0600", 0)
    assert (site / "update-keyring.pem").read_bytes() == ca.read_bytes()
    assert told_of(card, "update-keyring.pem") == ("0600", 0)
    assert told_of(card, "startup.cfg") == ("0640", PHONE_GROUP)
    assert told_of(card, "certificates") == ("0750", PHONE_GROUP)
    assert told_of(card, "certificates/key.pem") == ("0640", PHONE_GROUP)
    run("e2fsck", "-fn", f"{card}?offset={DATA_AT}")


def test_an_image_without_the_folder_gets_it(desk: Desk, tmp_path: Path) -> None:
    other = make_image(tmp_path / "other.img", site=False)
    card = tmp_path / "card.img"
    ended = desk.flash("--to-file", card, "--image", other.path, "--hostname", "desk-7")
    assert ended.status == 0, ended.said
    assert told_of(card, "hostname") == ("0644", 0)
    assert told_of(card, "") == ("0750", 0)


def test_settings_that_do_not_fit_leave_no_card(
    desk: Desk, image: SmallImage, tmp_path: Path
) -> None:
    """Eight MiB of certificates: nothing of that size is on a data partition of nine."""
    authority = Authority()
    bundle, card = tmp_path / "bundle.pem", tmp_path / "card.img"
    bundle.write_bytes(authority.certificate_pem + b"#" * (9 * 1024 * 1024))
    ended = desk.flash("--to-file", card, "--image", image.path, "--ca", bundle)
    assert ended.status == 1
    assert "The settings could not be put in" in ended.said
    assert "is not finished" in ended.said
    with card.open("rb") as file:
        assert file.read(HEAD_BYTES) == bytes(HEAD_BYTES)


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("sip persistent tls keep alive: soon", "startup.cfg:5: sip persistent tls keep alive"),
        ("sip transport protocol: 1", "startup.cfg:5: sip transport protocol"),
        ("no colon", "startup.cfg:5:"),
        ("sips trusted certificates: ours.pem", "ours.pem: No such file"),
        ("sip line1 proxy ip: other.example.org", "startup.cfg:5: sip line1 proxy ip"),
    ],
)  # fmt: skip
def test_a_bad_configuration_is_named_by_file_line_and_parameter(
    refused: Callable[..., str], config: Path, ca: Path, line: str, words: str
) -> None:
    config.write_text(f"{CONFIG}{line}\n")
    said = refused("--config", config, *([] if "trusted" in line else ["--ca", ca]))
    assert words in said
    assert said.endswith(f"{config} cannot be used: nothing was written.\n")
    assert "secret" not in said


def test_a_configuration_without_trust_is_refused(
    refused: Callable[..., str], config: Path
) -> None:
    assert "persistent TLS needs trusted certificates" in refused("--config", config)


def test_a_configuration_that_only_names_a_server_is_good_and_its_mistakes_are_not(
    desk: Desk, image: SmallImage, refused: Callable[..., str], config: Path, tmp_path: Path
) -> None:
    config.write_text("https server: files.example.org\n")
    ended = desk.flash("--check", "--image", image.path, "--config", config)
    assert ended.status == 0, ended.said
    config.write_text("https server: files.example.org\nsip rtp port: x\n")
    assert "startup.cfg:2: sip rtp port" in refused("--config", config)


@pytest.mark.parametrize(
    ("dates", "words"),
    [
        ({"ends_days": -0.5}, "Certificate 1 of {} has expired ("),
        ({"starts_days": 2.0}, "Certificate 1 of {} is not yet valid (from "),
    ],
)
def test_a_certificate_outside_its_time_is_refused(
    refused: Callable[..., str], authority: Authority, tmp_path: Path,
    dates: dict[str, float], words: str,
) -> None:  # fmt: skip
    issued = authority.issue(
        "desk-7",
        starts_days=dates.get("starts_days", -1),
        ends_days=dates.get("ends_days", 365),
    )
    own, key = issued.write(tmp_path, "own")
    assert words.format(own) in refused("--certificate", own, "--key", key)
    assert words.format(own) in refused("--ca", own)


def test_the_second_certificate_of_a_file_is_looked_at_too(
    refused: Callable[..., str], ca: Path, authority: Authority, tmp_path: Path
) -> None:
    over = authority.issue("old", ends_days=-0.5)
    ca.write_bytes(ca.read_bytes() + over.certificate_pem)
    assert f"Certificate 2 of {ca} has expired" in refused("--ca", ca)
    damaged = authority.certificate_pem.replace(b"MII", b"MIJ", 1)
    ca.write_bytes(authority.certificate_pem + damaged)
    assert f"Certificate 2 of {ca} is damaged." in refused("--ca", ca)


def test_a_key_of_another_certificate_is_refused(
    refused: Callable[..., str], authority: Authority, identity: Identity, tmp_path: Path
) -> None:
    own, _ = identity.write(tmp_path, "own")
    _, other = authority.issue("other").write(tmp_path, "other")
    assert f"{other} is not the key of {own}." in refused("--certificate", own, "--key", other)
    assert f"{own} holds no private key" in refused("--certificate", own, "--key", own)
    assert f"{other} holds no certificate" in refused("--certificate", other, "--key", other)


def test_a_damaged_key_is_refused(
    refused: Callable[..., str], identity: Identity, tmp_path: Path
) -> None:
    own, key = identity.write(tmp_path, "own")
    key.write_bytes(key.read_bytes().replace(b"MI", b"IM", 1))
    assert f"{key} is damaged." in refused("--certificate", own, "--key", key)


def test_an_encrypted_key_is_tried_with_the_password_of_the_configuration(
    desk: Desk, image: SmallImage, refused: Callable[..., str],
    config: Path, ca: Path, identity: Identity, tmp_path: Path,
) -> None:  # fmt: skip
    own, key = identity.write(tmp_path, "own", password="opens it")
    pair = ("--certificate", own, "--key", key)
    assert "its password has to be in --config FILE" in refused(*pair)
    given = (*pair, "--ca", ca, "--config", config)
    config.write_text(f"{CONFIG}sips private key password: wrong\n")
    assert "the password does not open it" in refused(*given)
    config.write_text(f"{CONFIG}sips private key password: opens it\n")
    ended = desk.flash("--check", "--image", image.path, *given)
    assert ended.status == 0, ended.said


def test_a_chain_of_rsa_is_good(desk: Desk, image: SmallImage, tmp_path: Path) -> None:
    root = Authority(key_kind=KeyKind.RSA)
    between = root.intermediate()
    own, key = between.issue("desk-7", key_kind=KeyKind.RSA).write(tmp_path, "own")
    chain = tmp_path / "chain.pem"
    chain.write_bytes(between.certificate_pem + root.certificate_pem)
    pair = ("--certificate", own, "--key", key, "--chain", chain)
    ended = desk.flash("--check", "--image", image.path, *pair)
    assert ended.status == 0, ended.said


@pytest.mark.parametrize("name", ["desk-7", "7desk", "a" * 63, "desk-7.example.org", "3com.x9"])
def test_a_good_name_is_taken(desk: Desk, image: SmallImage, name: str) -> None:
    ended = desk.flash("--check", "--image", image.path, "--hostname", name)
    assert ended.status == 0, ended.said


@pytest.mark.parametrize(
    "name",
    ["-desk", "desk-", "desk_7", "a" * 64, "desk..x", ".x", "x.", "192.168.1.7", "büro", "a b",
     "a\nb", "x." * 32 + "xy"],
)  # fmt: skip
def test_a_bad_name_is_refused(refused: Callable[..., str], name: str) -> None:
    assert "is no name of a host" in refused("--hostname", name)


def test_a_passphrase_comes_from_a_file_too(
    desk: Desk, image: SmallImage, refused: Callable[..., str], tmp_path: Path
) -> None:
    """Its first line, whatever ends it."""
    secret, card = tmp_path / "secret", tmp_path / "card.img"
    secret.write_bytes(b"password\r\nsomething else\n")
    given = ("--wifi", "IEEE", "--wifi-file", secret)
    assert desk.flash("--to-file", card, "--image", image.path, *given).status == 0
    (tmp_path / "copy").mkdir()
    wifi = (site_of(card, tmp_path / "copy") / "wifi.conf").read_text()
    assert "psk=f42c6fc52df0ebef9ebb4b90b38a5f902e83fe1b135a70e23aed762e9710a12e\n" in wifi
    card.unlink()
    secret.write_text("short\n")
    said = refused(*given)
    assert "A Wi-Fi passphrase has 8 to 63 characters" in said
    assert "short" not in said


def test_no_passphrase_is_no_network(refused: Callable[..., str]) -> None:
    said = refused("--wifi", "ours", typed="")
    assert "Passphrase of ours: " in said
    assert "A Wi-Fi passphrase has 8 to 63 characters" in said


def test_what_is_no_key_of_ssh_is_refused(refused: Callable[..., str], config: Path) -> None:
    assert "holds no public keys of ssh" in refused("--authorized-keys", config)


@pytest.mark.parametrize(
    "option", ["--config", "--ca", "--chain", "--authorized-keys", "--update-ca", "--wifi-file"]
)
def test_a_file_that_is_not_there_is_named(refused: Callable[..., str], option: str) -> None:
    wifi = ("--wifi", "ours") if option == "--wifi-file" else ()
    assert f"There is no file /nothing ({option})." in refused(*wifi, option, "/nothing")
