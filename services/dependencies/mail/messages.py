"""Mails as messages of RFC 5322, in text and HTML."""

from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, parseaddr

from email_validator import EmailNotValidError, validate_email

from services.dependencies.mail.texts import Text


@dataclass(frozen=True)
class Mail:
    """A mail.

    Attributes:
        name: the same whenever it is tried; no other mail of this installation that was made at
            the same moment has it.
        created_at: when it was made.
    """

    name: str
    recipient: str = field(repr=False)
    text: Text = field(repr=False)
    created_at: datetime


def make_message(mail: Mail, sender: str) -> EmailMessage:
    """Return the message of a mail; it is the same each time the mail is tried.

    Args:
        mail: what is sent.
        sender: the ``From``.
    """
    message = EmailMessage(policy=SMTP)
    message["From"] = sender
    message["To"] = _address(mail.recipient)
    message["Subject"] = mail.text.subject
    message["Date"] = format_datetime(mail.created_at)
    # by its id mail programs know a mail that has come twice
    moment = int(mail.created_at.timestamp() * 1000)
    message["Message-ID"] = f"<{mail.name}.{moment}@{parseaddr(sender)[1].rpartition('@')[2]}>"
    # keeps answering machines from answering (RFC 3834)
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(mail.text.plain, cte=_encoding(mail.text.plain))
    message.add_alternative(mail.text.html, subtype="html", cte=_encoding(mail.text.html))
    return message


def _encoding(text: str) -> str:
    # where it can be, links stay in one piece, also for those who read the file
    return "7bit" if text.isascii() else "quoted-printable"


def _address(address: str) -> Address:
    """Return an address with its domain as DNS has it; accounts have it as people write it."""
    user, _, domain = address.rpartition("@")
    with suppress(EmailNotValidError):
        domain = validate_email(address, check_deliverability=False).ascii_domain
    return Address(username=user, domain=domain)
