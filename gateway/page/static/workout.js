// A workout as it is typed, and as the API has it.

import { describeSet, parseNumber, weightUnit } from "./format.js";
import { t } from "./language.js";

const BY_MEASURE = {
  weight_reps: ["weight", "reps"],
  bodyweight_reps: ["weight", "reps"],
  assisted_reps: ["weight", "reps"],
  reps: ["reps"],
  duration: ["duration"],
  weight_duration: ["weight", "duration"],
  distance_duration: ["distance", "duration"],
  weight_distance: ["weight", "distance"],
};
const OPTIONAL = new Set(["bodyweight_reps weight", "weight_duration weight"]);
const NAMES = {
  reps: "reps", weight: "weight", duration: "duration_seconds", distance: "distance_m",
};

/** What is typed for a set of an exercise, in order. */
export function fieldsOf(measure) {
  return BY_MEASURE[measure] ?? BY_MEASURE.weight_reps;
}

/** A workout that begins now. */
export function newDraft() {
  return {
    client_id: crypto.randomUUID(),
    started_at: new Date().toISOString(),
    date: "",
    minutes: "",
    name: "",
    notes: "",
    exercises: [],
  };
}

/** An exercise of a draft, with its first set. */
export function newExercise(exercise, last) {
  return {
    key: crypto.randomUUID(),
    exercise_id: exercise.id,
    name: exercise.name,
    measure: exercise.measure,
    equipment: exercise.equipment ?? null,
    superset: null,
    notes: "",
    last,
    sets: [newSet()],
  };
}

export function newSet() {
  return {
    key: crypto.randomUUID(), reps: "", weight: "", duration: "", distance: "", rpe: "",
    unit: weightUnit(), set_type: "normal", is_done: false, kept: {},
  };
}

/** Fill a set with the values of one that was logged. */
export function fill(set, logged) {
  return {
    ...set,
    reps: typed(logged.reps),
    weight: typed(logged.weight),
    duration: typed(logged.duration_seconds),
    distance: typed(logged.distance_m),
    unit: logged.unit,
    set_type: logged.set_type,
  };
}

/**
 * What a set is likely to be: as that of the last time with the same number, or as the set before.
 *
 * @returns {{set: Object, shown: string, label: string}|null}
 */
export function suggestion(exercise, place) {
  const last = exercise.last[place] ?? exercise.last.at(-1) ?? null;
  const set = last ?? (place > 0 ? asLogged(exercise.sets[place - 1]) : null);
  if (set === null) {
    return null;
  }
  const shown = describeSet(set);
  return { set, shown, label: t(last === null ? "log.as_before" : "log.as_last", { set: shown }) };
}

function asLogged(set) {
  const done = {
    reps: parseNumber(set.reps),
    weight: parseNumber(set.weight),
    duration_seconds: parseDuration(set.duration),
    distance_m: parseNumber(set.distance),
  };
  const isEmpty = Object.values(done).every((value) => value === null);
  const type = set.set_type === "warmup" ? "normal" : set.set_type;
  return isEmpty ? null : { ...done, unit: set.unit, set_type: type };
}

/**
 * A logged workout as a draft.
 *
 * @param {Object} workout as the API shows it
 * @param {Map<number, Object>} exercises what is known of its exercises, by id
 */
export function draftOf(workout, exercises) {
  return {
    client_id: crypto.randomUUID(),
    started_at: new Date().toISOString(),
    date: workout.date,
    minutes: typed(workout.duration_minutes),
    name: workout.name ?? "",
    notes: workout.notes ?? "",
    exercises: workout.exercises.map((done) => ({
      ...newExercise(exercises.get(done.exercise_id) ?? unknown(done), []),
      superset: done.superset,
      notes: done.notes ?? "",
      sets: done.sets.map(draftSet),
    })),
  };
}

function unknown(done) {
  return { id: done.exercise_id, name: done.exercise_name, measure: "weight_reps" };
}

function draftSet(logged) {
  const { rir, rest_seconds, notes, rpe } = logged;
  return {
    ...fill(newSet(), logged), rpe: typed(rpe), is_done: true, kept: { rir, rest_seconds, notes },
  };
}

/**
 * A draft as the body of a workout.
 *
 * @returns {{body: Object, faults: {key: string, field: string, message: string}[]}}
 */
export function bodyOf(draft) {
  const faults = [];
  const exercises = draft.exercises
    .map((exercise, place) => exerciseBody(exercise, place + 1, faults))
    .filter((exercise) => exercise.sets.length > 0);
  return { body: { name: blank(draft.name), notes: blank(draft.notes), exercises }, faults };
}

/** Whether there is something that would be missed. */
export function hasContent(draft) {
  return draft.exercises.length > 0 || draft.name !== "" || draft.notes !== "";
}

function exerciseBody(exercise, place, faults) {
  const sets = exercise.sets
    .filter((set) => set.is_done || fieldsOf(exercise.measure).some((name) => set[name] !== ""))
    .map((set, index) => setBody(exercise.measure, set, index + 1, faults));
  return given({
    exercise_id: exercise.exercise_id,
    order_index: place,
    superset: exercise.superset,
    notes: blank(exercise.notes),
    sets,
  });
}

function setBody(measure, set, place, faults) {
  const body = { set_number: place, set_type: set.set_type, unit: set.unit };
  for (const name of fieldsOf(measure)) {
    const value = name === "duration" ? parseDuration(set[name]) : parseNumber(set[name]);
    const isMissing = set[name].trim() === "";
    if (value !== null) {
      body[NAMES[name]] = value;
    } else if (!isMissing || !OPTIONAL.has(`${measure} ${name}`)) {
      const message = t(isMissing ? "log.missing" : "log.no_number", { field: t(`field.${name}`) });
      faults.push({ key: set.key, field: name, message });
    }
  }
  const rpe = parseNumber(set.rpe);
  if (rpe === null && set.rpe.trim() !== "") {
    faults.push({ key: set.key, field: "rpe", message: t("log.no_number", { field: "RPE" }) });
  }
  const { rir, ...kept } = set.kept;
  return given({ ...body, ...kept, rpe, rir: rpe === null ? rir : null });
}

/** Seconds from "90" or "1:30"; null if it is neither. */
export function parseDuration(text) {
  const parts = text.trim().split(":");
  const numbers = parts.map(parseNumber);
  if (parts.length > 3 || numbers.some((number) => number === null)) {
    return null;
  }
  return numbers.reduce((total, number) => total * 60 + number, 0);
}

function typed(value) {
  return value === null || value === undefined ? "" : String(value);
}

function blank(text) {
  return text.trim() === "" ? null : text.trim();
}

function given(values) {
  return Object.fromEntries(
    Object.entries(values).filter(([, value]) => value !== null && value !== undefined),
  );
}
