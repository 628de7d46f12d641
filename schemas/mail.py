"""The rules of what links in mails do by themselves."""

from schemas.fields import Text, about
from schemas.loading import Parameters

LONGEST_TOKEN = 100


class Unsubscription(Parameters):
    """Query of the end of the weekly mail."""

    token = Text(
        required=True,
        max_length=LONGEST_TOKEN,
        metadata=about("As in the link. It does not expire, and is good for nothing else."),
    )
