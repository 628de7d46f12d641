"""The part of the users service in which users change their passwords."""

from collections.abc import Callable
from typing import Any

from schemas.accounts import PasswordChange
from schemas.pages import checked_user
from services.dependencies.database import Database
from services.dependencies.rpc import rpc
from services.transport.postgres.statements import Statement
from services.users.mail.relay import Mail
from services.users.password_resets import rows as password_resets
from services.users.passwords import Passwords, wrong_password

PASSWORD_CHANGE = PasswordChange()

_HASH = Statement("SELECT password_hash FROM users WHERE id = :user_id")
# of two changes at once the one that comes second was made with a password that is none any more
_CHANGE = Statement(
    """
    UPDATE users SET password_hash = :new_hash, updated_at = now()
    WHERE id = :user_id AND password_hash = :old_hash
    RETURNING email
    """
)


class PasswordChangeMethods:
    """Changing one's password."""

    database: Database
    mail: Mail
    passwords: Passwords
    account_changed: Callable[[int], None]

    @rpc
    def change_password(
        self, user_id: int, change: dict, session_id: int | None = None
    ) -> dict[str, Any]:
        """Change a password, and end all sessions but that of whoever asks.

        Links to a new password and a change of the e-mail that waits are ended, and so are tokens
        of the version before, which belong to no session. Personal access tokens
        stay: they were made on purpose, and can be deleted. A mail tells of the change.

        Args:
            user_id: the user.
            change: ``old_password`` and ``new_password``; the new one has the rules of
                ``register``.
            session_id: the session to keep; None for none.

        Returns:
            ``{"changed": True, "sessions_ended": how many}``

        Raises:
            ValidationFailed: the new password breaks rules; all faults are listed.
            InvalidParameter: the id can't be one.
            Forbidden: the old password is wrong, or there is no such user.

        Example:
            ``n.rpc.users.change_password(1, {"old_password": "a long one", "new_password":
            "another long one"})``
        """
        user_id = checked_user(user_id)
        values = self.passwords.load_new(PASSWORD_CHANGE, change, "new_password")
        found = self.database.fetch(_HASH, user_id=user_id)
        old_hash = found[0][0] if found else None
        if not self.passwords.matches(values["old_password"], old_hash):
            raise wrong_password()
        new_hash = self.passwords.hash(values["new_password"])
        with self.database.together() as transaction:
            hashes = {"old_hash": old_hash, "new_hash": new_hash}
            changed = transaction.fetch(_CHANGE, user_id=user_id, **hashes)
            if not changed:
                raise wrong_password()
            self.mail.put(transaction.send, user_id, changed[0][0], "password_changed")
            ended = password_resets.end_what_was_begun(transaction.fetch, user_id, session_id)
        self.account_changed(user_id)
        self.mail.wake()
        return {"changed": True, "sessions_ended": ended}
