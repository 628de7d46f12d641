"""The version of the whole system, wherever one is told; ``setup.cfg`` reads it here."""

VERSION = "0.1.0"
