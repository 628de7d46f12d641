"""The mark of a database that is being restored: no service starts on it.

A restore may be broken off at any point, with some databases filled and others empty. The mark is a
table, made before the first of them is emptied and dropped after the last is complete.
"""

MARK = "unfinished_restore"

IS_MARKED = f"SELECT to_regclass('public.{MARK}') IS NOT NULL"
PUT_UP = f"CREATE TABLE IF NOT EXISTS {MARK} (begun_at TIMESTAMPTZ NOT NULL DEFAULT now())"
TAKE_DOWN = f"DROP TABLE IF EXISTS {MARK}"
