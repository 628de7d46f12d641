"""Screens that are of one thing: something of each kind is made for them."""

from tests.waiting import eventually

NOWHERE = "http://127.0.0.1:9/gym"


def fill(page, rpc):
    """Make something of each kind.

    Args:
        page: of somebody, who becomes an administrator.
        rpc: calls services.

    Returns:
        The addresses of the screens.
    """
    rpc.users.make_administrator(page.email)
    [user] = page.api("GET", "/api/users/me")
    about = {"measure": "weight_reps", "primary_muscles": ["chest"], "notes": "Slowly"}
    [exercise] = page.api("POST", "/api/exercises", {"name": "Spider Curl", **about})
    [webhook] = page.api("POST", "/api/webhooks", {"url": NOWHERE, "events": ["record.set"]})
    hook = f"/api/webhooks/{webhook['id']}"
    page.api("POST", f"{hook}/test")
    eventually(lambda: page.api("GET", f"{hook}/deliveries")[0]["problem"], 20)
    return [
        *("exercises/new", f"exercises/{exercise['id']}", f"exercises/{exercise['id']}/edit"),
        *(f"settings/webhooks/{webhook['id']}", "administration", f"administration/{user['id']}"),
    ]
