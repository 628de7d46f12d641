"""The part of the users service with what users say of themselves."""

from collections.abc import Callable
from typing import Any

from schemas.errors import NotFound, ValidationFailed, fault
from schemas.loading import load
from schemas.pages import checked_user
from schemas.profiles import SETTINGS_OF_NUMBERS, ProfileChanges
from schemas.stats import WEEKLY_SETS_LEAST, WEEKLY_SETS_MOST
from services.dependencies import cache_generations
from services.dependencies.cache import Cache
from services.dependencies.database import Database
from services.dependencies.rpc import rpc
from services.transport.postgres.statements import Fetch, Statement
from services.users.tables import PROFILE, as_profile

PROFILE_CHANGES = ProfileChanges()

_SETTINGS = (
    *("time_zone", "weight_unit", "week_start"),
    *("one_rep_max_formula", "weekly_goal", "weekly_sets_least", "weekly_sets_most"),
    *("locale", "weekly_summary_mail"),
)
_COLUMNS = f"{PROFILE}, {', '.join(_SETTINGS)}"
_GET = Statement(f"SELECT {_COLUMNS} FROM users WHERE id = :user_id")
_GET_LOCKED = Statement(f"SELECT {_COLUMNS} FROM users WHERE id = :user_id FOR NO KEY UPDATE")
_UPDATE = Statement(
    f"""
    UPDATE users SET name = :name, {", ".join(f"{name} = :{name}" for name in _SETTINGS)},
        updated_at = now()
    WHERE id = :user_id
    """
)

_MEMBERS = ", ".join(f"'{name}', u.{name}" for name in _SETTINGS)
SETTINGS_JSON = f"json_build_object({_MEMBERS})"
"""A row ``u`` of users as the JSON of what its user has set."""


class ProfileMethods:
    """Showing and changing one's profile."""

    cache: Cache
    database: Database
    account_changed: Callable[[int], None]

    @rpc
    def get_profile(self, user_id: int) -> dict[str, Any]:
        """Return a profile with all that its user has set.

        Args:
            user_id: the user.

        Returns:
            As from ``get``, and ``{"time_zone", "weight_unit", "week_start",
            "one_rep_max_formula", "weekly_goal", "weekly_sets_least", "weekly_sets_most",
            "locale", "weekly_summary_mail"}``; None is what was not set.

        Raises:
            InvalidParameter: the id can't be one.
            NotFound: there is no such user.

        Example:
            ``n.rpc.users.get_profile(1)``
        """
        return _read(self.database.fetch, _GET, checked_user(user_id))

    @rpc
    def update_profile(self, user_id: int, changes: dict) -> dict[str, Any]:
        """Change what a user says of themselves.

        Args:
            user_id: the user.
            changes: any of ``name``, ``time_zone`` (``"Europe/Berlin"``), ``weight_unit`` (kg or
                lb), ``week_start`` (monday, sunday or saturday), ``one_rep_max_formula`` (epley,
                brzycki or lombardi), ``weekly_goal`` (1 to 21 workouts), ``weekly_sets_least``
                and ``weekly_sets_most`` (1 to 100 sets a week and muscle; without them it is 10 to
                20), ``locale`` (``"pt-BR"``) and ``weekly_summary_mail`` (whether a mail tells of
                each week that has ended). What is left out stays, None clears; of the last one,
                which is false at first, None is refused.

        Returns:
            The profile, as from ``get_profile``.

        Raises:
            ValidationFailed: the values break rules; all faults are listed.
            InvalidParameter: the id can't be one.
            NotFound: there is no such user.

        Example:
            ``n.rpc.users.update_profile(1, {"weight_unit": "lb", "weekly_goal": 3})``
        """
        user_id = checked_user(user_id)
        values = load(PROFILE_CHANGES, changes)
        with self.database.together() as transaction:
            before = _read(transaction.fetch, _GET_LOCKED, user_id)
            after = {**before, **values}
            _check_weekly_sets(values, after)
            kept = {name: after[name] for name in ("name", *_SETTINGS)}
            transaction.send(_UPDATE, user_id=user_id, **kept)
        if before != after:
            self.cache.invalidate(cache_generations.settings_of(user_id))
        if any(before[name] != after[name] for name in SETTINGS_OF_NUMBERS):
            # gateways know them of whoever calls, and have cached what they were used for
            self.cache.invalidate(cache_generations.numbers_of(user_id))
            self.account_changed(user_id)
        return after


def _check_weekly_sets(given: dict[str, Any], after: dict[str, Any]) -> None:
    """Refuse a least that is more than the most, whether given now, set before or the default."""
    least = after["weekly_sets_least"] or WEEKLY_SETS_LEAST
    most = after["weekly_sets_most"] or WEEKLY_SETS_MOST
    if least <= most:
        return
    if "weekly_sets_least" in given:
        message = f"Weekly sets least must be at most {most}, as weekly_sets_most is"
        received = after["weekly_sets_least"]
        wrong = fault("weekly_sets_least", message, "max", max_value=most, received=received)
    else:
        message = f"Weekly sets most must be at least {least}, as weekly_sets_least is"
        received = after["weekly_sets_most"]
        wrong = fault("weekly_sets_most", message, "min", min_value=least, received=received)
    raise ValidationFailed.of(wrong)


def _read(fetch: Fetch, statement: Statement, user_id: int) -> dict[str, Any]:
    rows = fetch(statement, user_id=user_id)
    if not rows:
        raise NotFound("There is no such user")
    settings = zip(_SETTINGS, rows[0][-len(_SETTINGS) :], strict=True)
    return {**as_profile(rows[0]), **dict(settings)}
