"""HTTP, hardened: Nameko's web server with limits on everything a client can send or hold.

The gateway serves its routes with it, and every service its health. What each part corrects in
Nameko's or eventlet's behaviour is said where it is done.
"""

from services.transport.http.messages import HttpRequest, Refused, Response
from services.transport.http.server import WebServer

__all__ = ["HttpRequest", "Refused", "Response", "WebServer"]
