"""The part of the users service that changes the e-mails of accounts."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

from psycopg2 import IntegrityError

from schemas.email_changes import EmailChange, EmailConfirmation
from schemas.errors import Conflict, NotFound, RateLimitExceeded
from schemas.loading import load
from schemas.pages import checked_user
from services.dependencies.database import Database
from services.dependencies.rpc import rpc
from services.users.afterwards import Afterwards
from services.users.email_changes import rows
from services.users.link_tokens import hash_of, make_token
from services.users.mail.relay import Mail
from services.users.password_resets import rows as password_resets
from services.users.password_resets.methods import bad_token
from services.users.passwords import Passwords, wrong_password

CHANGE = EmailChange()
CONFIRMATION = EmailConfirmation()

PAGE = "confirm-email"
GOOD_SECONDS = 24 * 3600
MOST_A_DAY = 5
"""Changes that one account may request, as each sends a mail to an address that may be anybody's.
"""


class EmailChangeMethods:
    """Changing an e-mail, after the new address has confirmed it where mail can be sent."""

    database: Database
    passwords: Passwords
    mail: Mail
    afterwards: Afterwards

    @rpc
    def change_email(self, user_id: int, change: dict) -> dict[str, Any]:
        """Change an account's e-mail, or send a link to the new one that does.

        The link is good for a day, once, and until another change is requested. The address that
        the account has already ends a change that waits. Where mail can be sent, the answer does
        not tell whether the new address is somebody else's: a mail tells its owner, and nothing is
        changed.

        Args:
            user_id: whose e-mail.
            change: ``email``, the new one, and ``password``, the account's.

        Returns:
            ``{"email", "confirmed": whether it is the account's now}``

        Raises:
            ValidationFailed: the e-mail or the password breaks rules.
            Forbidden: the password is wrong.
            RateLimitExceeded: more than 5 changes of the account were requested within a day.
            Conflict: the e-mail is another account's; only where no mail can be sent.
            NotFound: there is no such user.

        Example:
            ``n.rpc.users.change_email(1, {"email": "ada@example.org", "password": "a long one"})``
        """
        user_id = checked_user(user_id)
        values = load(CHANGE, change)
        present = rows.credentials(self.database.fetch, user_id)
        if present is None:
            raise NotFound("There is no such user")
        if not self.passwords.matches(values["password"], present[1]):
            raise wrong_password()
        email = values["email"]
        if email == present[0]:
            rows.end(self.database.fetch, user_id)
            return {"email": email, "confirmed": True}
        if not self.mail.is_on:
            self._change_at_once(user_id, present[1], email)
            return {"email": email, "confirmed": True}
        _check_count(*rows.count(self.database.fetch, user_id))
        account = user_id, present[1]
        self.afterwards.do(partial(_send_link, self.database, self.mail, *account, email))
        return {"email": email, "confirmed": False}

    @rpc
    def confirm_email(self, confirmation: dict) -> dict[str, Any]:
        """Give an account the e-mail that it has requested, and tell the old one.

        Links to a new password that the old one was sent are ended.

        Args:
            confirmation: ``token``, from the link.

        Returns:
            ``{"email", "confirmed": True}``

        Raises:
            ValidationFailed: the token was used, was replaced, is too old, is of an account that
                is disabled, or was never made, which all look alike.
            Conflict: the e-mail has become another account's meanwhile.

        Example:
            ``n.rpc.users.confirm_email({"token": "..."})``
        """
        token_hash = hash_of(load(CONFIRMATION, confirmation)["token"])
        with _as_conflict(), self.database.together() as transaction:
            change = rows.use(transaction.fetch, token_hash)
            if change is None:
                raise bad_token()
            if not rows.set_email(transaction.fetch, change.user_id, change.new):
                raise _taken()
            password_resets.end_all(transaction.send, change.user_id)
            self.mail.put(transaction.send, change.user_id, change.old, "email_changed")
        self.mail.wake()
        return {"email": change.new, "confirmed": True}

    def _change_at_once(self, user_id: int, password_hash: str, email: str) -> None:
        with _as_conflict(), self.database.together() as transaction:
            if not rows.lock(transaction.fetch, user_id, password_hash):
                raise wrong_password()
            if not rows.set_email(transaction.fetch, user_id, email):
                raise _taken()
            rows.end(transaction.send, user_id)
            password_resets.end_all(transaction.send, user_id)


def _send_link(
    database: Database, mail: Mail, user_id: int, password_hash: str, email: str
) -> None:
    token = make_token()
    with database.together() as transaction:
        # the password may have been changed since it was compared
        if not rows.lock(transaction.fetch, user_id, password_hash):
            return
        # others may have been requested since they were counted
        requested, _ = rows.count(transaction.fetch, user_id)
        if requested >= MOST_A_DAY:
            return
        owner = rows.owner_of(transaction.fetch, email)
        is_taken = owner is not None
        # a request before this one is ended in either case, or its link would tell which it was
        rows.insert(transaction.send, user_id, email, token.hash, GOOD_SECONDS, is_taken)
        if owner is not None:
            mail.put(transaction.send, owner, email, "email_taken")
        else:
            link = mail.link(PAGE, token.text)
            mail.put(transaction.send, user_id, email, "confirm_email", GOOD_SECONDS, link=link)
    mail.wake()


def _check_count(requested: int, seconds: int) -> None:
    if requested >= MOST_A_DAY:
        details = {"limit": f"{MOST_A_DAY} per 1 day", "retry_after": max(seconds, 1)}
        raise RateLimitExceeded("Too many changes of the e-mail in a day", json.dumps(details))


@contextmanager
def _as_conflict() -> Iterator[None]:
    try:
        yield
    except IntegrityError:
        raise _taken() from None


def _taken() -> Conflict:
    details = {"field": "email", "constraint": "unique"}
    return Conflict("There is an account with this e-mail already", json.dumps(details))
