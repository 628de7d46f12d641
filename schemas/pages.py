"""Paging, as every collection does it."""

from schemas.fields import Parameters, WholeNumberParameter, identifier_parameter

LARGEST_PAGE = 10**9
"""Beyond any collection, and small enough that page times limit stays a BIGINT."""


class Page(Parameters):
    """``page`` and ``limit``."""

    page = WholeNumberParameter(least=1, most=LARGEST_PAGE, load_default=1)
    limit = WholeNumberParameter(least=1, most=100, load_default=10)


class ById(Parameters):
    """The id in a path."""

    id = identifier_parameter(required=True)


class OfUser(Parameters):
    """Whose thing it is; for a call by hand, as the gateway takes it from the token."""

    user_id = identifier_parameter(required=True)
