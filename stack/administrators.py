"""``gym admin``: makes an account an administrator, and opens it if there is none."""

import getpass
import secrets
import sys
from collections.abc import Callable

from stack.calls import Refused, Services
from stack.failures import Failure

BYTES = 15


def main(amqp_uri: str, email: str) -> None:
    """Make an administrator, and say what was done.

    At a terminal the password of a new account is asked for; otherwise, or if none is typed, one is
    made up and printed.

    Args:
        amqp_uri: of the broker.
        email: of the account.

    Raises:
        Failure: the e-mail or the password is refused, or the service is unavailable for too long.
    """
    ask = ask_for_password if sys.stdin.isatty() else _nobody
    with Services(amqp_uri) as services:
        print(make_administrator(services, email, ask))


def make_administrator(services: Services, email: str, ask: Callable[[str], str]) -> str:
    """Make an administrator, and return what is to be said of it.

    Args:
        services: among them users.
        email: of the account.
        ask: returns the password of a new account, given its e-mail; empty for one to be made up.

    Raises:
        Failure: see :func:`main`.
    """
    try:
        account = services.call("users", "make_administrator", email)
    except Refused as problem:
        if problem.name != "NotFound":
            raise
    else:
        disabled = "; it is disabled, which another one can change" if account["disabled"] else ""
        return f"{account['email']} is an administrator now, with the password it had{disabled}."
    chosen = ask(email)
    password = chosen or secrets.token_urlsafe(BYTES)
    account = services.call("users", "make_administrator", email, password)
    if not account["is_new"]:
        # somebody has registered meanwhile
        return f"{account['email']} is an administrator now, with the password it had."
    told = "" if chosen else f", with the password {password}"
    return f"{account['email']} is a new account, and an administrator{told}."


def ask_for_password(email: str) -> str:
    """Return a password that was typed twice, or nothing.

    Raises:
        Failure: the second was another one.
    """
    print(f"There is no account with the e-mail {email}; it will be opened.", file=sys.stderr)
    password = getpass.getpass("Its password (empty: one is made up): ")
    if password and getpass.getpass("Once more: ") != password:
        raise Failure("these were two passwords")
    return password


def _nobody(_email: str) -> str:
    return ""
