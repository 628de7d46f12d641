"""Responses about users."""

from marshmallow import fields

from schemas.profiles import WEEK_STARTS
from schemas.responses.base import (
    ResponseSchema,
    always_true,
    choice,
    count,
    flag,
    identifier,
    text,
    timestamp,
)
from schemas.responses.sessions import ABOUT_TOKEN, expires_in, refresh_token
from schemas.roles import ROLES
from schemas.sets import WEIGHT_UNITS
from schemas.stats import FORMULAS


class User(ResponseSchema):
    """An account, as its owner and administrators see it."""

    id = identifier()
    email = text("In lower case.")
    name = text(null=True)
    role = choice(ROLES)
    created_at = timestamp()


class Account(User):
    """An account, as administrators see it."""

    disabled = flag("Whether nobody can sign in.")


class Profile(User):
    """An account with all that its owner has set."""

    time_zone = text("The IANA name of a zone.", null=True)
    weight_unit = choice(WEIGHT_UNITS, null=True)
    week_start = choice(WEEK_STARTS, null=True)
    one_rep_max_formula = choice(FORMULAS, null=True)
    weekly_goal = count("Workouts a week, from 1 to 21.", null=True)
    weekly_sets_least = count("Sets a week and muscle, at least, from 1 to 100.", null=True)
    weekly_sets_most = count("Sets a week and muscle, at most, from 1 to 100.", null=True)
    locale = text("A language tag, as in BCP 47.", null=True)
    weekly_summary_mail = flag("Whether a mail tells of each week that has ended.")


class RegisteredUser(User):
    """A new account, with a first token."""

    token = text(ABOUT_TOKEN)
    refresh_token = refresh_token()
    expires_in = expires_in()


class SignedIn(ResponseSchema):
    """A token, and whose it is."""

    token = text(ABOUT_TOKEN)
    refresh_token = refresh_token()
    expires_in = expires_in()
    user = fields.Nested(User, required=True)


class SignedOut(ResponseSchema):
    """The end of a token, and of its session."""

    revoked = always_true()
