"""The administrator that is made at start."""

from itertools import chain, repeat

import eventlet
from nameko.extensions import DependencyProvider

from schemas.errors import GymError, ValidationFailed
from schemas.loading import load
from schemas.users import NewUser
from services.dependencies.database import Database
from services.dependencies.siblings import sibling
from services.observability.logging import get_logger
from services.process.settings import SETTINGS_KEY, BadSettings, Settings
from services.users import reads, writes
from services.users.passwords import Passwords
from services.users.tables import ADMIN

log = get_logger(__name__)

NAME = "Administrator"
NEW_USER = NewUser()

RETRY_SECONDS = (1, 2, 5)
"""Pauses between tries while the database is away; the last one repeats."""


class Administrator(DependencyProvider):
    """Makes the account of ``ADMIN_EMAIL`` and ``ADMIN_PASSWORD``, if they are set.

    An administrator who is already there stays as they are: neither their password nor anything
    else is changed by a start. If the e-mail belongs to an ordinary account, that one becomes the
    administrator only if its password is ``ADMIN_PASSWORD``; anybody could have registered it.
    """

    def setup(self) -> None:
        """Check the settings.

        Raises:
            BadSettings: one of the two is missing, or breaks the rules of a registration.
        """
        self.wanted = _wanted(self.container.config[SETTINGS_KEY])

    def start(self) -> None:
        """Begin in the background: the database may not be there yet."""
        if self.wanted is not None:
            self.container.spawn_managed_thread(self._make, identifier="users.administrator")

    def _make(self) -> None:
        database, passwords = sibling(self.container, Database), sibling(self.container, Passwords)
        for pause in chain(RETRY_SECONDS, repeat(RETRY_SECONDS[-1])):
            try:
                ensure_administrator(database, passwords, **self.wanted)
            except GymError as problem:
                log.warning("administrator not made yet", reason=str(problem))
                eventlet.sleep(pause)
            else:
                return


def ensure_administrator(
    database: Database, passwords: Passwords, email: str, password: str
) -> None:
    """Make the administrator unless there is one; several processes may do it at once."""
    known = reads.find(database.fetch, email)
    if known is None:
        password_hash = passwords.hash(password)
        made = writes.insert(database.fetch, email, password_hash, NAME, ADMIN)
        if made is not None:
            log.info("administrator made", user_id=made["id"])
        return
    account, kept = known
    if account["role"] == ADMIN:
        return
    if not passwords.matches(password, kept):
        log.error(
            "no administrator made: ADMIN_EMAIL is somebody's account with another password",
            user_id=account["id"],
        )
        return
    writes.make_admin(database.fetch, account["id"])
    log.info("account made administrator", user_id=account["id"])


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
