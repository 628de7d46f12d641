"""Webhooks as their owners make and see them."""
