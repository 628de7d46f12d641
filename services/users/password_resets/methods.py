"""The part of the users service that gives new passwords to those who have forgotten theirs."""

from collections.abc import Callable
from functools import partial
from random import uniform
from typing import Any

from marshmallow import ValidationError

from schemas.errors import FaultyInput, NotFound, ValidationFailed, fault
from schemas.fields import Email
from schemas.loading import load
from schemas.password_resets import PasswordReset, PasswordResetRequest
from services.dependencies.database import Database
from services.dependencies.rpc import rpc
from services.users.afterwards import Afterwards
from services.users.link_tokens import hash_of, make_token
from services.users.mail.relay import Mail
from services.users.password_resets import rows
from services.users.passwords import Passwords

REQUEST = PasswordResetRequest()
RESET = PasswordReset()
EMAIL = Email(required=True)

PAGE = "reset-password"
GOOD_SECONDS = 3600
MOST_GOOD = 3
"""Links of one account that are good at a time; while there are as many, no mail is sent."""


MAIL_DELAYS = (0.2, 1.0)
"""Between them lies the number of seconds until a mail is handed over."""

NOBODY = rows.Owner(0, "")


class PasswordResetMethods:
    """Sending links to a new password, and taking the password."""

    database: Database
    passwords: Passwords
    mail: Mail
    afterwards: Afterwards
    account_changed: Callable[[int], None]

    @rpc
    def request_password_reset(self, request: dict) -> dict[str, Any]:
        """Send a link to a new password, if there is an account.

        Whether there is one is looked up after the answer, which is the same after the same time
        for any e-mail. The link is good for one hour, once; at most 3 of an account are good at a
        time. Nothing is sent to an account that is disabled.

        Args:
            request: ``email``, any text.

        Returns:
            ``{"accepted": True, "by_mail": whether this installation sends mail}``

        Raises:
            ValidationFailed: the e-mail is missing, or not a string.
            ServiceUnavailable: too many such requests wait to be looked at.

        Example:
            ``n.rpc.users.request_password_reset({"email": "ada@example.com"})``
        """
        email = load(REQUEST, request)["email"]
        if self.mail.is_on:
            self.afterwards.do(partial(_send_link, self.database, self.mail, email))
        return {"accepted": True, "by_mail": self.mail.is_on}

    @rpc
    def reset_password(self, reset: dict) -> dict[str, Any]:
        """Set a new password, and end all sessions of the account and all other links.

        Personal access tokens stay: they were made on purpose, and can be deleted.

        Args:
            reset: ``token``, from the link, and ``new_password``, with the rules of ``register``.

        Returns:
            ``{"changed": True}``

        Raises:
            ValidationFailed: the password breaks rules; or the token was used, is too old, is of
                an account that is disabled, or was never made, which all look alike.

        Example:
            ``n.rpc.users.reset_password({"token": "...", "new_password": "a long one"})``
        """
        values = self.passwords.load_new(RESET, reset, "new_password")
        token_hash = hash_of(values["token"])
        # a password is hashed for good tokens only, as it is work
        if not rows.is_good(self.database.fetch, token_hash):
            raise bad_token()
        password_hash = self.passwords.hash(values["new_password"])
        with self.database.together() as transaction:
            owner = rows.use(transaction.fetch, token_hash)
            if owner is None:
                raise bad_token()
            rows.set_password(transaction.fetch, owner.id, password_hash)
            self.mail.put(transaction.send, owner.id, owner.email, "password_changed")
        self.account_changed(owner.id)
        self.mail.wake()
        return {"changed": True}

    @rpc
    def make_password_reset(self, email: str) -> dict[str, Any]:
        """Make a link to a new password, for whoever runs this; the gateway can't call it.

        Args:
            email: of the account, however it is capitalised.

        Returns:
            ``{"link", "expires_at"}``; it is good once.

        Raises:
            NotFound: there is no account with the e-mail, or it is disabled.

        Example:
            ``n.rpc.users.make_password_reset("ada@example.com")["link"]``
        """
        token = make_token()
        with self.database.together() as transaction:
            owner = rows.lock(transaction.fetch, _as_stored(email))
            if owner is None:
                raise NotFound("There is no account with this e-mail, or it is disabled")
            until = rows.insert(transaction.fetch, owner.id, token.hash, GOOD_SECONDS)
        return {"link": self.mail.link(PAGE, token.text), "expires_at": until}


def bad_token() -> FaultyInput:
    """Return the error of any token that is not good."""
    message = "The link is not good: it was used, or replaced, or is too old, or was never made"
    return ValidationFailed.of(fault("token", message, "good_link"))


def _send_link(database: Database, mail: Mail, email: str) -> None:
    """Send a link, with the same work if there is nobody to send one to.

    What is done here may hold up the next answer, so it must not tell either
    (``benchmarks/reset_timing.py``). The mail itself is made and handed over at a random moment.
    """
    token, delay = make_token(), uniform(*MAIL_DELAYS)
    link = mail.link(PAGE, token.text)
    with database.together() as transaction:
        owner = rows.lock(transaction.fetch, _as_stored(email)) or NOBODY
        made = rows.insert(transaction.fetch, owner.id, token.hash, GOOD_SECONDS, MOST_GOOD)
        to = owner if made else NOBODY
        mail.put(
            *(transaction.send, to.id, to.email, "password_reset"),
            useful_seconds=GOOD_SECONDS,
            delay=delay,
            link=link,
        )
    mail.wake_in(delay)


def _as_stored(email: object) -> str:
    """Return an e-mail as accounts have it; what can't be one is nobody's."""
    try:
        return EMAIL.deserialize(email)
    except ValidationError:
        return NOBODY.email
