"""The part of the users service that knows who gets mails of other services, and who does not."""

from typing import Any

from nameko.dependency_providers import Config

from schemas.errors import InvalidParameter, NotFound, fault
from schemas.pages import checked_user
from services.dependencies import cache_generations
from services.dependencies.cache import Cache
from services.dependencies.database import Database
from services.dependencies.rpc import rpc
from services.process.settings import SETTINGS_KEY
from services.transport.postgres.statements import Statement
from services.users.mail.unsubscribing import token_of, user_of

_FIELDS = ("email", "locale", "weight_unit", "weekly_summary_mail")
_RECIPIENT = Statement(
    f"SELECT {', '.join(_FIELDS)} FROM users WHERE id = :user_id AND disabled_at IS NULL"
)
_END = Statement(
    """
    UPDATE users SET weekly_summary_mail = false, updated_at = now()
    WHERE id = :user_id AND weekly_summary_mail
    RETURNING id
    """
)


class MailRecipients:
    """Telling other services where a mail goes, and ending those that somebody wants no more."""

    database: Database
    cache: Cache
    config: Config

    @rpc
    def mail_recipient(self, user_id: int) -> dict[str, Any]:
        """Return where a mail to a user goes, and what it depends on.

        It is for services alone, which ask for it when they send a mail and keep none of it.

        Args:
            user_id: the user.

        Returns:
            ``{"email", "locale", "weight_unit": "kg|lb", "weekly_summary_mail": whether they want
            the mail about their week, "unsubscribe_token": for ``end_weekly_mail``}``; ``locale``
            and ``weight_unit`` are None where they were not set.

        Raises:
            InvalidParameter: the id can't be one.
            NotFound: there is no such user, or the account is disabled.

        Example:
            ``n.rpc.users.mail_recipient(1)["email"]``
        """
        user_id = checked_user(user_id)
        rows = self.database.fetch(_RECIPIENT, user_id=user_id)
        if not rows:
            raise NotFound("There is no such user, or the account is disabled")
        found = dict(zip(_FIELDS, rows[0], strict=True))
        return {**found, "unsubscribe_token": token_of(user_id, self._key)}

    @rpc
    def end_weekly_mail(self, token: str) -> dict[str, Any]:
        """Send a user no mail about their week any more, until they want it again.

        Args:
            token: as from ``mail_recipient``; it does not expire.

        Returns:
            ``{"ended": True}``, also if there was nothing to end.

        Raises:
            InvalidParameter: the token was not made by this system.

        Example:
            ``n.rpc.users.end_weekly_mail(n.rpc.users.mail_recipient(1)["unsubscribe_token"])``
        """
        user_id = user_of(token, self._key)
        if user_id is None:
            raise InvalidParameter.of(
                fault("token", "The link is not good: open it again from the mail", "good_link")
            )
        if self.database.fetch(_END, user_id=user_id):
            self.cache.invalidate(cache_generations.settings_of(user_id))
        return {"ended": True}

    @property
    def _key(self) -> str:
        key: str = self.config[SETTINGS_KEY].jwt_secret
        return key
