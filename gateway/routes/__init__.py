"""The routes of the API, a module a subject, whose classes the gateway's inherits."""
