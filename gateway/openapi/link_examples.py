"""Examples of what links in mails are for: new passwords, e-mails to confirm, mails to end."""

from typing import Any

from marshmallow import Schema

from schemas import responses
from schemas.email_changes import EmailChange, EmailConfirmation
from schemas.mail import Unsubscription
from schemas.password_resets import PasswordReset, PasswordResetRequest

LINK_TOKEN = "0oPcFz8vT1yM2xkq9sX3uWnJ4hRbE5dA6gLlVtYiKwQ"

NEW_EMAIL = "ada@example.org"
EMAIL_TO_CONFIRM = {"email": NEW_EMAIL, "confirmed": False}
CHANGED_EMAIL = {"email": NEW_EMAIL, "confirmed": True}

EXAMPLES: dict[type[Schema], dict[str, Any]] = {
    PasswordResetRequest: {"email": "ada@example.com"},
    responses.PasswordResetAccepted: {"accepted": True, "by_mail": True},
    PasswordReset: {"token": LINK_TOKEN, "new_password": "staple battery horse"},
    responses.PasswordChanged: {"changed": True},
    EmailChange: {"email": NEW_EMAIL, "password": "correct horse battery"},
    responses.ChangedEmail: CHANGED_EMAIL,
    EmailConfirmation: {"token": LINK_TOKEN},
    responses.ConfirmedEmail: CHANGED_EMAIL,
    Unsubscription: {"token": f"15-{LINK_TOKEN}"},
    responses.EndedMail: {"ended": True},
}
