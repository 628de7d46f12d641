"""The outbox of mails: the table in which they wait until they are handed over."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from services.process import budgets
from services.transport.postgres.statements import Fetch, Send, Statement
from services.users.mail.texts import Text

_PUT = Statement(
    """
    INSERT INTO mails
        (user_id, recipient, subject, text_body, html_body, next_try_at, give_up_at)
    SELECT id, :recipient, :subject, :plain, :html,
        now() + make_interval(secs => :delay), now() + make_interval(secs => :useful_seconds)
    FROM users WHERE id = :user_id
    """
)

# The row is not locked while the mail is sent: its next try is so late that no other process takes
# it meanwhile, and early enough if this one dies.
_LEASE = Statement(
    f"""
    UPDATE mails SET tries = tries + 1,
        next_try_at = now() + interval '{budgets.MAIL_LEASE_SECONDS} seconds'
    WHERE id = (
        SELECT id FROM mails WHERE next_try_at <= now() AND give_up_at > now()
        ORDER BY next_try_at, id LIMIT 1 FOR UPDATE SKIP LOCKED
    )
    RETURNING id, user_id, recipient, subject, text_body, html_body, created_at, tries
    """
)
_POSTPONE = Statement(
    """
    UPDATE mails SET next_try_at = now() + make_interval(secs => :seconds)
    WHERE id = :mail_id AND give_up_at > now() + make_interval(secs => :seconds)
    RETURNING id
    """
)
_FORGET = Statement("DELETE FROM mails WHERE id = :mail_id")
_FORGET_OLD = Statement("DELETE FROM mails WHERE give_up_at <= now()")


@dataclass(frozen=True)
class WaitingMail:
    """A mail of the outbox.

    Attributes:
        tries: how often it was tried, this time included.
    """

    id: int
    user_id: int | None
    recipient: str = field(repr=False)
    text: Text = field(repr=False)
    created_at: datetime
    tries: int


def put(
    send: Send, user_id: int, recipient: str, text: Text, useful_seconds: int, delay: float = 0
) -> None:
    """Have a mail sent once the transaction is committed.

    Args:
        send: runs the statement in that transaction.
        user_id: whose account it is about; the mail is deleted with it, and without one there is
            no mail.
        recipient: an e-mail address.
        text: what it says.
        useful_seconds: for so long it is tried.
        delay: seconds until the first try.
    """
    send(
        _PUT,
        user_id=user_id,
        recipient=recipient,
        subject=text.subject,
        plain=text.plain,
        html=text.html,
        useful_seconds=useful_seconds,
        delay=delay,
    )


def lease(fetch: Fetch) -> WaitingMail | None:
    """Take the mail that is due for the longest time, and keep others from taking it for a while.

    Whoever has taken it calls :func:`forget` or :func:`postpone`.
    """
    rows = fetch(_LEASE)
    if not rows:
        return None
    mail_id, user_id, recipient, subject, plain, html, created_at, tries = rows[0]
    text = Text(subject, plain, html)
    return WaitingMail(mail_id, user_id, recipient, text, created_at, tries)


def postpone(fetch: Fetch, mail: WaitingMail) -> bool:
    """Have a mail tried again after a pause; return False if it is not useful any more by then."""
    seconds = pause(mail.tries)
    return bool(fetch(_POSTPONE, mail_id=mail.id, seconds=seconds))


def pause(tries: int, pauses: Sequence[int] = budgets.MAIL_RETRY_SECONDS) -> int:
    """Return the seconds until the next try after so many."""
    return pauses[min(tries, len(pauses)) - 1]


def forget(fetch: Fetch, mail: WaitingMail) -> None:
    """Delete a mail: it was handed over, or never will be."""
    fetch(_FORGET, mail_id=mail.id)


def forget_old(fetch: Fetch) -> None:
    """Delete mails that are not useful any more."""
    fetch(_FORGET_OLD)
