"""The scopes of personal access tokens: what their owner lets a script do."""

TOKEN_PREFIX = "gym_"
"""What personal access tokens begin with, so that scanners for secrets find them."""

WORKOUTS_READ = "workouts:read"
"""Also one's own exercises, beside the catalogue, and measurements of one's body."""

WORKOUTS_WRITE = "workouts:write"
STATS_READ = "stats:read"
EXERCISES_WRITE = "exercises:write"
PROFILE_READ = "profile:read"
"""Also settings, among the changes."""

IMPORTS_WRITE = "imports:write"
"""Also reading what imports have found."""

EXPORTS_READ = "exports:read"
WEBHOOKS_WRITE = "webhooks:write"
"""Also reading what webhooks are told: workouts, records and summaries of weeks."""

SCOPES = (
    WORKOUTS_READ,
    WORKOUTS_WRITE,
    STATS_READ,
    EXERCISES_WRITE,
    PROFILE_READ,
    IMPORTS_WRITE,
    EXPORTS_READ,
    WEBHOOKS_WRITE,
)
