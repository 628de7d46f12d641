"""Long computations beside requests of the same process."""

import time

import eventlet

LONGEST_SECONDS = 0.002
"""What a request may have to wait for a computation."""


class Turns:
    """Lets other greenthreads run now and then, during something long.

    Args:
        rest: seconds of rest for each second of work, which leaves the processor to others, too.
    """

    def __init__(self, rest: float = 0):
        self._rest = rest
        self._since = time.monotonic()

    def give_way(self) -> None:
        """Let others run, if there was work for a while since the last time.

        Waiting for a database counts as work, as it works for us then.
        """
        worked = time.monotonic() - self._since
        if worked >= LONGEST_SECONDS:
            eventlet.sleep(worked * self._rest)
            self._since = time.monotonic()
