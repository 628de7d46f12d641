"""The mails of a running system that keeps them as files."""

import email
import email.policy
import re

from tests.waiting import eventually

LINK = re.compile(r"^(https?://\S+)/([a-z-]+)#token=([\w-]{43})$", re.MULTILINE)


class Mailbox:
    """What a system has sent.

    Args:
        directory: of the system.
    """

    def __init__(self, directory):
        self.directory = directory / "mail"

    def mails_to(self, address):
        """Return the mails to an address, in the order in which they were sent."""
        files = sorted(self.directory.glob("*.eml"), key=lambda file: int(file.stem.split("-")[-1]))
        read = [
            email.message_from_bytes(file.read_bytes(), policy=email.policy.default)
            for file in files
        ]
        return [message for message in read if message["To"] == address]

    def mail_to(self, address, count=1):
        """Wait for so many mails to an address, and return the last one."""
        eventually(lambda: len(self.mails_to(address)) >= count)
        found = self.mails_to(address)
        assert len(found) == count
        return found[-1]


def link_in(message):
    """Return origin, page and token of the link in a mail."""
    body = message.get_body(["plain"]).get_content()
    [found] = LINK.findall(body.replace("\r\n", "\n"))
    return found
