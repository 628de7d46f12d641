"""Responses about personal access tokens."""

from marshmallow import fields
from marshmallow.validate import OneOf

from schemas.responses.base import (
    ResponseSchema,
    always_true,
    identifier,
    list_of,
    text,
    timestamp,
)
from schemas.scopes import SCOPES


class PersonalToken(ResponseSchema):
    """A personal access token, without the secret."""

    id = identifier()
    name = text()
    scopes = list_of(fields.String(validate=OneOf(SCOPES)), "What it is good for.")
    created_at = timestamp()
    expires_at = timestamp("Null if it never does.", null=True)
    last_used_at = timestamp("To the minute; null if it never was.", null=True)


class NewlyMadeToken(PersonalToken):
    """A new personal access token, with the secret that is shown only now."""

    token = text("Begins with `gym_`; a bearer token.")


class DeletedToken(ResponseSchema):
    """The end of a personal access token."""

    id = identifier()
    deleted = always_true()
