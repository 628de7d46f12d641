"""The rules of deleting an account, and of asking how far that is."""

from schemas.fields import Text, about
from schemas.loading import Body, Parameters
from schemas.users import AnySecret

LONGEST_RECEIPT = 100


class AccountDeletion(Body):
    """Body of the deletion of an account."""

    password = AnySecret(required=True, metadata=about("Of whoever asks for it."))


class ByReceipt(Parameters):
    """The receipt in a path."""

    receipt = Text(
        required=True,
        max_length=LONGEST_RECEIPT,
        metadata=about("What the deletion was answered with."),
    )
