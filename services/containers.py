"""The class and Nameko's configuration of each service."""

import importlib

from services.process import budgets
from services.process.settings import SETTINGS_KEY, Settings

SERVICES = {
    "gateway": ("gateway.service", "Gateway"),
    "users": ("services.users.service", "Users"),
    "exercises": ("services.exercises.service", "Exercises"),
    "workouts": ("services.workouts.service", "Workouts"),
    "analytics": ("services.analytics.service", "Analytics"),
    "notifications": ("services.notifications.service", "Notifications"),
}


def service_class(name: str) -> type:
    """Return the class of a service, by its short name."""
    module, class_name = SERVICES[name]
    return getattr(importlib.import_module(module), class_name)


def make_config(name: str, settings: Settings) -> dict:
    """Return Nameko's configuration for a service."""
    workers = budgets.GATEWAY_WORKERS if name == "gateway" else budgets.SERVICE_WORKERS
    return {
        "AMQP_URI": settings.amqp_uri,
        "WEB_SERVER_ADDRESS": settings.addresses[name],
        "max_workers": workers,
        "parent_calls_tracked": 3,
        "SERVICE_CONTAINER_CLS": "services.process.container.Container",
        SETTINGS_KEY: settings,
    }
