"""The outbox of mails: the table in which they wait until they are handed over."""

from services.dependencies.mail.messages import Mail
from services.dependencies.mail.outbox import Outbox, Waiting
from services.dependencies.mail.texts import Text
from services.transport.postgres.statements import Send, Statement

OUTBOX = Outbox("mails", ["recipient", "subject", "text_body", "html_body"])

_PUT = Statement(
    """
    INSERT INTO mails
        (user_id, recipient, subject, text_body, html_body, next_try_at, give_up_at)
    SELECT id, :recipient, :subject, :plain, :html,
        now() + make_interval(secs => :delay), now() + make_interval(secs => :useful_seconds)
    FROM users WHERE id = :user_id
    """
)


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


def make(waiting: Waiting) -> Mail:
    """Return the mail of a row."""
    recipient, *text = waiting.columns
    return Mail(str(waiting.id), waiting.user_id, recipient, Text(*text), waiting.created_at)
