"""The users service: accounts, signing in and out, profiles."""
