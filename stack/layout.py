"""Paths, names of the parts, and their default ports."""

from dataclasses import dataclass
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parent.parent
RUN_DIRECTORY = CHECKOUT / ".run"
LOOPBACK = "127.0.0.1"
DIRECTORY_VARIABLE = "GYM_RUN_DIRECTORY"
"""Variable set in every process that is started, by which orphans are found."""


@dataclass(frozen=True)
class Database:
    """A service's PostgreSQL database, and the prefix of its environment variables."""

    name: str
    prefix: str
    port: int


DATABASES = {
    "users-db": Database("users_db", "USERS", 5433),
    "workout-db": Database("workout_db", "WORKOUT", 5434),
    "analytics-db": Database("analytics_db", "ANALYTICS", 5435),
    "exercise-db": Database("exercise_db", "EXERCISE", 5436),
    "notifications-db": Database("notifications_db", "NOTIFICATIONS", 5437),
}
DATABASE_OF = {
    "users": "users-db",
    "exercises": "exercise-db",
    "workouts": "workout-db",
    "analytics": "analytics-db",
    "notifications": "notifications-db",
}
"""Databases by service; the gateway has none."""

REDIS = {"redis": "REDIS", "redis-counters": "REDIS_COUNTERS"}
"""The Redis servers, and the prefixes of their environment variables."""

SERVERS = (*DATABASES, *REDIS, "rabbitmq")
SERVICES = {
    "users": 8081,
    "exercises": 8084,
    "workouts": 8082,
    "analytics": 8083,
    "notifications": 8085,
    "gateway": 8080,
}
PORTS = {
    **{name: database.port for name, database in DATABASES.items()},
    "redis": 6379,
    "redis-counters": 6380,
    "rabbitmq": 5672,
    "rabbitmq-ui": 15672,
    "gateway": SERVICES["gateway"],
    **SERVICES,
}
"""The parts that people connect to."""

# below 32768, from where on the kernel takes ports for outgoing connections
INNER_PORTS = {
    "rabbitmq-metrics": 15692,
    "rabbitmq-nodes": 25682,
    "epmd": 24369,
    "supervisor": 9001,
}
"""Ports that only the parts themselves connect to."""


def address_variable(service: str) -> str:
    """Return the name of the variable that holds a service's HTTP address."""
    return f"{service.upper()}_ADDRESS"
