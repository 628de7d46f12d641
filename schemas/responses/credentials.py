"""Responses about passwords and e-mails that change, and mails that end."""

from schemas.responses.base import ResponseSchema, always_true, flag, text


class PasswordResetAccepted(ResponseSchema):
    """The answer to whoever has forgotten a password, whether or not there is such an account."""

    accepted = always_true()
    by_mail = flag(
        "Whether this installation can send the link by mail. If not, whoever runs it makes one."
    )


class PasswordChanged(ResponseSchema):
    """A new password."""

    changed = always_true()


class ChangedEmail(ResponseSchema):
    """An account's new e-mail, or what will be it."""

    email = text("In lower case.")
    confirmed = flag("Whether it is the account's; if not, a link was sent to it.")


class EndedMail(ResponseSchema):
    """The end of the mails about somebody's weeks."""

    ended = always_true()


class ConfirmedEmail(ResponseSchema):
    """An e-mail that was confirmed."""

    email = text("In lower case.")
    confirmed = always_true()
