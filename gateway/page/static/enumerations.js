// Values of the API that the page lets people choose from; a test compares them with the schemas.

export const MEASURES = [
  "weight_reps", "bodyweight_reps", "assisted_reps", "reps", "duration", "weight_duration",
  "distance_duration", "weight_distance",
];
export const CATEGORIES = ["strength", "cardio", "flexibility"];
export const SET_TYPES = [
  "normal", "warmup", "top", "backoff", "drop", "failure", "amrap", "approximation", "timed",
  "distance",
];
export const WEIGHT_UNITS = ["kg", "lb"];
export const WEEK_STARTS = ["monday", "sunday", "saturday"];
export const FORMULAS = ["epley", "brzycki", "lombardi"];
export const SCOPES = [
  "workouts:read", "workouts:write", "stats:read", "exercises:write", "profile:read",
  "imports:write", "exports:read", "webhooks:write",
];
export const EVENTS = [
  "workout.created", "workout.updated", "workout.deleted", "record.set", "record.revoked",
  "import.completed", "summary.weekly",
];
export const ROLES = ["user", "admin"];
