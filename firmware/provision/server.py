"""Where configuration files come from, and when: values that are read from the configuration."""

from __future__ import annotations

from urllib.parse import urlsplit

from config.checks import FILES
from config.configuration import Configuration
from config.fetched import DIRECTORY
from config.kinds import Host, is_url
from config.parameters import text_of
from firmware.frozen import frozen

HTTPS, HTTP, TFTP = "https", "http", "tftp"
USUAL_PORTS = {HTTPS: 443, HTTP: 80, TFTP: 69}

NOT_CHECKED = "its server is not checked"
BY_DHCP = "DHCP named its server"

LINKED = (*FILES, "https user certificates", "configuration signer", DIRECTORY)
"""The parameters that may name a file by URL."""

FILES_TOO, FIRMWARE_TOO = frozenset({1, 3}), frozenset({2, 3})
"""The values of `auto resync mode` that look for configuration files, and for firmware."""

BUNDLE_NAME = "handset.raucb"
"""On a firmware server."""

VALIDATES = ("https validate certificates", "https validate hostname", "https validate expires")


@frozen
class Server:
    """A server of files. `doubt`: why what it gives is not trusted (T2), "" where it is."""

    scheme: str
    host: str
    port: int
    path: str = ""
    doubt: str = ""

    @property
    def text(self) -> str:
        """The server as a person knows it: "https://example.org/phones"."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        port = "" if self.port == USUAL_PORTS[self.scheme] else f":{self.port}"
        path = self.path.strip("/")
        return f"{self.scheme}://{host}{port}{'/' if path else ''}{path}"

    def url(self, name: str) -> str:
        """Return where a file is."""
        return f"{self.text}/{name}"


@frozen
class Resync:
    """When files are fetched anew by themselves; minutes since midnight, local time."""

    minute: int
    delay_max_s: float
    days: int  # At least so many between.


@frozen
class ProvisionSettings:
    """What the provisioner is told. `names`: the files in their order, alternatives together."""

    server: Server | None = None
    names: tuple[tuple[str, ...], ...] = ()
    resync: Resync | None = None


def server_of(configuration: Configuration) -> Server | None:
    """Return the server that the parameters name."""
    value = configuration.value
    scheme = str(value("download protocol")).lower()
    host = str(value(f"{scheme} server")) if scheme in {HTTPS, HTTP, TFTP} else ""
    if not host:
        return None
    path = text_of(value(f"{scheme} path"))
    doubt = doubt_of(configuration, scheme)
    return Server(scheme, host, int(value(f"{scheme} port")), path, doubt)


def doubt_of(configuration: Configuration, scheme: str) -> str:
    """Return why what comes by a scheme is not trusted (T2), "" where it is."""
    if scheme != HTTPS:
        return f"it came over {scheme.upper()}"
    return "" if all(configuration.value(name) for name in VALIDATES) else NOT_CHECKED


def linked(configuration: Configuration) -> dict[str, str]:
    """Return the URLs of files that parameters name, by parameter."""
    named = {name: str(configuration.value(name)) for name in LINKED}
    return {name: text for name, text in named.items() if is_url(text)}


def server_of_url(configuration: Configuration, url: str) -> tuple[Server, str]:
    """Return the server that a URL leads to, and the file's name there.

    ValueError where it leads to none that this phone can ask.
    """
    parts = urlsplit(url)
    scheme = parts.scheme.lower()
    if scheme not in USUAL_PORTS:
        raise ValueError(f"{scheme.upper()} is not spoken by this phone")
    host = str(Host().parse(parts.hostname or ""))
    folder, _, name = parts.path.rpartition("/")
    query = f"?{parts.query}" if parts.query else ""
    if not host or not name + query:
        raise ValueError("names no file")
    port = parts.port or USUAL_PORTS[scheme]
    return Server(scheme, host, port, folder, doubt_of(configuration, scheme)), name + query


def resync_of(configuration: Configuration, modes: frozenset[int]) -> Resync | None:
    """Return when something is looked for anew, None where `auto resync mode` is none of these."""
    if int(configuration.value("auto resync mode")) not in modes:
        return None
    hours, minutes = str(configuration.value("auto resync time")).split(":")
    delay_s = 60.0 * int(configuration.value("auto resync max delay"))
    days = int(configuration.value("auto resync days"))
    return Resync(60 * int(hours) + int(minutes), delay_s, days)


def update_uri_of(configuration: Configuration) -> str:
    """Return where the parameters say that firmware is, "" where they name no place."""
    uri, server = (str(configuration.value(name)) for name in ("upgrade uri", "firmware server"))
    return uri or (f"{server.rstrip('/')}/{BUNDLE_NAME}" if server else "")


def checked_update_uri(uri: str) -> str:
    """Return it; ValueError where nothing can be fetched from there, with the reason."""
    parts = urlsplit(uri)
    if parts.scheme.lower() not in {HTTPS, HTTP}:
        raise ValueError("an update comes over HTTPS or HTTP")
    if not str(Host().parse(parts.hostname or "")) or not parts.path.rpartition("/")[2]:
        raise ValueError("names no file")
    if parts.port == 0:  # Another that is none raises by itself.
        raise ValueError("names port 0")
    return uri


def provision_settings(
    configuration: Configuration, names: tuple[tuple[str, ...], ...], by_dhcp: Server | None
) -> ProvisionSettings:
    """Return the settings of the provisioner; `by_dhcp` counts where no parameter names one."""
    server = server_of(configuration) or by_dhcp
    return ProvisionSettings(server, names, resync_of(configuration, FILES_TOO))
