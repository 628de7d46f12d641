"""Accounts: who may sign in, and as whom."""
