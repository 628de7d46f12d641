"""The environment variables of the services, and which servers are given from outside."""

import hashlib
from collections.abc import Mapping

from stack.layout import (
    DATABASE_OF,
    DATABASES,
    LOOPBACK,
    PORTS,
    REDIS,
    SERVERS,
    SERVICES,
    address_variable,
)
from stack.state import State
from stack.traces import DIRECTORY as TRACES

MAIL = "mail"
"""Directory of mails, below the system's."""

OPERATOR = "operator"
BROKER_USERS = (*SERVICES, OPERATOR, "monitoring")
VIRTUAL_HOST = "gym"
POOLER = "POOLER"
REPLICAS = "REPLICAS"
WITH_REPLICAS = ("workout-db", "analytics-db")
DATABASE_FIELDS = ("HOST", "PORT", "USER", "PASSWORD", "NAME")
COUNTERS = ("REDIS_COUNTERS_HOST", "REDIS_COUNTERS_PORT")
# a server is used instead of started when one of these is set
SERVER_VARIABLES = {
    **{
        name: (f"{database.prefix}_DB_HOST", f"{database.prefix}_DB_PORT")
        for name, database in DATABASES.items()
    },
    "redis": ("REDIS_HOST", "REDIS_PORT"),
    # without variables of its own, the counters are on the server of the caches
    "redis-counters": (
        *COUNTERS,
        "REDIS_HOST",
        "REDIS_PORT",
    ),
    "rabbitmq": ("AMQP_URI",),
}
ADDRESSES = tuple(address_variable(service) for service in SERVICES)


def _database_settings(name: str) -> list[str]:
    fields = (*DATABASE_FIELDS, POOLER, *([REPLICAS] if name in WITH_REPLICAS else []))
    return [f"{DATABASES[name].prefix}_DB_{field}" for field in fields]


SERVER_SETTINGS = (
    "AMQP_URI",
    "REDIS_HOST",
    "REDIS_PORT",
    *COUNTERS,
    *(setting for name in DATABASES for setting in _database_settings(name)),
)
GATEWAY_SETTINGS = (
    "RATE_LIMIT_LOGIN",
    "RATE_LIMIT_LOGIN_EMAIL",
    "RATE_LIMIT_REGISTER",
    "RATE_LIMIT_API",
    "TRUSTED_PROXIES",
    "CORS_ORIGINS",
)
MAIL_SETTINGS = ("SMTP_URL", "MAIL_FROM", "MAIL_DIRECTORY", "PUBLIC_URL")
OTHER_SETTINGS = (
    "GYM_ENV",
    "JWT_SECRET",
    "ADMIN_EMAIL",
    "ADMIN_PASSWORD",
    *GATEWAY_SETTINGS,
    "BCRYPT_COST",
    *MAIL_SETTINGS,
    "WGER_API_URL",
    "WGER_SYNC_HOURS",
    "WEBHOOK_HOSTS",
    "LOG_LEVEL",
    "LOG_FORMAT",
    "TRACE_DIRECTORY",
    "OTEL_EXPORTER_OTLP_ENDPOINT",
    "METRICS_TOKEN",
    "CELL",
    "CELLS",
)
ALL_SETTINGS = (*SERVER_SETTINGS, *ADDRESSES, *OTHER_SETTINGS)
OWN_SETTINGS = {
    "gateway": (
        "JWT_SECRET",
        *COUNTERS,
        *GATEWAY_SETTINGS,
    ),
    "users": (
        "JWT_SECRET",
        *COUNTERS,
        "ADMIN_EMAIL",
        "ADMIN_PASSWORD",
        "BCRYPT_COST",
        *MAIL_SETTINGS,
    ),
    "exercises": ("WGER_API_URL", "WGER_SYNC_HOURS"),
    "workouts": (),
    "analytics": (),
    "notifications": ("WEBHOOK_HOSTS", *MAIL_SETTINGS),
}
"""Settings of single services, besides databases and addresses; all others go to every service."""

BROKER_SECRETS = (
    *(f"RABBITMQ_{user.upper()}_PASSWORD" for user in BROKER_USERS),
    "RABBITMQ_ERLANG_COOKIE",
)
"""Of a shell that has read a ``.env`` of the containers."""


def given_from_outside(environment: Mapping[str, str]) -> dict[str, str]:
    """Return the variables that replace what would be chosen here."""
    names = [*ADDRESSES, "JWT_SECRET", "TRACE_DIRECTORY"]
    for server in SERVERS:
        if any(environment.get(name) for name in SERVER_VARIABLES[server]):
            names += _settings_of(server)
    return {name: environment[name] for name in names if environment.get(name)}


def variables_of(part: str) -> list[str]:
    """Return the variables that say where a server or a service is."""
    return [address_variable(part)] if part in SERVICES else _settings_of(part)


def given_servers(given: Mapping[str, str]) -> list[str]:
    """Return the servers that are given from outside, and not started."""
    return [server for server in SERVERS if any(name in given for name in SERVER_VARIABLES[server])]


def are_given(environment: Mapping[str, str]) -> bool:
    """Return whether the addresses of all databases are given from outside."""
    return DATABASES.keys() <= {*given_servers(given_from_outside(environment))}


def broker_password(state: State, user: str) -> str:
    """Return the password of one of the broker's users; the operator's is the secret itself."""
    secret = state.secrets["rabbitmq"]
    if user == OPERATOR:
        return secret
    return hashlib.sha256(f"{user} {secret}".encode()).hexdigest()


def database_password(state: State, name: str) -> str:
    """Return the password of a database; of those of earlier versions all have the same."""
    return state.secrets.get(name) or state.secrets["postgres"]


def make_environment(
    state: State, user: str = OPERATOR, outside: Mapping[str, str] | None = None
) -> dict[str, str]:
    """Return the environment variables of a service, or of the operator.

    Args:
        state: ports and secrets.
        user: of the broker: a service gets its own variables, the operator those of all parts.
        outside: a shell's variables, whose settings are passed on.
    """
    given = outside or {}
    variables = _where_nothing_is_given(state)
    variables |= {name: given[name] for name in ALL_SETTINGS if name in given}
    variables |= _chosen(state, user) | dict(state.given)
    if user == OPERATOR:
        return variables
    foreign = _foreign_settings(user)
    return {name: value for name, value in variables.items() if name not in foreign}


def server_addresses(name: str, environment: Mapping[str, str]) -> list[tuple[str, int]]:
    """Return the host and the port of Redis or a database, which may have several."""
    prefix = f"{DATABASES[name].prefix}_DB" if name in DATABASES else REDIS[name]
    variables = [f"{prefix}_HOST", f"{prefix}_PORT"]
    if name in REDIS and not any(environment.get(variable) for variable in variables):
        name, variables = "redis", ["REDIS_HOST", "REDIS_PORT"]
    host, port = (environment.get(variable) for variable in variables)
    hosts, ports = (host or "localhost").split(","), str(port or PORTS[name]).split(",")
    return [
        (host.strip(), int(port))
        for host, port in zip(hosts, ports * (len(hosts) if len(ports) == 1 else 1), strict=True)
    ]


def _foreign_settings(service: str) -> set[str]:
    """Return the variables of other services that this one does not get."""
    own = {other: _own_settings(other) for other in SERVICES}
    return set().union(*own.values()) - own[service]


def _own_settings(service: str) -> set[str]:
    server = DATABASE_OF.get(service)
    database = _settings_of(server) if server else ()
    return {address_variable(service), *database, *OWN_SETTINGS[service]}


def _chosen(state: State, user: str) -> dict[str, str]:
    ports = state.ports
    variables = {"JWT_SECRET": state.secrets["jwt"]}
    if not state.throwaway:
        variables["TRACE_DIRECTORY"] = str(state.directory / TRACES)
    if "rabbitmq" in ports:
        variables["AMQP_URI"] = (
            f"amqp://{user}:{broker_password(state, user)}@{LOOPBACK}:{ports['rabbitmq']}"
            f"/{VIRTUAL_HOST}"
        )
    for name, prefix in REDIS.items():
        if name in ports:
            variables |= {f"{prefix}_HOST": LOOPBACK, f"{prefix}_PORT": str(ports[name])}
    for name, database in DATABASES.items():
        if name in ports:
            password = database_password(state, name)
            values = (LOOPBACK, ports[name], "postgres", password, database.name)
            for field, value in zip(DATABASE_FIELDS, values, strict=True):
                variables[f"{database.prefix}_DB_{field}"] = str(value)
    for service in SERVICES:
        if service in ports:
            variables[address_variable(service)] = f"{LOOPBACK}:{ports[service]}"
    return variables


def _where_nothing_is_given(state: State) -> dict[str, str]:
    """Return variables that a shell's own replace."""
    # a server, if one is given, takes the mails all the same
    variables = {"MAIL_DIRECTORY": str(state.directory / MAIL)}
    if "gateway" in state.ports:
        variables["PUBLIC_URL"] = f"http://{LOOPBACK}:{state.ports['gateway']}"
    return variables


def _settings_of(server: str) -> list[str]:
    if server not in DATABASES:
        return list(SERVER_VARIABLES[server])
    return _database_settings(server)
