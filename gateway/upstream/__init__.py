"""The services behind the gateway: calls with a deadline and a circuit breaker."""
