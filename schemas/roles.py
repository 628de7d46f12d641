"""The roles that a user can have."""

USER, ADMIN = "user", "admin"
ROLES = [USER, ADMIN]
