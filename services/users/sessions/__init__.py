"""Sessions: signing in once, and staying signed in with refresh tokens."""
