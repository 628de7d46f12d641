"""Handing mails over: to an SMTP server, or to a directory of files."""

import os
import smtplib
import socket
import ssl
from collections.abc import Callable
from contextlib import suppress
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import eventlet
from eventlet import tpool
from eventlet.patcher import original

from services.dependencies.mail.messages import Mail, make_message
from services.process import budgets
from services.process.mail_settings import MailSettings, SmtpServer

_look_up = original("socket").getaddrinfo


class NotTaken(Exception):
    """A mail was not taken, and may be later.

    Args:
        reason: what happened; no address, as it is logged.
        is_down: whether it has nothing to do with this mail, so that others need not be tried.
    """

    def __init__(self, reason: str, is_down: bool = False):
        super().__init__(reason)
        self.is_down = is_down


class Refused(Exception):
    """The server will never take this mail; the message is the reason, without an address."""


HandOver = Callable[[Mail], None]
"""Hands a mail over, or raises :class:`NotTaken` or :class:`Refused`."""


def way_out(settings: MailSettings) -> HandOver | None:
    """Return how mails leave this system, or None if they can't."""
    if settings.server is not None:
        return SmtpRelay(settings.server, settings.sender).hand_over
    if settings.directory is not None:
        return MailDirectory(settings.directory, settings.sender).hand_over
    return None


class SmtpRelay:
    """Hands mails to an SMTP server, each over a connection of its own."""

    def __init__(self, server: SmtpServer, sender: str):
        self._server = server
        self._sender = sender
        self._context = ssl.create_default_context()
        if not server.needs_proof:
            # TLS that whoever listens may as well leave out needs no certificate
            self._context.check_hostname = False
            self._context.verify_mode = ssl.CERT_NONE

    def hand_over(self, mail: Mail) -> None:
        """Hand a mail over."""
        message = make_message(mail, self._sender)
        late = NotTaken(f"the server took more than {budgets.MAIL_SECONDS} s", is_down=True)
        with eventlet.Timeout(budgets.MAIL_SECONDS, late):
            try:
                connection = self._connect()
            except (OSError, smtplib.SMTPException) as problem:
                raise NotTaken(_reason(problem), is_down=True) from None
            try:
                _send(connection, message)
            finally:
                connection.close()

    def _connect(self) -> smtplib.SMTP:
        server = self._server
        options: dict[str, Any] = {
            "local_hostname": _own_name(),
            "timeout": budgets.MAIL_ANSWER_SECONDS,
        }
        connection: smtplib.SMTP
        if server.is_tls:
            connection = _SmtpOverTls(server.host, server.port, context=self._context, **options)
        else:
            connection = _Smtp(server.host, server.port, **options)
        try:
            self._introduce(connection)
        except BaseException:
            connection.close()
            raise
        return connection

    def _introduce(self, connection: smtplib.SMTP) -> None:
        connection.ehlo_or_helo_if_needed()
        if not self._server.is_tls:
            if connection.has_extn("starttls"):
                connection.starttls(context=self._context)
            elif self._server.needs_proof:
                raise smtplib.SMTPNotSupportedError("it offers no STARTTLS, which a password needs")
        if self._server.user:
            connection.login(self._server.user, self._server.password)


class _Smtp(smtplib.SMTP):
    """An SMTP client that looks names up in another thread: that may take half a minute."""

    def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:
        found = tpool.execute(_look_up, host, port, 0, socket.SOCK_STREAM)
        problem: OSError = OSError("the server's name has no address")
        for *_, address in found:
            try:
                return socket.create_connection(address[:2], timeout)
            except OSError as failure:
                problem = failure
        raise problem


class _SmtpOverTls(smtplib.SMTP_SSL, _Smtp):
    """The same with TLS from the beginning."""


class MailDirectory:
    """Keeps mails as files, where there is nobody to hand them to."""

    def __init__(self, directory: Path, sender: str):
        self._directory = directory
        self._sender = sender

    def hand_over(self, mail: Mail) -> None:
        """Write a mail to a file that only its owner reads."""
        content = make_message(mail, self._sender).as_bytes()
        begin = f"{mail.created_at:%Y-%m-%dT%H%M%S}-{_of_user(mail.user_id)}"
        path = self._directory / f"{begin}-{mail.name}.eml"
        unfinished = path.with_suffix(".unfinished")
        try:
            self._directory.mkdir(mode=0o700, parents=True, exist_ok=True)
            unfinished.unlink(missing_ok=True)
            with open(
                os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb"
            ) as file:
                file.write(content)
            unfinished.rename(path)
        except OSError as problem:
            raise NotTaken(_reason(problem), is_down=True) from None

    def forget(self, user_id: int) -> None:
        """Delete the mails about an account.

        Raises:
            OSError: one can't be deleted.
        """
        for path in self._directory.glob(f"*-{_of_user(user_id)}-*"):
            path.unlink(missing_ok=True)


def _of_user(user_id: int) -> str:
    return f"user-{user_id}"


def _send(connection: smtplib.SMTP, message: EmailMessage) -> None:
    try:
        connection.send_message(message)
    except smtplib.SMTPRecipientsRefused as problem:
        [(code, _)] = problem.recipients.values()
        raise _refusal("the recipient", code) from None
    except smtplib.SMTPSenderRefused as problem:
        # a wrong MAIL_FROM or a missing password: the fault of no single mail
        reason = f"the server refused the sender with {problem.smtp_code}"
        raise NotTaken(reason, is_down=True) from None
    except smtplib.SMTPDataError as problem:
        raise _refusal("the message", problem.smtp_code) from None
    except smtplib.SMTPNotSupportedError as problem:
        raise Refused(str(problem)) from None
    except (OSError, smtplib.SMTPException) as problem:
        raise NotTaken(_reason(problem), is_down=True) from None
    # it has taken the mail, whatever becomes of the connection
    with suppress(OSError, smtplib.SMTPException):
        connection.quit()


def _refusal(what: str, code: int) -> NotTaken | Refused:
    # not with the server's own words, which may repeat the address
    reason = f"the server refused {what} with {code}"
    return Refused(reason) if code // 100 == 5 else NotTaken(reason)


def _reason(problem: Exception) -> str:
    if isinstance(problem, smtplib.SMTPNotSupportedError | smtplib.SMTPServerDisconnected):
        # these are smtplib's own words
        return str(problem)
    if isinstance(problem, smtplib.SMTPResponseException):
        return f"{type(problem).__name__}: {problem.smtp_code}"
    if isinstance(problem, smtplib.SMTPException):
        return type(problem).__name__
    return f"{type(problem).__name__}: {problem}"


def _own_name() -> str:
    # smtplib would ask DNS for it; a name that is none is said as an address (RFC 5321, 4.1.3)
    name = socket.gethostname()
    return name if "." in name else "[127.0.0.1]"
