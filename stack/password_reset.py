"""``gym reset-password``: has the users service make a link to a new password, without mail."""

import sys

from stack.calls import Services


def main(amqp_uri: str, email: str) -> None:
    """Print a link.

    Args:
        amqp_uri: of the broker.
        email: of the account.

    Raises:
        Failure: there is no such account, or the service is unavailable for too long.
    """
    with Services(amqp_uri) as services:
        made = services.call("users", "make_password_reset", email)
    print(made["link"])
    until = made["expires_at"].replace("T", " ").removesuffix("Z")
    print(f"It leads to a new password once, until {until} UTC.", file=sys.stderr)
