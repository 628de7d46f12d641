"""The REST gateway: HTTP on one side, RPC and events on the other."""
