"""Names of the services: short in RPC, long in what clients and operators read."""

PUBLIC_NAMES = {
    "gateway": "api-gateway",
    "users": "user-service",
    "exercises": "exercise-service",
    "workouts": "workout-service",
    "analytics": "analytics-service",
    "notifications": "notification-service",
}
