"""The part of the users service that deletes accounts."""

from typing import Any

from nameko.timer import timer

from schemas.erasure import AccountDeletion, ByReceipt
from schemas.errors import BusinessRuleViolation, Forbidden, GymError, NotFound, Unauthorized
from schemas.loading import load
from schemas.pages import checked_id, checked_user, is_id
from services.dependencies import cache_generations
from services.dependencies.cache import Cache
from services.dependencies.database import Database
from services.dependencies.erasure.eraser import USER_ERASED
from services.dependencies.erasure.methods import ERASE_USER, ErasureDispatcher
from services.dependencies.events import Poison, event_handler
from services.dependencies.redis_keys import limits_of_user
from services.dependencies.revocations import Revocations
from services.dependencies.rpc import rpc
from services.observability.logging import get_logger
from services.process import budgets, cells
from services.process.failpoints import failpoint
from services.process.settings import SETTINGS_KEY
from services.transport.redis.pipeline import RedisFailure
from services.users.administration.rows import lock_administrators
from services.users.erasure import records
from services.users.mail.relay import Mail
from services.users.passwords import Passwords, wrong_password

log = get_logger(__name__)

DELETION = AccountDeletion()
BY_RECEIPT = ByReceipt()


class DeletionMethods:
    """Deletes accounts, asks all services to erase them, and notes their receipts."""

    database: Database
    cache: Cache
    # in the Redis of the gateway's rate limits
    revocations: Revocations
    passwords: Passwords
    erasure_dispatcher: ErasureDispatcher
    mail: Mail
    config: dict[str, Any]
    # a method of the service's class
    account_changed: Any

    @rpc
    def delete_account(self, user_id: int, deletion: dict) -> dict[str, Any]:
        """Delete an account at its owner's wish.

        From then on nobody can sign in with it, and its e-mail is free. What the services hold of
        the user is erased in the background.

        Args:
            user_id: the account.
            deletion: ``password``: the owner's.

        Returns:
            As from ``get_deletion``, and ``"receipt"``: an opaque text that is told only once.

        Raises:
            ValidationFailed: the password is missing, or no text.
            Unauthorized: there is no such account any more.
            Forbidden: the password is wrong.
            BusinessRuleViolation: it is the account of the last administrator who is not disabled.

        Example:
            ``n.rpc.users.delete_account(15, {"password": "a long one"})``
        """
        return self._delete(checked_user(user_id), checked_user(user_id), deletion)

    @rpc
    def delete_account_of(self, user_id: int, account_id: int, deletion: dict) -> dict[str, Any]:
        """Delete somebody's account as an administrator.

        Args:
            user_id: the administrator.
            account_id: the account that is deleted.
            deletion: ``password``: the administrator's.

        Returns:
            As from ``delete_account``.

        Raises:
            ValidationFailed: the password is missing, or no text.
            Forbidden: the password is wrong, or the user is no administrator.
            NotFound: there is no such account.
            BusinessRuleViolation: it is the account of the last administrator who is not disabled.

        Example:
            ``n.rpc.users.delete_account_of(1, 15, {"password": "a long one"})``
        """
        return self._delete(checked_user(user_id), checked_id(account_id), deletion)

    @rpc
    def get_deletion(self, receipt: str) -> dict[str, Any]:
        """Return how far the erasure of a deleted account is.

        Args:
            receipt: as from ``delete_account``.

        Returns:
            ``{"status": "under_way|complete", "requested_at", "completed_at", "services":
            [{"service": "exercises|workouts|analytics|notifications", "erased_at"}]}``; moments
            that have not come are None.

        Raises:
            NotFound: there is no such receipt.

        Example:
            ``n.rpc.users.get_deletion(receipt)``
        """
        given = load(BY_RECEIPT, {"receipt": receipt})["receipt"]
        found = records.find(self.database.fetch, given, self._expected)
        if found is None:
            raise NotFound("There is no such receipt")
        return found

    @event_handler("exercises", USER_ERASED)
    def handle_erased_by_exercises(self, event: dict) -> None:
        """Note that the exercises service has erased a user."""
        self._note_receipt(event, "exercises")

    @event_handler("workouts", USER_ERASED)
    def handle_erased_by_workouts(self, event: dict) -> None:
        """Note that the workouts service has erased a user."""
        self._note_receipt(event, "workouts")

    @event_handler("analytics", USER_ERASED)
    def handle_erased_by_analytics(self, event: dict) -> None:
        """Note that analytics have erased a user."""
        self._note_receipt(event, "analytics")

    @event_handler("notifications", USER_ERASED)
    def handle_erased_by_notifications(self, event: dict) -> None:
        """Note that the notifications service has erased a user."""
        self._note_receipt(event, "notifications")

    @timer(interval=budgets.ASK_TO_ERASE_SECONDS, eager=True)
    def ask_again(self) -> None:
        """Ask services to erase users whose receipts are missing, after growing pauses."""
        try:
            for user_id in records.claim_unanswered(self.database.fetch, self._expected):
                self._ask(user_id)
            for user_id in records.complete_without_others(self.database.fetch, self._expected):
                log.info("account erased but in cells that are there no more", user_id=user_id)
        except GymError as problem:
            log.warning("services not asked to erase users", reason=str(problem))

    @property
    def _expected(self) -> list[str]:
        return records.expected(self.config[SETTINGS_KEY].cells)

    def _delete(self, asked_by: int, user_id: int, deletion: dict) -> dict[str, Any]:
        password = load(DELETION, deletion)["password"]
        compared = self._check_password(asked_by, password)
        with self.database.together() as transaction:
            # first all administrators, then the account: whoever takes several locks does it so
            administrators = lock_administrators(transaction.fetch)
            self._check_right(administrators, asked_by, user_id)
            if records.account(transaction.fetch, user_id, lock=True) is None:
                raise _no_such_account(asked_by, user_id)
            # who asks is locked, too: it is their own account, or an administrator's
            asking = records.account(transaction.fetch, asked_by)
            if asking is None or asking[1] != compared:
                raise wrong_password()
            if administrators == {user_id}:
                message = "The last administrator who is not disabled can't be deleted"
                raise BusinessRuleViolation(message)
            receipt = records.delete_account(transaction.send, user_id, self._expected)
        log.info("account deleted", user_id=user_id, asked_by=asked_by)
        failpoint("users.after_deletion")
        self.account_changed(user_id)
        self._forget(user_id)
        self._ask(user_id)
        found = records.find(self.database.fetch, receipt, self._expected)
        return {"receipt": receipt, **(found or {})}

    def _check_password(self, user_id: int, password: str) -> str:
        """Compare the password before any row is locked, as that takes long; return the hash."""
        found = records.account(self.database.fetch, user_id)
        matches = self.passwords.matches(password, found and found[1])
        if found is None or not found[2]:
            raise Unauthorized("The account was deleted, or is disabled")
        if not matches:
            raise wrong_password()
        return found[1]

    @staticmethod
    def _check_right(administrators: set[int], asked_by: int, user_id: int) -> None:
        if asked_by != user_id and asked_by not in administrators:
            raise Forbidden("Only administrators can delete the accounts of others")

    def _ask(self, user_id: int) -> None:
        try:
            self.erasure_dispatcher.announce(ERASE_USER, {"user_id": user_id})
        except GymError as problem:
            log.warning("services not asked to erase a user", user_id=user_id, reason=str(problem))

    def _note_receipt(self, event: dict, service: str) -> None:
        """Note a receipt; whatever fails is not raised, as the service is asked again."""
        user_id = event.get("user_id")
        if not is_id(user_id):
            raise Poison("the event has no user_id")
        cell = event.get("cell", cells.FIRST)
        if not isinstance(cell, str):
            raise Poison("the event's cell is no name")
        receipt_of = cells.address(service, cell)
        try:
            if records.note_receipt(self.database.fetch, user_id, receipt_of, self._expected):
                log.info("account erased", user_id=user_id)
            self._forget(user_id)
        except GymError as problem:
            log.warning("receipt not noted", user_id=user_id, reason=str(problem))
        except Exception as problem:
            log.error("receipt not noted", user_id=user_id, exc_info=problem)

    def _forget(self, user_id: int) -> None:
        """Delete the files of mails, and the keys in Redis: a missing one is as good as another."""
        try:
            self.cache.delete_matching(cache_generations.pattern_of_account(user_id))
            self.revocations.delete_matching(limits_of_user(user_id))
        except RedisFailure as problem:
            log.info("keys expire by themselves", user_id=user_id, reason=str(problem))
        try:
            self.mail.forget(user_id)
        except OSError as problem:
            log.error("mails kept as files not deleted", user_id=user_id, reason=str(problem))


def _no_such_account(asked_by: int, user_id: int) -> GymError:
    if asked_by == user_id:
        return Unauthorized("The account was deleted")
    return NotFound("There is no such user")
