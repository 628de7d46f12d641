"""An SMTP server on loopback, with TLS and log-ins, that refuses what it is told to."""

import asyncio
import email
import email.policy
import ssl
import subprocess
import threading
from dataclasses import dataclass
from email.message import EmailMessage
from pathlib import Path

from aiosmtpd.smtp import SMTP, AuthResult

from tests.waiting import eventually

USER, PASSWORD = "ann@example.com", "p@ss/word"
LOGIN = "ann%40example.com:p%40ss%2Fword"
"""The same as they stand in a URL."""

ANYWHERE = "0.0.0.0"
"""An address of this machine that is none of loopback's, so that TLS has to prove it."""

SECONDS = 20


@dataclass(frozen=True)
class Received:
    """A mail that the server has taken.

    Attributes:
        was_secret: whether it came over TLS.
        content: as it was sent.
    """

    sender: str
    recipients: list[str]
    message: EmailMessage
    was_secret: bool
    user: str | None
    content: bytes = b""

    def body(self, kind="plain"):
        return self.message.get_body([kind]).get_content()


class SmtpServer:
    """Takes mail until the end of the block.

    Args:
        certificate: with its key, as from :func:`make_certificate`; None for a server without TLS.
        is_tls: whether TLS begins with the connection, and not by STARTTLS.
        asks_for_login: whether it takes mail of users only.

    Attributes:
        received: what it has taken, in order; further mails may arrive while it is read.
        refusals: by command (``MAIL``, ``RCPT``, ``DATA``) what is answered instead, each once.
        tried: the recipients of all tries.
        holds: while true, no mail is answered.
    """

    def __init__(self, certificate=None, is_tls=False, asks_for_login=False, port=0):
        self.received: list[Received] = []
        self.refusals: dict[str, str] = {}
        self.tried: list[str] = []
        self.holds = False
        self.port = port
        self.asks_for_login = asks_for_login
        self._context = None
        if certificate is not None:
            self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self._context.load_cert_chain(certificate)
        self._is_tls = is_tls
        self._loop = asyncio.new_event_loop()
        self._server = None
        self._connections = set()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)

    def __enter__(self):
        self._thread.start()
        self.start()
        return self

    def __exit__(self, *_):
        self.stop()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(SECONDS)
        self._loop.close()

    def start(self):
        """Listen, on the same port as before."""
        self._run(self._listen())

    def stop(self):
        """Listen no more."""
        self._run(self._close())

    def url(self, login=None, host="127.0.0.1"):
        scheme = "smtps" if self._is_tls else "smtp"
        return f"{scheme}://{f'{login}@' if login else ''}{host}:{self.port}"

    def mails_to(self, address):
        return [mail for mail in self.received if address in mail.recipients]

    def mail_to(self, address, count=1):
        """Wait for so many mails to an address, and return the last one."""
        eventually(lambda: len(self.mails_to(address)) >= count, SECONDS)
        found = self.mails_to(address)
        assert len(found) == count
        return found[-1]

    async def _listen(self):
        tls = self._context if self._is_tls else None
        self._server = await self._loop.create_server(self._protocol, ANYWHERE, self.port, ssl=tls)
        self.port = self._server.sockets[0].getsockname()[1]

    async def _close(self):
        if self._server is not None:
            self._server.close()
            for protocol in self._connections:
                if protocol.transport is not None:
                    protocol.transport.abort()
            await self._server.wait_closed()
            self._server = None
            await asyncio.sleep(0)

    def _protocol(self):
        protocol = SMTP(
            _Handler(self),
            hostname="fake",
            tls_context=None if self._is_tls else self._context,
            authenticator=_authenticate,
            auth_require_tls=False,
            enable_SMTPUTF8=True,
            loop=self._loop,
        )
        self._connections.add(protocol)
        return protocol

    def _run(self, work):
        asyncio.run_coroutine_threadsafe(work, self._loop).result(SECONDS)


class _Handler:
    # aiosmtpd finds these by their names
    def __init__(self, server):
        self.server = server

    async def handle_MAIL(self, smtp, session, envelope, address, options):  # noqa: N802
        if self.server.asks_for_login and not session.authenticated:
            return "530 5.7.0 Authentication required"
        if refusal := self.server.refusals.pop("MAIL", None):
            return refusal
        envelope.mail_from = address
        return "250 OK"

    async def handle_RCPT(self, smtp, session, envelope, address, options):  # noqa: N802
        self.server.tried.append(address)
        if refusal := self.server.refusals.pop("RCPT", None):
            return refusal.format(address)
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, smtp, session, envelope):  # noqa: N802
        while self.server.holds:
            await asyncio.sleep(0.02)
        if refusal := self.server.refusals.pop("DATA", None):
            return refusal
        received = Received(
            sender=envelope.mail_from,
            recipients=list(envelope.rcpt_tos),
            message=email.message_from_bytes(envelope.content, policy=email.policy.default),
            was_secret=smtp.transport.get_extra_info("sslcontext") is not None,
            user=session.auth_data,
            content=envelope.content,
        )
        self.server.received.append(received)
        return "250 OK"


def _authenticate(server, session, envelope, mechanism, data):
    good = (data.login, data.password) == (USER.encode(), PASSWORD.encode())
    return AuthResult(success=good, handled=False, auth_data=data.login.decode() if good else None)


def make_certificate(directory: Path) -> Path:
    """Make a certificate of this machine, by the names that tests use, and return it with its key.

    It is its own authority: a client that is to believe it has it in ``SSL_CERT_FILE``.
    """
    file = directory / "smtp.pem"
    command = [
        *("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"),
        *("-subj", "/CN=localhost", "-keyout", "-", "-out", "-"),
        *("-addext", f"subjectAltName=DNS:localhost,IP:127.0.0.1,IP:{ANYWHERE}"),
    ]
    done = subprocess.run(command, capture_output=True, check=True)
    file.write_bytes(done.stdout)
    file.chmod(0o600)
    return file
