"""What every service is given: settings, database, cache, messaging, health."""
