"""Histories from other apps: reading their files, and bringing them in."""
