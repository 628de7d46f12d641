// What a client must be able to write against the types that openapi-typescript makes of the document.
import type { components, paths } from "./api";

type Schemas = components["schemas"];

// what has a default may be left out
const set: Schemas["LoggedSet"] = { reps: 5 };
const exercise: Schemas["LoggedExercise"] = { exercise_id: 1, sets: [set] };
export const workout: Schemas["NewWorkout"] = { date: "2025-02-16", exercises: [exercise] };
export const query: paths["/api/exercises"]["get"]["parameters"]["query"] = {
  category: "strength,cardio",
  sort: "name:desc",
};

// a set that was read has the types that one is written with
type Answers = paths["/api/workouts/{id}"]["get"]["responses"];
declare const read: Answers[200]["content"]["application/json"];
export const again: Schemas["LoggedSet"] = {
  reps: read.data[0].exercises[0].sets[0].reps,
  unit: read.data[0].exercises[0].sets[0].unit,
  set_type: read.data[0].exercises[0].sets[0].set_type,
};

// whatever failed has the same type, with all that is known of its details
type Failed = Answers[400 | 401 | 404 | 503 | "default"]["content"]["application/json"];
export function tell(failed: Failed): string {
  const { code, field, details } = failed.errors[0];
  const seconds: number = details?.retry_after ?? 0;
  return `${code} ${field ?? ""} ${details?.constraint ?? ""} ${seconds}`;
}

// the start says the day, and a time or a distance is a set, too
const run: Schemas["LoggedSet"] = { distance_m: 5000, duration_seconds: 1800 };
export const timed: Schemas["NewWorkout"] = {
  started_at: "2025-02-16T18:30:00+01:00",
  exercises: [{ exercise_id: 5, sets: [run] }],
};

// @ts-expect-error an exercise has an id
export const unknown: Schemas["LoggedExercise"] = { sets: [] };
