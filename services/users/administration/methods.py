"""The part of the users service for administrators, and for operators at a shell."""

from collections.abc import Callable
from typing import Any

from schemas.administration import AccountChanges, UserList
from schemas.errors import BusinessRuleViolation, NotFound
from schemas.fields import Email
from schemas.loading import Parameters, load
from schemas.pages import checked_id
from schemas.roles import ADMIN
from schemas.users import NewUser
from services.dependencies.database import Database
from services.dependencies.rpc import rpc
from services.observability.logging import get_logger
from services.users import reads, writes
from services.users.administration import rows
from services.users.passwords import Passwords
from services.users.sessions import rows as sessions

log = get_logger(__name__)


class _ByEmail(Parameters):
    email = Email(required=True)


USER_LIST = UserList()
ACCOUNT_CHANGES = AccountChanges()
NEW_USER = NewUser()
BY_EMAIL = _ByEmail()


class AdministrationMethods:
    """Listing accounts, and changing what they may do."""

    database: Database
    passwords: Passwords
    account_changed: Callable[[int], None]

    @rpc
    def list_accounts(self, **query: Any) -> dict[str, Any]:
        """List accounts.

        Args:
            query: ``q`` (part of the e-mail or of the name, in any capitals), ``page`` (1),
                ``limit`` (10, at most 100), ``sort`` (``"id"``; also by email, name, created_at;
                several separated by commas, each with ``:asc`` or ``:desc``).

        Returns:
            ``{"items": [as from get with_disabled], "total": number of all}``

        Raises:
            InvalidParameter: a value is not allowed.

        Example:
            ``n.rpc.users.list_accounts(q="ada", sort="created_at:desc")``
        """
        values = load(USER_LIST, query)
        sort = values.get("sort") or [("id", "asc")]
        fetch = self.database.fetch
        return rows.list_page(fetch, values.get("q"), sort, values["page"], values["limit"])

    @rpc
    def update_account(self, user_id: int, changes: dict) -> dict[str, Any]:
        """Change what an account may do; it holds at once, also for tokens that are out.

        Args:
            user_id: the user's id.
            changes: ``role`` (user or admin) and ``disabled``; what is left out stays. Disabling
                ends all sessions, and personal access tokens are refused until it is taken back.

        Returns:
            The account, as from ``get`` with ``with_disabled``.

        Raises:
            ValidationFailed: the changes break rules; all faults are listed.
            InvalidParameter: the id can't be one.
            NotFound: there is no such user.
            BusinessRuleViolation: no administrator would be left who can sign in.

        Example:
            ``n.rpc.users.update_account(1, {"disabled": True})``
        """
        user_id = checked_id(user_id)
        values = load(ACCOUNT_CHANGES, changes)
        with self.database.together() as transaction:
            fetch = transaction.fetch
            administrators = rows.lock_administrators(fetch)
            before = _found(rows.get(fetch, user_id))
            wanted = {**before, **values}
            is_administrator = wanted["role"] == ADMIN and not wanted["disabled"]
            if administrators == {user_id} and not is_administrator:
                raise _last(values)
            after = rows.update(fetch, user_id, wanted["role"], wanted["disabled"])
            if after["disabled"]:
                sessions.end_tokens_without_session(transaction.send, user_id)
                sessions.end_others(fetch, user_id, None)
        if after != before:
            log.info("account changed", account=user_id, **values)
        self.account_changed(user_id)
        return after

    @rpc
    def make_administrator(self, email: str, password: str | None = None) -> dict[str, Any]:
        """Make an account an administrator; the gateway can't call it.

        Args:
            email: of the account, however it is capitalised.
            password: with which it is opened, if there is none; its rules are those of
                ``register``. The password of an account that there is stays as it is.

        Returns:
            The account, as from ``get`` with ``with_disabled``, and ``"is_new"``.

        Raises:
            InvalidParameter: the e-mail can't be one.
            NotFound: there is no account with it, and no password was given.
            ValidationFailed: the password breaks rules.

        Example:
            ``n.rpc.users.make_administrator("ada@example.com")``
        """
        email = load(BY_EMAIL, {"email": email})["email"]
        found = reads.find(self.database.fetch, email)
        if found is None and password is not None:
            values = self.passwords.load_new(NEW_USER, {"email": email, "password": password})
            password_hash = self.passwords.hash(values["password"])
            # None: somebody has just registered with it
            made = writes.insert(self.database.fetch, email, password_hash, None, ADMIN)
            if made is not None:
                return {**made, "disabled": False, "is_new": True}
            found = reads.find(self.database.fetch, email)
        if found is None:
            raise NotFound("There is no account with this e-mail")
        return {**self.update_account(found[0]["id"], {"role": ADMIN}), "is_new": False}


def _found(account: dict[str, Any] | None) -> dict[str, Any]:
    if account is None:
        raise NotFound("There is no such user")
    return account


def _last(values: dict[str, Any]) -> BusinessRuleViolation:
    field = "role" if values.get("role", ADMIN) != ADMIN else "disabled"
    message = "This is the last administrator who can sign in"
    return BusinessRuleViolation.of(field, message, "last_administrator")
