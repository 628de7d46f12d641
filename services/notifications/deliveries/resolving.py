"""The addresses to which a webhook's host leads, of which only allowed ones are given."""

import socket
from collections.abc import Iterator
from ipaddress import ip_address

import dns.exception
import dns.resolver
from eventlet import tpool
from eventlet.patcher import original

from services.notifications.deliveries.sending import NotDelivered
from services.notifications.rules.addresses import Target, is_public
from services.process import budgets

_look_up = original("socket").getaddrinfo


class Resolver:
    """Looks names up, in the name servers of this machine.

    A name of the operator's list is looked up as any program of this machine does, so it may be
    in its file of hosts. All others go through dnspython, which waits in this process's event loop:
    a thread could not be freed from a name server that does not answer.

    Args:
        servers: the name servers, and their port; None for those of the machine.
    """

    def __init__(self, servers: tuple[list[str], int] | None = None):
        self._resolver = dns.resolver.Resolver(configure=servers is None)
        if servers is not None:
            self._resolver.nameservers, self._resolver.port = servers

    def allowed_addresses(self, target: Target) -> list[str]:
        """Return the addresses that a connection may go to, at least one.

        Raises:
            NotDelivered: there is none.
        """
        found = list(dict.fromkeys(self._addresses(target)))
        if not found:
            raise NotDelivered("The name has no address")
        # also beside a public one: it shows what the name is for
        if not target.is_listed and not all(is_public(ip_address(each)) for each in found):
            raise NotDelivered("The name leads to an address that is not public")
        return found[: budgets.DELIVERY_ADDRESSES]

    def _addresses(self, target: Target) -> Iterator[str]:
        if target.address is not None:
            yield target.host
        elif target.is_listed:
            try:
                found = tpool.execute(_look_up, target.host, target.port, 0, socket.SOCK_STREAM)
            except OSError:
                raise NotDelivered("The name has no address") from None
            yield from (address[0] for *_, address in found)
        else:
            for kind in ("A", "AAAA"):
                yield from self._ask(target.host, kind)

    def _ask(self, name: str, kind: str) -> Iterator[str]:
        try:
            # with a dot at the end: no search list of this machine makes another name of it
            answer = self._resolver.resolve(
                f"{name}.", kind, lifetime=budgets.DELIVERY_LOOK_UP_SECONDS
            )
        except (dns.resolver.NoAnswer, dns.resolver.NXDOMAIN):
            return
        except (dns.exception.DNSException, OSError) as problem:
            raise NotDelivered(f"The name can't be looked up: {type(problem).__name__}") from None
        yield from (record.to_text() for record in answer)
