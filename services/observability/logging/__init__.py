"""Logging: one event per line, as JSON or as coloured text for a terminal.

Every line has a time, level, service and event; a line logged on behalf of a request also has its
id and the user's. Our own lines bypass the standard library's loggers, through which a line costs
six times as much: too much for one per request and RPC.
"""

from services.observability.logging.configuration import configure, report_no_start
from services.observability.logging.context import bind, get_logger
from services.observability.logging.lines import PreparedLine

__all__ = ["PreparedLine", "bind", "configure", "get_logger", "report_no_start"]
