"""Starts PostgreSQL, Redis, RabbitMQ and the six services on one machine.

``gym`` and the tests are built on this package. It knows the services by name and by command, and
imports none of their code. All its files are below one directory, by default ``.run/``.

Modules that are needed before the project's packages are installed (finding servers, installing
packages, progress, ``down``, ``status``) use the standard library alone.
"""

import warnings

# eventlet announces its own retirement at every import; Nameko 2 is built on it
warnings.filterwarnings("ignore", message=r"\s*Eventlet is deprecated")
