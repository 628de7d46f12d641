"""Moving windows in Redis, by the clock of Redis: those of the gateways may differ."""

import time

from limits.storage import RedisStorage

# the library sends its process's own time along, in the first argument
_NOW = """
local time = redis.call('TIME')
local now = time[1] + time[2] / 1000000
"""
_ACQUIRE = f"""{_NOW}
ARGV[1] = now
{RedisStorage.SCRIPT_ACQUIRE_MOVING_WINDOW.decode()}
"""
_WINDOW = f"""{_NOW}
ARGV[1] = now - ARGV[1]
local function find()
{RedisStorage.SCRIPT_MOVING_WINDOW.decode()}
end
local found = find()
return found and {{tostring(now - found[1]), found[2]}}
"""


class OneClockStorage(RedisStorage):
    """The library's storage, whose moments are all of one clock."""

    SCRIPT_ACQUIRE_MOVING_WINDOW = _ACQUIRE
    SCRIPT_MOVING_WINDOW = _WINDOW

    def get_moving_window(self, key: str, limit: int, expiry: int) -> tuple[float, int]:
        """Return since when, by the own clock, the oldest counts, and how many there are.

        Args:
            key: the limit's key.
            limit: how many are allowed.
            expiry: the seconds of the window.
        """
        window = self.lua_moving_window([self.prefixed_key(key)], [expiry, limit])
        age, count = window or (0.0, 0)
        return time.time() - float(age), count
