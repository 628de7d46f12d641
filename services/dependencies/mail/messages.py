"""Mails as messages of RFC 5322, in text and HTML."""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, parseaddr

from email_validator import EmailNotValidError, validate_email

from services.dependencies.mail.texts import Text

POLICY = SMTP.clone(max_line_length=998)
"""With the longest lines that mail may have: what does not fit into one would be written as an
encoded word (RFC 2047), and no mail program looks for a link in that."""


@dataclass(frozen=True)
class Mail:
    """A mail.

    Attributes:
        name: the same whenever it is tried; no other mail of this installation that was made at
            the same moment has it.
        user_id: whose account it is about.
        created_at: when it was made.
        headers: further ones, by their names.
    """

    name: str
    user_id: int
    recipient: str = field(repr=False)
    text: Text = field(repr=False)
    created_at: datetime
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)


def make_message(mail: Mail, sender: str) -> EmailMessage:
    """Return the message of a mail; it is the same each time the mail is tried.

    Args:
        mail: what is sent.
        sender: the ``From``.
    """
    message = EmailMessage(policy=POLICY)
    message["From"] = sender
    message["To"] = _address(mail.recipient)
    message["Subject"] = mail.text.subject
    message["Date"] = format_datetime(mail.created_at)
    # by its id mail programs know a mail that has come twice
    moment = int(mail.created_at.timestamp() * 1000)
    message["Message-ID"] = f"<{mail.name}.{moment}@{parseaddr(sender)[1].rpartition('@')[2]}>"
    # keeps answering machines from answering (RFC 3834)
    message["Auto-Submitted"] = "auto-generated"
    for name, value in mail.headers.items():
        message[name] = value
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
