// The exercises that there are, also without a network, and what was done the last time.

import { get, getAll, getOne } from "./api.js";
import { keep, read } from "./store.js";
import { currentUser } from "./user.js";

const FOUND = 12;
const SHORTEST = 3;
const DAY_MS = 86_400_000;

/**
 * Exercises for what somebody types.
 *
 * @param {string} text for less than three letters those that are kept here are looked through
 * @param {{measure: string, mine: string}} filters as the API takes them
 */
export async function findExercises(text, filters = {}) {
  if (text.length >= SHORTEST) {
    try {
      const query = new URLSearchParams({ q: text, limit: FOUND, ...filters });
      return (await get(`/api/exercises/search?${query}`)).data;
    } catch (problem) {
      if (problem.status !== 0) {
        throw problem;
      }
    }
  }
  return text === "" ? [] : findKept(text, filters);
}

/** The first exercises by their names. */
export async function listExercises(filters = {}) {
  const { data } = await get(`/api/exercises?${new URLSearchParams({ limit: 20, ...filters })}`);
  return data;
}

async function findKept(text, { measure, mine }) {
  const words = text.toLowerCase().split(/\s+/);
  const all = (await read("exercises", currentUser().id))?.exercises ?? [];
  const fits = (exercise) => (measure === undefined || exercise.measure === measure)
    && (mine === undefined || exercise.owner === "me")
    && [exercise.name, ...exercise.aliases].some((each) =>
      words.every((word) => each.toLowerCase().includes(word)));
  return all.filter(fits).slice(0, FOUND);
}

/** Keep what exercises there are, once a day, to find them without a network. */
export async function keepExercises() {
  const before = await read("exercises", currentUser().id);
  if (before === undefined || Date.now() - before.at >= DAY_MS) {
    await keepExercisesAnew();
  }
}

/** Keep what exercises there are now, because one has changed. */
export async function keepExercisesAnew() {
  const all = await getAll("/api/exercises");
  const exercises = all.map(({ id, name, aliases, measure, equipment, owner }) => (
    { id, name, aliases, measure, equipment, owner }));
  await keep("exercises", currentUser().id, { at: Date.now(), exercises });
}

/** What is known of a workout's exercises, by their ids. */
export async function known(workout) {
  const ids = [...new Set(workout.exercises.map((done) => done.exercise_id))];
  const found = await Promise.all(ids.map((id) => getOne(`/api/exercises/${id}`).catch(() => null)));
  return new Map(found.filter((each) => each !== null).map((each) => [each.id, each]));
}

/** The working sets of the latest workout with an exercise; none without an answer. */
export async function lastSets(exerciseId) {
  try {
    const found = await getOne(`/api/exercises/last?ids=${exerciseId}`);
    return found?.sets ?? [];
  } catch {
    // without it there is nothing beside the sets, which is no reason not to log them
    return [];
  }
}

/** The words that the catalogue has for muscles and equipment. */
export async function catalogueWords() {
  const { muscles, equipment } = await getOne("/api/exercises/facets");
  const values = (found) => found.map(({ value }) => value);
  return { muscles: values(muscles), equipment: values(equipment) };
}
