"""What a set is, by the words and letters of apps."""

REST = "rest"
"""No set: its seconds are the rest after the set before it."""

NOTE = "note"
"""No set: its note is about the exercise."""

SET_TYPES = {
    "": "normal",
    "normal": "normal",
    "w": "warmup",
    "warmup": "warmup",
    "warm_up": "warmup",
    "d": "drop",
    "drop": "drop",
    "dropset": "drop",
    "drop_set": "drop",
    "f": "failure",
    "failure": "failure",
    "rest timer": REST,
    "ruhezeit": REST,
    "note": NOTE,
}
"""By the lower-case word of ``set_type`` (Hevy) or, if it is no number, ``Set Order`` (Strong)."""
