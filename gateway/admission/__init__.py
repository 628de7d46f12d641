"""Who may call, and how often: tokens, rate limits, login attempts, shares of the workers."""
