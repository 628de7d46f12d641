"""The broker's address with a hidden password."""

from urllib.parse import SplitResult, urlsplit

EXPECTED = (
    "AMQP_URI must be as amqp://user:password@host:5672/vhost, "
    "with %2F for a / in the password, and so on"
)


class SecretAddress(str):
    """An AMQP address; a ``str`` whose ``str()``, ``repr()`` and ``format()`` hide the password.

    ``n.config`` contains it, and so do tracebacks and ``help``.
    """

    @property
    def place(self) -> str:
        """Host, port, virtual host and user.

        Raises:
            ValueError: it is no address; the message contains no part of it.
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
        # an unquoted password with a "/", "?" or "#" ends the host there, and would be shown
        if not parts.hostname or "@" in parts.path + parts.query + parts.fragment:
            raise ValueError(EXPECTED)
        return parts


def _host(parts: SplitResult) -> str:
    return parts.netloc.rpartition("@")[2]
