"""Examples of accounts; see :mod:`gateway.openapi.examples`."""

from typing import Any

from marshmallow import Schema

from schemas import responses
from schemas.accounts import PasswordChange, RefreshRequest
from schemas.administration import AccountChanges, UserList
from schemas.personal_tokens import NewPersonalToken
from schemas.profiles import ProfileChanges

TOKEN = "eyJhbGciOiJIUzI1NiJ9.eyJ1c2VyX2lkIjoxNX0.c2lnbmF0dXJl"
REFRESH_TOKEN = "0aXg2yFLVyNQVFPSGxSeH1n5gCTNi3SbmTM5bVvWsKo"
TOKENS = {"token": TOKEN, "refresh_token": REFRESH_TOKEN, "expires_in": 86400}

USER = {
    "id": 15,
    "email": "ada@example.com",
    "name": "Ada",
    "role": "user",
    "created_at": "2025-02-16T17:02:11.402518Z",
}
ACCOUNT = {**USER, "disabled": False}
PROFILE_CHANGES = {
    "time_zone": "Europe/Berlin",
    "weight_unit": "kg",
    "week_start": "monday",
    "one_rep_max_formula": "epley",
    "weekly_goal": 3,
    "weekly_sets_least": 8,
    "weekly_sets_most": 16,
    "locale": "de",
    "weekly_summary_mail": True,
}
PROFILE = {**USER, **PROFILE_CHANGES}

NEW_PERSONAL_TOKEN = {"name": "Backup at home", "scopes": ["workouts:read", "exports:read"]}
PERSONAL_TOKEN = {
    "id": 4,
    **NEW_PERSONAL_TOKEN,
    "created_at": "2025-02-16T17:05:50.731404Z",
    "expires_at": None,
    "last_used_at": None,
}

SESSION = {
    "id": 37,
    "device": "GymTracker/2.1 (Android 14)",
    "address": "203.0.113.7",
    "created_at": "2025-02-16T17:02:11.402518Z",
    "last_used_at": "2025-02-18T06:40:55.018220Z",
    "expires_at": "2025-04-19T06:40:55.018220Z",
    "is_current": True,
}

ACCOUNT_EXAMPLES: dict[type[Schema], dict[str, Any]] = {
    UserList: {"q": "ada", "sort": "created_at:desc"},
    AccountChanges: {"disabled": False},
    responses.Account: ACCOUNT,
    RefreshRequest: {"refresh_token": REFRESH_TOKEN},
    ProfileChanges: PROFILE_CHANGES,
    responses.Profile: PROFILE,
    PasswordChange: {
        "old_password": "correct horse battery",
        "new_password": "staple of a correct horse",
    },
    responses.ChangedPassword: {"changed": True, "sessions_ended": 1},
    NewPersonalToken: NEW_PERSONAL_TOKEN,
    responses.NewlyMadeToken: {
        **PERSONAL_TOKEN,
        "token": "gym_AJlIRTBySD4Ydf0DW_ojw3mdC2nDA0gKcmTxyIM7xhQ",
    },
    responses.PersonalToken: PERSONAL_TOKEN,
    responses.DeletedToken: {"id": 4, "deleted": True},
    responses.RefreshedTokens: TOKENS,
    responses.Session: SESSION,
    responses.EndedSession: {"id": 37, "ended": True},
    responses.EndedSessions: {"count": 2},
}
