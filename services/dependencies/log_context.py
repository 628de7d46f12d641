"""Every line that a worker logs says on whose behalf."""

from nameko.containers import WorkerContext
from nameko.extensions import DependencyProvider

from services.observability import metrics, tracing
from services.observability.logging import bind
from services.process.container import ExcInfo


class LogContext(DependencyProvider):
    """Adds the request's id and user to every line that a worker logs, and its span to the trace.

    Context variables are not inherited by greenthreads, so each worker begins with its own.
    """

    def worker_setup(self, worker_ctx: WorkerContext) -> None:
        """Bind what the worker's context knows."""
        data = worker_ctx.data
        bind(**{key: data[key] for key in ("request_id", "user_id") if data.get(key) is not None})
        tracing.begin_work(worker_ctx)

    def worker_result(
        self, worker_ctx: WorkerContext, result: object = None, exc_info: ExcInfo | None = None
    ) -> None:
        """End the worker's span."""
        if tracing.is_on():
            tracing.end_work(metrics.outcome_of(exc_info and exc_info[1]))
