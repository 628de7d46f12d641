"""Telling from which address a request comes."""

from collections.abc import Iterable
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network

Network = IPv4Network | IPv6Network


def parse_networks(texts: Iterable[str]) -> tuple[Network, ...]:
    """Return addresses and networks, such as ``10.0.0.0/8``, as networks.

    Raises:
        ValueError: one of them is neither.
    """
    return tuple(ip_network(text, strict=False) for text in texts)


def client_address(peer: str, forwarded: str | None, trusted: tuple[Network, ...]) -> str:
    """Return the address that a request counts for.

    Args:
        peer: the other end of the connection.
        forwarded: ``X-Forwarded-For``, to which each proxy adds its own peer at the end.
        trusted: the proxies that are believed.
    """
    address = peer
    hops = (forwarded or "").split(",")
    while hops and _is_trusted(address, trusted):
        hop = hops.pop().strip()
        if not _is_address(hop):
            break
        address = hop
    return address


def _is_trusted(address: str, trusted: tuple[Network, ...]) -> bool:
    return _is_address(address) and any(ip_address(address) in network for network in trusted)


def _is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True
