"""What a copy holds that follows a feed of one user's things."""


def follow(ask, after=0, limit=100):
    """Return the last changes by kind and id, and the position behind them.

    Args:
        ask: returns the changes after a position, such as ``own_changes`` of one user.
        after: the position to go on from.
        limit: how many are asked for at a time.
    """
    copy = {}
    while found := ask(after=after, limit=limit):
        for change in found:
            assert change["position"] > after
            after = change["position"]
            copy[change["kind"], change["id"]] = change
    return copy, after


def held(copy):
    """Return what is there in such a copy, by kind and id."""
    return {key: change["data"] for key, change in copy.items() if change["op"] == "put"}
