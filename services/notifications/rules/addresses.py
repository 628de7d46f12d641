"""Which addresses a webhook may have, and which its name may lead to.

Whoever may make webhooks could otherwise have this system ask what only it can reach: its own
servers, those beside it, a cloud's metadata. So what does not stand on the operator's list
(``WEBHOOK_HOSTS``) must be https, on port 443 or 80, and every connection goes to a public address.
"""

import ipaddress
import re
from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import urlsplit

PORTS = {"https": 443, "http": 80}
USUAL_PORTS = frozenset(PORTS.values())
ANY_PORT = "*"

Address = ipaddress.IPv4Address | ipaddress.IPv6Address

_PRINTABLE = re.compile(r"[!-~]+")
_LABEL = r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?"
_NAME = re.compile(rf"{_LABEL}(?:\.{_LABEL})*")
# as browsers and libc read them: 2130706433, 0x7f.1, 0177.0.0.1
_NUMBER = re.compile(r"(?:0x[0-9a-f]*|[0-9]+)")

_NOT_PUBLIC = tuple(
    map(
        ipaddress.ip_network,
        (
            # IPv4 (RFC 6890 and the registry of special-purpose addresses)
            *("0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16"),
            *("172.16.0.0/12", "192.0.0.0/24", "192.0.2.0/24", "192.31.196.0/24"),
            *("192.52.193.0/24", "192.88.99.0/24", "192.168.0.0/16", "192.175.48.0/24"),
            *("198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4"),
            # the wire server of Azure, which looks public
            "168.63.129.16/32",
            # IPv6: within 2000::/3, all that is no ordinary address
            *("2001::/23", "2001:db8::/32", "2002::/16", "2620:4f:8000::/48", "3fff::/20"),
        ),
    )
)
_GLOBAL_IPV6 = ipaddress.IPv6Network("2000::/3")
_WITH_IPV4 = ipaddress.IPv6Network("64:ff9b::/96")


class BadAddress(ValueError):
    """A webhook may not have this address; the message says why, in one sentence."""


@dataclass(frozen=True)
class Target:
    """Where a webhook is.

    Attributes:
        scheme: ``https`` or ``http``.
        host: a name in lower case without a dot at its end, or an address.
        port: its port.
        path: path and query, as they are sent.
        is_listed: whether the operator allows it, wherever it leads.
    """

    scheme: str
    host: str
    port: int
    path: str
    is_listed: bool

    @property
    def authority(self) -> str:
        """The ``Host`` of requests."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == PORTS[self.scheme] else f"{host}:{self.port}"

    @property
    def address(self) -> Address | None:
        """The address that the URL has itself; None of a name."""
        return _literal(self.host)


class HostList:
    """The hosts that the operator allows, each with or without a port.

    Args:
        items: ``host``, ``host:port``, or ``host:*`` for any port; IPv6 in brackets. Without a port
            it is 80 and 443.

    Raises:
        ValueError: one of them is none of these.
    """

    def __init__(self, items: Iterable[str] = ()):
        self._ports: dict[str, set[int] | None] = {}
        for item in items:
            host, port = _split(item)
            if port == ANY_PORT:
                self._ports[host] = None
            elif (known := self._ports.setdefault(host, set())) is not None:
                known |= {int(port)} if port else USUAL_PORTS

    def allows(self, host: str, port: int) -> bool:
        """Return whether a host is on the list, with this port."""
        ports = self._ports.get(host, set())
        return ports is None or port in ports


def read(url: str, listed: HostList) -> Target:
    """Return where a URL leads, by its text alone.

    Raises:
        BadAddress: no webhook may have it.
    """
    if not _PRINTABLE.fullmatch(url) or "\\" in url:
        raise BadAddress(
            "The URL must be printable ASCII without spaces and backslashes; "
            "other names are written in Punycode (xn--)"
        )
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise BadAddress("The URL is none") from None
    if parts.scheme not in PORTS:
        raise BadAddress("The URL must begin with https://")
    if "@" in parts.netloc:
        raise BadAddress("The URL must not have a user or a password")
    if "#" in url:
        raise BadAddress("The URL must not have a fragment")
    host = _host_of(parts.hostname or "")
    port = PORTS[parts.scheme] if port is None else port
    path = parts.path or "/"
    target = Target(
        scheme=parts.scheme,
        host=host,
        port=port,
        path=f"{path}?{parts.query}" if parts.query else path,
        is_listed=listed.allows(host, port),
    )
    if not target.is_listed:
        _check_unlisted(target)
    return target


def is_public(address: Address) -> bool:
    """Return whether an address is an ordinary one of the internet."""
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped is not None:
            return is_public(address.ipv4_mapped)
        if address in _WITH_IPV4:
            return is_public(ipaddress.IPv4Address(int(address) & 0xFFFFFFFF))
        if address not in _GLOBAL_IPV6 or address.scope_id is not None:
            return False
    return not any(
        address in network for network in _NOT_PUBLIC if network.version == address.version
    )


def _check_unlisted(target: Target) -> None:
    if target.scheme != "https":
        raise BadAddress("The URL must begin with https://")
    if target.port not in USUAL_PORTS:
        raise BadAddress("The URL must have port 443 or 80")
    address = target.address
    if address is None:
        if "." not in target.host or target.host.endswith((".localhost", ".local", ".internal")):
            raise BadAddress("The URL must have a name of the public internet")
    elif not is_public(address):
        raise BadAddress("The URL must have a public address")


def _host_of(host: str) -> str:
    host = host.lower().removesuffix(".")
    if _literal(host) is not None:
        return str(_literal(host))
    if len(host) > 253 or not _NAME.fullmatch(host):
        raise BadAddress("The URL has no valid host")
    if _NUMBER.fullmatch(host.rpartition(".")[2]):
        raise BadAddress("An address must be written as four decimal numbers, such as 192.0.2.1")
    return host


def _literal(host: str) -> Address | None:
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None


def _split(item: str) -> tuple[str, str]:
    """Return host and port of an item of the list; the port is empty if there is none."""
    text = item.strip().lower()
    if text.startswith("["):
        host, bracket, rest = text[1:].partition("]")
        valid = bool(bracket) and (not rest or rest.startswith(":"))
        port = rest[1:]
    else:
        host, _, port = text.partition(":")
        valid = True
    is_port = not port or port == ANY_PORT or (port.isdecimal() and 1 <= int(port) <= 65535)
    if not (valid and is_port):
        raise ValueError(item)
    try:
        return _host_of(host), port
    except BadAddress:
        raise ValueError(item) from None
