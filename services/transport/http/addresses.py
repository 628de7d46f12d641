"""The address that a request or a connection counts for."""

from collections.abc import Iterable
from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
    ip_network,
)

from services.process.settings import BadSettings, Settings

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

SHARED_BITS = 64
"""Of an IPv6 address, which all addresses of one subscriber have in common."""


def parse_networks(texts: Iterable[str]) -> tuple[Network, ...]:
    """Return addresses and networks, such as ``10.0.0.0/8``, as networks.

    Raises:
        ValueError: one of them is neither.
    """
    return tuple(ip_network(text, strict=False) for text in texts)


def trusted_proxies(settings: Settings) -> tuple[Network, ...]:
    """Return the proxies that are believed.

    Raises:
        BadSettings: one of them can't be read.
    """
    try:
        return parse_networks(settings.trusted_proxies)
    except ValueError as problem:
        raise BadSettings(f"TRUSTED_PROXIES: {problem}") from None


def client_address(peer: str, forwarded: str | None, trusted: tuple[Network, ...]) -> str:
    """Return the address that a request counts for; of IPv6, the network.

    Whoever has one IPv6 address has all 2^64 of its network, and could use another for each try.

    Args:
        peer: the other end of the connection.
        forwarded: ``X-Forwarded-For``, to which each proxy adds its own peer at the end.
        trusted: the proxies that are believed.
    """
    address = _parse(peer)
    hops = (forwarded or "").split(",")
    while hops and address and any(address in network for network in trusted):
        hop = _parse(hops.pop().strip())
        if hop is None:
            break
        address = hop
    return peer if address is None else _counted_as(address)


def connection_address(peer: str, trusted: tuple[Network, ...]) -> str | None:
    """Return the address that a connection counts for, or None if it is a trusted proxy's.

    Args:
        peer: the other end of the connection.
        trusted: the proxies, each of which brings the requests of many.
    """
    address = _parse(peer)
    if address is None:
        return peer
    return None if any(address in network for network in trusted) else _counted_as(address)


def _parse(text: str) -> Address | None:
    try:
        address = ip_address(text)
    except ValueError:
        return None
    # a server that listens on IPv6 sees IPv4 clients as ::ffff:192.0.2.1
    return getattr(address, "ipv4_mapped", None) or address


def _counted_as(address: Address) -> str:
    if address.version == 4:
        return str(address)
    return str(ip_network((int(address), SHARED_BITS), strict=False))
