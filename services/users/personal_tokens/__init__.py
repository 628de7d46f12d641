"""Personal access tokens, with which scripts act for a user within their scopes."""
