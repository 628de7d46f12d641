"""Settings of a process, read from environment variables at its start.

The README has a table of all variables. With a missing or weak value the process ends with one line
in the log.
"""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from services.process import cells
from services.process.mail_settings import MailSettings, Malformed, read_mail_settings

if TYPE_CHECKING:
    from sqlalchemy import URL

DEVELOPMENT = "development"
PRODUCTION = "production"
SHORTEST_SECRET = 32
DEVELOPMENT_SECRET = "a-secret-for-development-only-never-in-earnest"
EXAMPLE_SECRETS = {DEVELOPMENT_SECRET, "your-super-secret-jwt-key-change-in-production"}
WELL_KNOWN_PASSWORDS = {"postgres", "gym", "guest", "development"}
"""Defaults of these settings, of the compose file, and of the servers themselves."""

DATABASES = {
    "users": ("USERS", 5433, "users_db"),
    "workouts": ("WORKOUT", 5434, "workout_db"),
    "analytics": ("ANALYTICS", 5435, "analytics_db"),
    "exercises": ("EXERCISE", 5436, "exercise_db"),
    "notifications": ("NOTIFICATIONS", 5437, "notifications_db"),
}
"""By service: prefix of the environment variables, default port, default database name."""

READ_FROM_REPLICAS = ("workouts", "analytics")
"""The services that read from replicas of their database, if it has any."""

TOKEN_SERVICES = ("gateway", "users")
"""The only services that need the JWT key: one checks tokens, the other issues them."""

MAIL_SERVICES = ("users", "notifications")
"""The services that send mail."""

SETTINGS_KEY = "settings"
"""Key of the :class:`Settings` in ``container.config``."""


class CannotStart(Exception):
    """The process can't start; the message is shown as one line."""


class BadSettings(CannotStart):
    """A setting is missing or invalid; the message is shown as one line."""


@dataclass(frozen=True)
class DatabaseAddress:
    """Address and credentials of a service's PostgreSQL database.

    It may have several hosts, as ``a,b``, of which one takes writes; each may have a port of its
    own, in the same order.
    """

    host: str
    port: str
    user: str
    password: str = field(repr=False)
    name: str
    pooler_place: tuple[str, int] | None = None
    """Host and port of a pooler that gives each transaction any of the sessions that it shares."""

    replica_places: tuple[tuple[str, int], ...] = ()
    """Host and port of each server that may be read from while it has all that was committed."""

    @property
    def pooler(self) -> "DatabaseAddress | None":
        """The address of the database by its pooler, if it has one."""
        if self.pooler_place is None:
            return None
        return self._at(*self.pooler_place)

    @property
    def replicas(self) -> "tuple[DatabaseAddress, ...]":
        """The addresses of the database on its replicas."""
        return tuple(self._at(*place) for place in self.replica_places)

    @property
    def places(self) -> tuple[tuple[str, int], ...]:
        """Host and port of each server."""
        hosts, ports = self.host.split(","), [*map(int, self.port.split(","))]
        if len(ports) == 1:
            ports *= len(hosts)
        return tuple(zip(hosts, ports, strict=True))

    @property
    def url(self) -> "URL":
        """The address as a SQLAlchemy URL, which leads to the host that takes writes."""
        # 10 MiB, which the gateway, without a database, does not need
        from sqlalchemy import URL

        driver, places = "postgresql+psycopg2", self.places
        if len(places) == 1:
            return URL.create(driver, self.user, self.password, *places[0], self.name)
        query = {
            "host": [f"{host}:{port}" for host, port in places],
            "target_session_attrs": "read-write",
        }
        return URL.create(driver, self.user, self.password, database=self.name, query=query)

    def _at(self, host: str, port: int) -> "DatabaseAddress":
        return replace(self, host=host, port=str(port), pooler_place=None, replica_places=())


@dataclass(frozen=True)
class Settings:
    """All settings of a process."""

    environment: str
    jwt_secret: str = field(repr=False)
    amqp_uri: str = field(repr=False)
    redis_host: str
    redis_port: int
    redis_counters_host: str
    redis_counters_port: int
    databases: Mapping[str, DatabaseAddress]
    addresses: Mapping[str, str]
    admin_email: str
    admin_password: str = field(repr=False)
    bcrypt_cost: int
    rate_limit_login: str
    rate_limit_login_email: str
    rate_limit_register: str
    rate_limit_api: str
    trusted_proxies: tuple[str, ...]
    cors_origins: tuple[str, ...]
    wger_api_url: str
    wger_sync_hours: int
    webhook_hosts: tuple[str, ...]
    log_level: str
    log_format: str
    otlp_endpoint: str = ""
    trace_directory: str = ""
    metrics_token: str = field(default="", repr=False)
    mail: MailSettings = field(default_factory=MailSettings)
    cell: str = cells.FIRST
    """The cell that the process belongs to, if it is of a service that each cell has."""

    cells: tuple[str, ...] = ()
    """All cells but the first."""

    @classmethod
    def from_environment(
        cls, environment: Mapping[str, str] = os.environ, service: str | None = None
    ) -> "Settings":
        """Read the settings.

        Args:
            environment: the variables by name.
            service: the service that starts; None requires the settings of all services.

        Raises:
            BadSettings: a setting is missing or invalid.
        """
        reader = _Reader(environment)
        mode = reader.word("GYM_ENV", DEVELOPMENT, [DEVELOPMENT, PRODUCTION])
        needs_key = service is None or service in TOKEN_SERVICES
        sends_mail = service in (None, *MAIL_SERVICES)
        redis, counters = reader.redis_places()
        return cls(
            environment=mode,
            jwt_secret=reader.secret("JWT_SECRET", mode) if needs_key else "",
            amqp_uri=reader.text("AMQP_URI", "amqp://gym:gym@localhost:5672/gym"),
            redis_host=redis[0],
            redis_port=redis[1],
            redis_counters_host=counters[0],
            redis_counters_port=counters[1],
            databases={
                service: reader.database(prefix, port, name, service in READ_FROM_REPLICAS)
                for service, (prefix, port, name) in DATABASES.items()
            },
            addresses={
                name: reader.text(f"{name.upper()}_ADDRESS", f"127.0.0.1:{port}")
                for name, port in DEFAULT_PORTS.items()
            },
            admin_email=reader.text("ADMIN_EMAIL", ""),
            admin_password=reader.password("ADMIN_PASSWORD", ""),
            bcrypt_cost=reader.number("BCRYPT_COST", 10, least=4 if mode == DEVELOPMENT else 10),
            rate_limit_login=reader.text("RATE_LIMIT_LOGIN", "20/minute"),
            rate_limit_login_email=reader.text("RATE_LIMIT_LOGIN_EMAIL", "10/minute"),
            rate_limit_register=reader.text("RATE_LIMIT_REGISTER", "20/minute"),
            rate_limit_api=reader.text("RATE_LIMIT_API", "1200/minute"),
            trusted_proxies=reader.items("TRUSTED_PROXIES"),
            cors_origins=reader.items("CORS_ORIGINS"),
            wger_api_url=reader.text("WGER_API_URL", "https://wger.de/api/v2"),
            wger_sync_hours=reader.number("WGER_SYNC_HOURS", 0, least=0, most=8760),
            webhook_hosts=reader.items("WEBHOOK_HOSTS"),
            log_level=reader.text("LOG_LEVEL", "INFO").upper(),
            log_format=reader.word("LOG_FORMAT", "auto", ["auto", "json", "text"]),
            otlp_endpoint=reader.text("OTEL_EXPORTER_OTLP_ENDPOINT", ""),
            trace_directory=reader.directory("TRACE_DIRECTORY"),
            metrics_token=reader.text("METRICS_TOKEN", ""),
            mail=reader.mail(mode) if sends_mail else MailSettings(),
            cell=reader.cell(),
            cells=reader.cells(),
        )

    @property
    def development(self) -> bool:
        """Whether this is a development run."""
        return self.environment == DEVELOPMENT

    def refuse_well_known_passwords(self, service: str) -> None:
        """Refuse default passwords outside development.

        Args:
            service: only the broker's and this service's database passwords are checked.

        Raises:
            BadSettings: one of them is in ``WELL_KNOWN_PASSWORDS``.
        """
        if self.development:
            return
        # an empty database password is allowed, as PostgreSQL has other methods, such as
        # certificates; without one in AMQP_URI the client sends "guest"
        passwords = {"AMQP_URI": unquote(urlsplit(self.amqp_uri).password or "guest")}
        if service in DATABASES:
            variable = f"{DATABASES[service][0]}_DB_PASSWORD"
            passwords[variable] = self.databases[service].password
        for name, password in passwords.items():
            if password in WELL_KNOWN_PASSWORDS:
                raise BadSettings(
                    f"{name} must have a password of its own outside development, no well-known one"
                )


DEFAULT_PORTS = {
    "gateway": 8080,
    "users": 8081,
    "workouts": 8082,
    "analytics": 8083,
    "exercises": 8084,
    "notifications": 8085,
}


_CELL = re.compile("[a-z][a-z0-9]{0,15}")


class _Reader:
    """Reads and checks environment variables, with defaults."""

    def __init__(self, environment: Mapping[str, str]):
        self.environment = environment

    def text(self, name: str, default: str) -> str:
        return self.environment.get(name, default).strip()

    def directory(self, name: str) -> str:
        value = self.text(name, "")
        return "" if value == "off" else value

    def password(self, name: str, default: str) -> str:
        return self.environment.get(name, default)

    def word(self, name: str, default: str, allowed: list[str]) -> str:
        value = self.text(name, default)
        if value not in allowed:
            raise BadSettings(f"{name} must be one of: {', '.join(allowed)}")
        return value

    def number(self, name: str, default: int, least: int = 1, most: int = 65535) -> int:
        value = self.text(name, "") or str(default)
        if not value.isdecimal() or not least <= int(value) <= most:
            raise BadSettings(f"{name} must be a whole number from {least} to {most}")
        return int(value)

    def ports(self, name: str, default: int, hosts: int) -> str:
        values = self.items(name) or (str(default),)
        if len(values) not in (1, hosts):
            raise BadSettings(f"{name} must have one port, or one for each host")
        if not all(value.isdecimal() and 1 <= int(value) <= 65535 for value in values):
            raise BadSettings(f"{name} must be a whole number from 1 to 65535, or several")
        return ",".join(values)

    def items(self, name: str) -> tuple[str, ...]:
        return tuple(item.strip() for item in self.text(name, "").split(",") if item.strip())

    def secret(self, name: str, mode: str) -> str:
        value = self.environment.get(name) or (DEVELOPMENT_SECRET if mode == DEVELOPMENT else "")
        if mode == DEVELOPMENT:
            return value
        if len(value.encode()) < SHORTEST_SECRET or value in EXAMPLE_SECRETS:
            raise BadSettings(
                f"{name} must be given outside development: at least {SHORTEST_SECRET} bytes, "
                "and not the example"
            )
        return value

    def mail(self, mode: str) -> MailSettings:
        gateway = self.text("GATEWAY_ADDRESS", f"127.0.0.1:{DEFAULT_PORTS['gateway']}")
        names = ("SMTP_URL", "MAIL_FROM", "PUBLIC_URL")
        url, sender, public = (self.text(name, "") for name in names)
        directory = self.directory("MAIL_DIRECTORY")
        try:
            return read_mail_settings(
                url, sender, directory, public, gateway, development=mode == DEVELOPMENT
            )
        except Malformed as problem:
            raise BadSettings(str(problem)) from None

    def redis_places(self) -> tuple[tuple[str, int], tuple[str, int]]:
        """Return host and port of the cache and of the counters.

        If only the cache's are set, the counters share its server.
        """
        cache = self.text("REDIS_HOST", "localhost"), self.number("REDIS_PORT", 6379)
        host, port = self.text("REDIS_COUNTERS_HOST", ""), self.text("REDIS_COUNTERS_PORT", "")
        if not (host or port) and (self.text("REDIS_HOST", "") or self.text("REDIS_PORT", "")):
            return cache, cache
        return cache, (host or "localhost", self.number("REDIS_COUNTERS_PORT", 6380))

    def database(self, prefix: str, port: int, name: str, has_replicas: bool) -> DatabaseAddress:
        hosts = self.items(f"{prefix}_DB_HOST") or ("localhost",)
        return DatabaseAddress(
            host=",".join(hosts),
            port=self.ports(f"{prefix}_DB_PORT", port, len(hosts)),
            user=self.text(f"{prefix}_DB_USER", "postgres"),
            password=self.password(f"{prefix}_DB_PASSWORD", "postgres"),
            name=self.text(f"{prefix}_DB_NAME", name),
            pooler_place=self.pooler_place(f"{prefix}_DB_POOLER"),
            replica_places=self.replica_places(f"{prefix}_DB_REPLICAS") if has_replicas else (),
        )

    def cells(self) -> tuple[str, ...]:
        names = self.items("CELLS")
        if not all(map(_CELL.fullmatch, names)) or len({*names}) < len(names):
            raise BadSettings(
                "CELLS must be different names by commas, each of 1 to 16 lower-case letters and "
                "digits, a letter first"
            )
        return names

    def cell(self) -> str:
        name = self.text("CELL", cells.FIRST)
        if name not in (cells.FIRST, *self.cells()):
            raise BadSettings("CELL must be empty, for the first cell, or one of CELLS")
        return name

    def pooler_place(self, name: str) -> tuple[str, int] | None:
        value = self.text(name, "")
        place = _place(value)
        if value and place is None:
            raise BadSettings(f"{name} must be HOST:PORT")
        return place

    def replica_places(self, name: str) -> tuple[tuple[str, int], ...]:
        values = self.items(name)
        places = tuple(place for place in map(_place, values) if place)
        if len(places) < len(values):
            raise BadSettings(f"{name} must be HOST:PORT, or several by commas")
        return places


def _place(value: str) -> tuple[str, int] | None:
    """Return the host and the port that are written as ``HOST:PORT``; None if they are not."""
    host, _, port = value.rpartition(":")
    if host and "," not in value and port.isdecimal() and 1 <= int(port) <= 65535:
        return host, int(port)
    return None
