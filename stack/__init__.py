"""Starts PostgreSQL, Redis, RabbitMQ and the five services on one machine.

``gym`` and the tests stand on this package. It knows the services by name and by command, never
by their code. Everything it makes lies below one directory, ``.run/`` unless told otherwise.

What is needed before the project's packages are installed (finding servers, installing packages,
showing progress, ``down``, ``status``) uses the standard library alone.
"""

import warnings

# eventlet announces its own retirement at every import; Nameko 2 is built on it
warnings.filterwarnings("ignore", message=r"\s*Eventlet is deprecated")
