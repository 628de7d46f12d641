"""Who may call, and how often: tokens, rate limits, attempts to sign in, shares of the workers."""
