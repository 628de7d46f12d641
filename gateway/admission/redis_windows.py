"""Moving windows in Redis, timed by the server's clock, as the gateways' may differ."""

import time

from limits.storage import RedisStorage

# limits sends the process's own time as the scripts' first argument; gateways whose clocks differ
# by more than the window would then not share a limit (tests/api/test_limits.py)
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
    """The Redis storage of ``limits``, with the server's clock in place of the process's."""

    SCRIPT_ACQUIRE_MOVING_WINDOW = _ACQUIRE.encode()
    SCRIPT_MOVING_WINDOW = _WINDOW.encode()

    def get_moving_window(self, key: str, limit: int, expiry: int) -> tuple[float, int]:
        """Return the time of the oldest request, by this process's clock, and how many there are.

        Args:
            key: the limit's key, without the prefix.
            limit: number of allowed requests.
            expiry: length of the window in seconds.
        """
        window = self.lua_moving_window([self.prefixed_key(key)], [expiry, limit])
        age, count = window or (0.0, 0)
        return time.time() - float(age), count
