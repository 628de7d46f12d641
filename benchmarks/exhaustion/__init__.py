"""Attacks on a running system, and what they do to somebody else and to its memory.

``python -m benchmarks.exhaustion`` carries them out by hand, ``tests/security/test_exhaustion.py``
as tests.
"""
