"""Where configuration files come from, and when: values that are read from the configuration."""

from __future__ import annotations

from config.configuration import Configuration
from config.parameters import text_of
from firmware.frozen import frozen

HTTPS, HTTP, TFTP = "https", "http", "tftp"

NOT_CHECKED = "its server is not checked"
BY_DHCP = "DHCP named its server"

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
        usual = {HTTPS: 443, HTTP: 80, TFTP: 69}[self.scheme]
        port = "" if self.port == usual else f":{self.port}"
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
    doubt = f"it came over {scheme.upper()}"
    if scheme == HTTPS:
        doubt = "" if all(value(name) for name in VALIDATES) else NOT_CHECKED
    path = text_of(value(f"{scheme} path"))
    return Server(scheme, host, int(value(f"{scheme} port")), path, doubt)


def resync_of(configuration: Configuration) -> Resync | None:
    """Return when configuration is fetched anew, None where it is not."""
    if int(configuration.value("auto resync mode")) not in {1, 3}:
        return None
    hours, minutes = str(configuration.value("auto resync time")).split(":")
    delay_s = 60.0 * int(configuration.value("auto resync max delay"))
    days = int(configuration.value("auto resync days"))
    return Resync(60 * int(hours) + int(minutes), delay_s, days)


def provision_settings(
    configuration: Configuration, names: tuple[tuple[str, ...], ...], by_dhcp: Server | None
) -> ProvisionSettings:
    """Return the settings of the provisioner; `by_dhcp` counts where no parameter names one."""
    server = server_of(configuration) or by_dhcp
    return ProvisionSettings(server, names, resync_of(configuration))
