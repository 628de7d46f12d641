"""Logging: one event a line, JSON for machines or coloured text for a terminal.

Every line says time, level, service and event; whatever is logged on behalf of a request carries
its id and its user's. Our own lines take the shortest way to the output: through the standard
library's loggers one costs six times as much, which for a line per request and RPC is felt.
"""

from services.observability.logging.configuration import configure, report_no_start
from services.observability.logging.context import bind, get_logger
from services.observability.logging.lines import PreparedLine

__all__ = ["PreparedLine", "bind", "configure", "get_logger", "report_no_start"]
