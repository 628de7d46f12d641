"""The administrator's account, which is created at the start."""

from functools import partial

from nameko.extensions import DependencyProvider

from schemas.errors import GymError, ValidationFailed
from schemas.loading import load
from schemas.roles import ADMIN
from schemas.users import NewUser
from services.dependencies.database import Database
from services.dependencies.siblings import sibling
from services.observability.logging import get_logger
from services.process.retrying import retry
from services.process.settings import SETTINGS_KEY, BadSettings, Settings
from services.users import reads, writes
from services.users.passwords import Passwords

log = get_logger(__name__)

NAME = "Administrator"
NEW_USER = NewUser()

RETRY_SECONDS = (1, 2, 5)
"""Pauses between attempts while the database is away; the last one repeats."""


class Administrator(DependencyProvider):
    """Creates the account of ``ADMIN_EMAIL`` and ``ADMIN_PASSWORD``, if they are set.

    An administrator that exists is left alone: a start changes neither password nor anything else.
    An ordinary account with the e-mail becomes the administrator only if its password is
    ``ADMIN_PASSWORD``, because anybody could have registered it, and if there is no administrator
    who can sign in, because one of them may have taken the role from it.
    """

    def setup(self) -> None:
        """Check the settings.

        Raises:
            BadSettings: only one of the two is set, or one breaks the rules of a registration.
        """
        self.wanted = _wanted(self.container.config[SETTINGS_KEY])

    def start(self) -> None:
        """Begin in the background; the service starts whether the database is there or not."""
        if self.wanted is not None:
            self.container.spawn_managed_thread(
                partial(self._make, self.wanted), identifier="users.administrator"
            )

    def _make(self, wanted: dict[str, str]) -> None:
        database, passwords = sibling(self.container, Database), sibling(self.container, Passwords)
        retry(
            lambda: ensure_administrator(database, passwords, **wanted),
            GymError,
            RETRY_SECONDS,
            lambda problem: log.warning("administrator not made yet", reason=str(problem)),
        )


def ensure_administrator(
    database: Database, passwords: Passwords, email: str, password: str
) -> None:
    """Create the administrator unless there is one.

    Several processes may do it at once: the unique e-mail decides, and the others insert nothing.
    """
    known = reads.find(database.fetch, email)
    if known is None:
        password_hash = passwords.hash(password)
        made = writes.insert(database.fetch, email, password_hash, NAME, ADMIN)
        if made is not None:
            log.info("administrator made", user_id=made["id"])
        return
    account, password_hash = known
    if account["role"] == ADMIN:
        return
    if not passwords.matches(password, password_hash):
        log.error(
            "no administrator made: ADMIN_EMAIL is somebody's account with another password",
            user_id=account["id"],
        )
        return
    if writes.make_first_admin(database.fetch, account["id"]):
        log.info("account made administrator", user_id=account["id"])
    else:
        log.info(
            "account of ADMIN_EMAIL not made administrator, as there are others",
            user_id=account["id"],
        )


def _wanted(settings: Settings) -> dict[str, str] | None:
    if not settings.admin_email and not settings.admin_password:
        return None
    try:
        values = load(
            NEW_USER, {"email": settings.admin_email, "password": settings.admin_password}
        )
    except ValidationFailed as problem:
        raise BadSettings(f"ADMIN_EMAIL and ADMIN_PASSWORD: {problem}") from None
    return {"email": values["email"], "password": values["password"]}
