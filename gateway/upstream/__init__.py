"""Calls to the services behind the gateway, with a deadline and a circuit breaker."""
