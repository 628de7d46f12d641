"""The environment variables of the services, and which servers are given from outside."""

import hashlib
from collections.abc import Mapping

from stack.layout import DATABASES, LOOPBACK, PORTS, REDIS, SERVERS, SERVICES, address_variable
from stack.state import State
from stack.traces import DIRECTORY as TRACES

OPERATOR = "operator"
BROKER_USERS = (*SERVICES, OPERATOR, "monitoring")
VIRTUAL_HOST = "gym"
DATABASE_FIELDS = ("HOST", "PORT", "USER", "PASSWORD", "NAME")
# a server is used instead of started when one of these is set
SERVER_VARIABLES = {
    **{
        name: (f"{database.prefix}_DB_HOST", f"{database.prefix}_DB_PORT")
        for name, database in DATABASES.items()
    },
    "redis": ("REDIS_HOST", "REDIS_PORT"),
    # where nothing more is said the caches' server has the counters, too
    "redis-counters": (
        "REDIS_COUNTERS_HOST",
        "REDIS_COUNTERS_PORT",
        "REDIS_HOST",
        "REDIS_PORT",
    ),
    "rabbitmq": ("AMQP_URI",),
}
ADDRESSES = tuple(address_variable(service) for service in SERVICES)
SERVER_SETTINGS = (
    "AMQP_URI",
    "REDIS_HOST",
    "REDIS_PORT",
    "REDIS_COUNTERS_HOST",
    "REDIS_COUNTERS_PORT",
    *(f"{db.prefix}_DB_{field}" for db in DATABASES.values() for field in DATABASE_FIELDS),
)
OTHER_SETTINGS = (
    "GYM_ENV",
    "JWT_SECRET",
    "ADMIN_EMAIL",
    "ADMIN_PASSWORD",
    "RATE_LIMIT_LOGIN",
    "RATE_LIMIT_LOGIN_EMAIL",
    "RATE_LIMIT_REGISTER",
    "RATE_LIMIT_API",
    "TRUSTED_PROXIES",
    "CORS_ORIGINS",
    "BCRYPT_COST",
    "WGER_API_URL",
    "WGER_SYNC_HOURS",
    "LOG_LEVEL",
    "LOG_FORMAT",
    "TRACE_DIRECTORY",
    "OTEL_EXPORTER_OTLP_ENDPOINT",
    "METRICS_TOKEN",
)
ALL_SETTINGS = (*SERVER_SETTINGS, *ADDRESSES, *OTHER_SETTINGS)


def given_from_outside(environment: Mapping[str, str]) -> dict[str, str]:
    """Return the variables that are used instead of what would be chosen here."""
    names = [*ADDRESSES, "JWT_SECRET", "TRACE_DIRECTORY"]
    for server in SERVERS:
        if any(environment.get(name) for name in SERVER_VARIABLES[server]):
            names += _settings_of(server)
    return {name: environment[name] for name in names if environment.get(name)}


def given_servers(given: Mapping[str, str]) -> list[str]:
    """Return the servers that are used and not started."""
    return [server for server in SERVERS if any(name in given for name in SERVER_VARIABLES[server])]


def broker_password(state: State, user: str) -> str:
    """Return the password of one of the broker's users; the operator's is the secret itself."""
    secret = state.secrets["rabbitmq"]
    if user == OPERATOR:
        return secret
    return hashlib.sha256(f"{user} {secret}".encode()).hexdigest()


def make_environment(state: State, user: str = OPERATOR) -> dict[str, str]:
    """Return all variables that lead the services to each other and to their servers.

    Args:
        state: ports and secrets.
        user: who uses the broker: a service has a user of its name.
    """
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
            values = (LOOPBACK, ports[name], "postgres", state.secrets["postgres"], database.name)
            for field, value in zip(DATABASE_FIELDS, values, strict=True):
                variables[f"{database.prefix}_DB_{field}"] = str(value)
    for service in SERVICES:
        if service in ports:
            variables[address_variable(service)] = f"{LOOPBACK}:{ports[service]}"
    return variables | dict(state.given)


def server_address(name: str, environment: Mapping[str, str]) -> tuple[str, int]:
    """Return the host and the port of a database or of Redis."""
    prefix = f"{DATABASES[name].prefix}_DB" if name in DATABASES else REDIS[name]
    variables = [f"{prefix}_HOST", f"{prefix}_PORT"]
    if name in REDIS and not any(environment.get(variable) for variable in variables):
        name, variables = "redis", ["REDIS_HOST", "REDIS_PORT"]
    host, port = (environment.get(variable) for variable in variables)
    return host or "localhost", int(port or PORTS[name])


def _settings_of(server: str) -> list[str]:
    if server not in DATABASES:
        return list(SERVER_VARIABLES[server])
    return [f"{DATABASES[server].prefix}_DB_{field}" for field in DATABASE_FIELDS]
