"""The circuit breaker in front of each service."""

import math
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from circuitbreaker import STATE_CLOSED, STATE_OPEN, CircuitBreaker

from schemas.errors import BeingMoved, ServiceUnavailable, TimedOut
from services.observability.outages import Outage
from services.process import budgets


class Breaker:
    """Refuses calls to a service that failed several times in a row, and tries it now and then.

    The ``circuitbreaker`` library counts and keeps the time. It lets every call through while half
    open, and counts a failure whenever it arrives. So what is added here: while half open only one
    call goes through; a call that began before the last change of state can't open the circuit
    again; and a service's report that another one is down is no failure of its own.

    Args:
        service: its public name, such as ``workout-service``.
        failures: how many in a row open the circuit.
        seconds: after which one call is let through.
    """

    def __init__(
        self,
        service: str,
        failures: int = budgets.BREAKER_FAILURES,
        seconds: float = budgets.BREAKER_SECONDS,
    ):
        self.service = service
        self.retry_after = math.ceil(seconds)
        self._circuit = CircuitBreaker(failures, seconds, self._is_failure, name=service)
        self._outage = Outage("service", f"one request every {seconds} s tries it", callee=service)
        self._era = 0
        self._probing = False

    @property
    def state(self) -> str:
        """``closed`` (all goes through), ``open`` (nothing does) or ``half_open`` (one call)."""
        return self._circuit.state

    def describe(self) -> dict[str, str]:
        """Return the state and, unless it is closed, since when."""
        since = self._outage.since
        described = {"state": self.state}
        return described | ({"since": since.isoformat(timespec="seconds")} if since else {})

    def call(self, attempt: Callable[[], Any]) -> Any:
        """Make a call, or refuse it while the circuit is open.

        Raises:
            ServiceUnavailable: the call was refused; otherwise whatever ``attempt`` raises.
        """
        state = self.state
        if state == STATE_OPEN or (state != STATE_CLOSED and self._probing):
            raise ServiceUnavailable.of(self.service, self.retry_after)
        self._probing = probing = state != STATE_CLOSED
        era = self._era
        problem: BaseException | None = None
        try:
            return attempt()
        except BaseException as raised:
            problem = raised
            raise
        finally:
            if probing:
                self._probing = False
            self._record(problem, is_current=era == self._era)

    def _record(self, problem: BaseException | None, is_current: bool) -> None:
        before = self._circuit.state != STATE_CLOSED
        if isinstance(problem, Exception) and self._is_failure(type(problem), problem):
            if is_current:
                self._count(problem)
        elif problem is None or isinstance(problem, Exception):
            # any other error is a reply, too: the service is there. A greenthread that was killed
            # (no Exception) says nothing about it
            self._circuit.reset()
            self._outage.end()
        if before != (self._circuit.state != STATE_CLOSED):
            self._era += 1

    def _count(self, problem: Exception) -> None:
        # the library counts what is raised within its context, and offers no method for it
        with suppress(type(problem)), self._circuit:
            raise problem
        if self.state != STATE_CLOSED:
            self._outage.begin(str(problem))

    def _is_failure(self, kind: type[BaseException], problem: BaseException) -> bool:
        if not isinstance(problem, ServiceUnavailable | TimedOut) or isinstance(
            problem, BeingMoved
        ):
            return False
        return problem.details.get("service") == self.service
