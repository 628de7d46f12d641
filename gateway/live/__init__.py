"""Telling apps at once that something of theirs has changed: server-sent events."""
