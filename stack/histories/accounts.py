"""Whose history it is."""

from stack.calls import Refused, Services
from stack.failures import Failure


def user_id_of(services: Services, email: str) -> int:
    """Return the id of the account with an e-mail.

    Raises:
        Failure: there is none.
    """
    try:
        found: int = services.call("users", "find", email)["id"]
    except Refused as problem:
        if problem.name != "NotFound":
            raise
        raise Failure(f"there is no account with the e-mail {email}") from None
    return found
