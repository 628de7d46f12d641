"""The broker's address, with a password that no screen shows."""

from urllib.parse import SplitResult, urlsplit

EXPECTED = (
    "AMQP_URI must be as amqp://user:password@host:5672/vhost, "
    "with %2F for a / in the password, and so on"
)


class SecretAddress(str):
    """An AMQP address that can be used as any text, but shows itself without its password.

    ``n.config`` holds it, and what a shell has in reach is shown by ``repr``, ``help`` and
    tracebacks.
    """

    @property
    def place(self) -> str:
        """Where it leads to, and as whom.

        Raises:
            ValueError: it is no address; the message has nothing of it.
        """
        parts = self._parts()
        user = f" as {parts.username}" if parts.username else ""
        return f"{_host(parts)}{parts.path}{user}"

    def __str__(self) -> str:
        try:
            parts = self._parts()
        except ValueError:
            return "***"
        user = f"{parts.username}:***@" if parts.username else ""
        return f"{parts.scheme}://{user}{_host(parts)}{parts.path}"

    def __repr__(self) -> str:
        return repr(str(self))

    def __format__(self, spec: str) -> str:
        return format(str(self), spec)

    def _parts(self) -> SplitResult:
        try:
            parts = urlsplit(self)
            _ = parts.port
        except ValueError:
            raise ValueError(EXPECTED) from None
        # a password that is not quoted ends the host where nobody would look for it
        if not parts.hostname or "@" in parts.path + parts.query + parts.fragment:
            raise ValueError(EXPECTED)
        return parts


def _host(parts: SplitResult) -> str:
    return parts.netloc.rpartition("@")[2]
