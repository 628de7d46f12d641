"""Who may do what: every route with the answer to each caller, as data.

The callers:

- ``none``: no token.
- ``user``: signed in, and the thing asked for is there for everybody or does not matter.
- ``owner``: the thing is theirs.
- ``other``: the thing is somebody else's.
- ``admin``: an administrator, and the thing is somebody else's.
- ``revoked``, ``expired``: the owner, with a token that was good once.
"""

from gateway.page.files import served

CALLERS = ("none", "user", "owner", "other", "admin", "revoked", "expired")
GONE = dict.fromkeys(("none", "revoked", "expired"), 401)


def anybody(status):
    """Return the row of a public route: a token is not even looked at."""
    return dict.fromkeys(CALLERS, status)


def signed_in(status, **exceptions):
    """Return the row of a route for whoever is signed in."""
    return dict.fromkeys(CALLERS, status) | GONE | exceptions


# `user` asks for what is nobody's: a thing that was never there
TABLE = {
    "POST /api/users/register": anybody(201),
    "POST /api/users/login": anybody(200),
    "POST /api/users/logout": signed_in(200),
    "POST /api/users/token/refresh": anybody(200),
    "GET /api/users/me": signed_in(200),
    "PUT /api/users/me": signed_in(200),
    "PUT /api/users/me/password": signed_in(403),
    "POST /api/users/me/tokens": signed_in(201),
    "GET /api/users/me/tokens": signed_in(200),
    "DELETE /api/users/me/tokens/:id": signed_in(200, user=404, other=404, admin=404),
    "GET /api/users/me/sessions": signed_in(200),
    "DELETE /api/users/me/sessions": signed_in(200),
    "DELETE /api/users/me/sessions/:id": signed_in(200, user=404, other=404, admin=404),
    "POST /api/users/password-reset": anybody(202),
    "POST /api/users/password-reset/confirm": anybody(400),
    "PUT /api/users/me/email": signed_in(403),
    "POST /api/users/email-change/confirm": anybody(400),
    "POST /api/mail/unsubscribe": anybody(400),
    # with a wrong password; tests/api/test_erasure.py has the right one
    "DELETE /api/users/me": signed_in(403),
    "DELETE /api/users/:id": signed_in(403),
    "GET /api/users/deletions/:receipt": anybody(404),
    "GET /api/users": signed_in(403, admin=200),
    "PUT /api/users/:id": signed_in(403, admin=200),
    "GET /api/users/:id": signed_in(200, user=403, other=403),
    "POST /api/users/me/export": signed_in(202),
    "GET /api/users/me/export": signed_in(404),
    "GET /api/exercises": anybody(200),
    "GET /api/exercises/search": anybody(200),
    "GET /api/exercises/facets": anybody(200),
    "GET /api/exercises/last": signed_in(200),
    "GET /api/exercises/:id": anybody(200),
    "POST /api/exercises": signed_in(201),
    "PUT /api/exercises/:id": signed_in(200, user=404, other=404, admin=404),
    "DELETE /api/exercises/:id": signed_in(200, user=404, other=404, admin=404),
    "POST /api/exercises/:id/archive": signed_in(200, user=404, other=404, admin=404),
    "POST /api/exercises/:id/restore": signed_in(200, user=404, other=404, admin=404),
    "POST /api/exercises/:id/merge": signed_in(200, user=404, other=404, admin=404),
    "PUT /api/exercises/:id/mine": signed_in(422, user=404, other=404, admin=404),
    "POST /api/workouts": signed_in(201),
    "GET /api/workouts": signed_in(200),
    "GET /api/workouts/:id": signed_in(200, user=404, other=404),
    "PUT /api/workouts/:id": signed_in(200, user=404, other=404, admin=404),
    "DELETE /api/workouts/:id": signed_in(200, user=404, other=404, admin=404),
    "POST /api/measurements": signed_in(201),
    "PUT /api/measurements": signed_in(201),
    "GET /api/measurements": signed_in(200),
    "DELETE /api/measurements": signed_in(404),
    "GET /api/measurements/:id": signed_in(200, user=404, other=404, admin=404),
    "PUT /api/measurements/:id": signed_in(200, user=404, other=404, admin=404),
    "DELETE /api/measurements/:id": signed_in(200, user=404, other=404, admin=404),
    "GET /api/exports/workouts": signed_in(200),
    "GET /api/changes": signed_in(200),
    "GET /api/events": signed_in(200),
    "POST /api/imports": signed_in(202),
    "GET /api/imports": signed_in(200),
    "GET /api/imports/:id": signed_in(200, user=404, other=404, admin=404),
    "PUT /api/imports/:id/mapping": signed_in(200, user=404, other=404, admin=404),
    "POST /api/imports/:id/apply": signed_in(202, user=404, other=404, admin=404),
    "POST /api/imports/:id/undo": signed_in(409, user=404, other=404, admin=404),
    "DELETE /api/imports/:id": signed_in(200, user=404, other=404, admin=404),
    "GET /api/stats/exercise/:id/history": signed_in(200),
    "GET /api/stats/exercise/:id/records": signed_in(200),
    "GET /api/stats/exercise/:id/rep-maxes": signed_in(200),
    "GET /api/stats/personal-records": signed_in(200),
    "GET /api/stats/progress": signed_in(200),
    "GET /api/stats/muscles": signed_in(200),
    "GET /api/stats/calendar": signed_in(200),
    "GET /api/stats/streak": signed_in(200),
    "GET /api/stats/weekly-summary": signed_in(200),
    "GET /api/stats/one-rep-max": signed_in(200),
    "POST /api/webhooks": signed_in(201),
    "GET /api/webhooks": signed_in(200),
    "GET /api/webhooks/:id": signed_in(200, user=404, other=404, admin=404),
    "PUT /api/webhooks/:id": signed_in(200, user=404, other=404, admin=404),
    "POST /api/webhooks/:id/rotate-secret": signed_in(200, user=404, other=404, admin=404),
    "POST /api/webhooks/:id/test": signed_in(202, user=404, other=404, admin=404),
    "GET /api/webhooks/:id/deliveries": signed_in(200, user=404, other=404, admin=404),
    "POST /api/webhooks/:id/deliveries/:delivery/redeliver": signed_in(
        202, user=404, other=404, admin=404
    ),
    "DELETE /api/webhooks/:id": signed_in(200, user=404, other=404, admin=404),
    "GET /api/about": anybody(200),
    "GET /health": anybody(200),
    "GET /ready": anybody(200),
    "GET /metrics": anybody(200),
    "GET /openapi.json": anybody(200),
    "GET /docs": anybody(200),
    "GET /docs/:file": anybody(200),
    "GET /reset-password": anybody(200),
    "GET /confirm-email": anybody(200),
    "GET /unsubscribe": anybody(200),
    "GET /link-pages/link-page.js": anybody(200),
    "GET /link-pages/reset-password.js": anybody(200),
    "GET /link-pages/confirm-email.js": anybody(200),
    "GET /link-pages/unsubscribe.js": anybody(200),
    "GET /link-pages/link-page.css": anybody(200),
    **{f"GET {path}": anybody(200) for path in served()},
}

# routes whose answer holds what is somebody's
PERSONAL = [route for route, row in TABLE.items() if 401 in row.values()] + [
    "POST /api/users/register",
    "POST /api/users/login",
    "POST /api/users/token/refresh",
]

SCOPE_OF = {
    "GET /api/users/me": "profile:read",
    "GET /api/users/:id": "profile:read",
    "GET /api/exercises": "workouts:read",
    "GET /api/exercises/search": "workouts:read",
    "GET /api/exercises/facets": "workouts:read",
    "GET /api/exercises/last": "workouts:read",
    "GET /api/exercises/:id": "workouts:read",
    "POST /api/exercises": "exercises:write",
    "PUT /api/exercises/:id": "exercises:write",
    "DELETE /api/exercises/:id": "exercises:write",
    "POST /api/exercises/:id/archive": "exercises:write",
    "POST /api/exercises/:id/restore": "exercises:write",
    "POST /api/exercises/:id/merge": "exercises:write",
    "PUT /api/exercises/:id/mine": "exercises:write",
    "POST /api/workouts": "workouts:write",
    "GET /api/workouts": "workouts:read",
    "GET /api/workouts/:id": "workouts:read",
    "PUT /api/workouts/:id": "workouts:write",
    "DELETE /api/workouts/:id": "workouts:write",
    "POST /api/measurements": "workouts:write",
    "PUT /api/measurements": "workouts:write",
    "GET /api/measurements": "workouts:read",
    "DELETE /api/measurements": "workouts:write",
    "GET /api/measurements/:id": "workouts:read",
    "PUT /api/measurements/:id": "workouts:write",
    "DELETE /api/measurements/:id": "workouts:write",
    "GET /api/exports/workouts": "exports:read",
    "GET /api/changes": "workouts:read",
    "GET /api/events": "workouts:read",
    "POST /api/imports": "imports:write",
    "GET /api/imports": "imports:write",
    "GET /api/imports/:id": "imports:write",
    "PUT /api/imports/:id/mapping": "imports:write",
    "POST /api/imports/:id/apply": "imports:write",
    "POST /api/imports/:id/undo": "imports:write",
    "DELETE /api/imports/:id": "imports:write",
    "GET /api/stats/exercise/:id/history": "stats:read",
    "GET /api/stats/exercise/:id/records": "stats:read",
    "GET /api/stats/exercise/:id/rep-maxes": "stats:read",
    "GET /api/stats/personal-records": "stats:read",
    "GET /api/stats/progress": "stats:read",
    "GET /api/stats/muscles": "stats:read",
    "GET /api/stats/calendar": "stats:read",
    "GET /api/stats/streak": "stats:read",
    "GET /api/stats/weekly-summary": "stats:read",
    "GET /api/stats/one-rep-max": "stats:read",
    "POST /api/webhooks": "webhooks:write",
    "GET /api/webhooks": "webhooks:write",
    "GET /api/webhooks/:id": "webhooks:write",
    "PUT /api/webhooks/:id": "webhooks:write",
    "POST /api/webhooks/:id/rotate-secret": "webhooks:write",
    "POST /api/webhooks/:id/test": "webhooks:write",
    "GET /api/webhooks/:id/deliveries": "webhooks:write",
    "POST /api/webhooks/:id/deliveries/:delivery/redeliver": "webhooks:write",
    "DELETE /api/webhooks/:id": "webhooks:write",
}
"""The scope that a personal access token of the owner needs; all other routes refuse such tokens,
but for those that look at none. Routes for anybody give a token without it what anybody gets."""
