"""``gym import`` and ``gym export``: users' histories as files."""
