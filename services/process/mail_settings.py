"""Settings of mail: where it is handed over, and where its links lead."""

import re
from dataclasses import dataclass, field
from email.errors import MessageError
from email.headerregistry import Address
from email.utils import parseaddr
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import SplitResult, unquote, urlsplit

SUBMISSION_PORT, SMTPS_PORT = 587, 465
DEFAULT_SENDER = "Gym Tracker <gym-tracker@localhost>"
"""Of mails that are kept as files."""

_ORIGIN = re.compile(r"https?://[A-Za-z0-9.\-\[\]:]+", re.ASCII)


class Malformed(ValueError):
    """A setting is malformed; the message names it, and never its value."""


@dataclass(frozen=True)
class SmtpServer:
    """A server that takes mail.

    Args:
        host: its name or address.
        port: its port.
        user: empty if it asks for none.
        password: of that user.
        is_tls: whether TLS begins with the connection, and not by STARTTLS.
    """

    host: str
    port: int
    user: str = ""
    password: str = field(default="", repr=False)
    is_tls: bool = False

    @property
    def is_here(self) -> bool:
        """Whether it is on this machine, so that nobody can listen on the way."""
        return self.host == "localhost" or _is_loopback(self.host)

    @property
    def needs_proof(self) -> bool:
        """Whether nothing is sent before TLS has proved which server it is."""
        return not self.is_here and (self.is_tls or bool(self.user))


@dataclass(frozen=True)
class MailSettings:
    """How mail leaves this system; without a server and a directory it does not.

    Args:
        sender: the ``From`` of all mails.
        server: takes them.
        directory: keeps them as files if there is no server.
        public_url: the origin of the pages that links lead to, such as ``https://gym.example.com``.
    """

    sender: str = DEFAULT_SENDER
    server: SmtpServer | None = None
    directory: Path | None = None
    public_url: str = ""

    @property
    def is_on(self) -> bool:
        """Whether mails can be sent."""
        return self.server is not None or self.directory is not None


def read_mail_settings(
    smtp_url: str, sender: str, directory: str, public_url: str, gateway: str, development: bool
) -> MailSettings:
    """Read the settings.

    Args:
        smtp_url: ``SMTP_URL``.
        sender: ``MAIL_FROM``.
        directory: ``MAIL_DIRECTORY``.
        public_url: ``PUBLIC_URL``.
        gateway: host and port of the gateway, where links lead without a ``PUBLIC_URL``.
        development: whether they may do so with mail, too.

    Raises:
        Malformed: one is malformed, or another one is needed with it.
    """
    server = _server(smtp_url) if smtp_url else None
    if server is not None and not sender:
        raise Malformed("MAIL_FROM must be given with SMTP_URL, like Gym <gym@example.com>")
    if not public_url and not development and (server or directory):
        raise Malformed("PUBLIC_URL must be given with mail: it is what links in mails begin with")
    return MailSettings(
        sender=_sender(sender) if sender else DEFAULT_SENDER,
        server=server,
        directory=Path(directory) if directory else None,
        public_url=_origin(public_url) if public_url else f"http://{gateway}",
    )


def _server(url: str) -> SmtpServer:
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise _malformed_server() from None
    if parts.scheme not in ("smtp", "smtps") or not parts.hostname or _has_more(parts):
        raise _malformed_server()
    is_tls = parts.scheme == "smtps"
    return SmtpServer(
        host=parts.hostname,
        port=port or (SMTPS_PORT if is_tls else SUBMISSION_PORT),
        user=unquote(parts.username or ""),
        password=unquote(parts.password or ""),
        is_tls=is_tls,
    )


def _has_more(parts: SplitResult) -> bool:
    return parts.path not in ("", "/") or bool(parts.query or parts.fragment)


def _malformed_server() -> Malformed:
    return Malformed(
        "SMTP_URL must be like smtp://user:password@host:587 or smtps://user:password@host:465, "
        "with %40 for an @ in the user or the password"
    )


def _sender(text: str) -> str:
    name, address = parseaddr(text)
    try:
        if not text.isprintable():
            raise ValueError("a header has one line")
        return str(Address(name, addr_spec=address))
    except (MessageError, ValueError, IndexError):
        raise Malformed("MAIL_FROM must be like gym@example.com or Gym <gym@example.com>") from None


def _origin(url: str) -> str:
    origin = url.rstrip("/")
    if not _ORIGIN.fullmatch(origin):
        raise Malformed("PUBLIC_URL must be like https://gym.example.com, without a path")
    return origin


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
