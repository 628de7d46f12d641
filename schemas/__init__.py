"""What travels between clients and services: bodies, parameters, errors, the envelope."""
