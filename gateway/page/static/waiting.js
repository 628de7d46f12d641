// Workouts that were finished and have to be sent: each once, whatever becomes of network and tabs.

import { change } from "./api.js";
import { forget, keep, readAll } from "./store.js";
import { currentUser } from "./user.js";
import { explained } from "./view.js";

const LOCK = "gym-waiting";
const AGAIN_MS = 30_000;

const listeners = new Set();
let timer = null;

/** Have a function called when a workout was sent or refused. */
export function onSent(listener) {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/** The workouts of the user that wait, with why one was refused. */
export async function waiting() {
  const all = await readAll("waiting");
  return all.filter((entry) => entry.user_id === currentUser().id);
}

/**
 * Keep a workout, and send it as soon as that is possible.
 *
 * @param {Object} body as it is sent; its `client_id` makes it safe to send it again
 * @param {Object} draft what it was made from, to go on with if it is refused
 */
export async function sendWhenPossible(body, draft) {
  const entry = { user_id: currentUser().id, body, draft, problem: null };
  await keep("waiting", body.client_id, entry);
  return sendAll();
}

export function discard(entry) {
  return forget("waiting", entry.body.client_id);
}

/** Throw away all that waits. */
export async function discardAll() {
  await Promise.all((await waiting()).map(discard));
}

/** Send what waits, in one tab at a time; returns the workouts that were made. */
export function sendAll() {
  clearTimeout(timer);
  return navigator.locks ? navigator.locks.request(LOCK, sendEach) : sendEach();
}

async function sendEach() {
  const made = [];
  for (const entry of await waiting()) {
    if (entry.problem !== null) {
      continue;
    }
    try {
      made.push(await send(entry));
    } catch (problem) {
      if (problem.isPassing || problem.status === 401) {
        timer = setTimeout(() => sendAll().catch(() => {}), AGAIN_MS);
        break;
      }
      await keep("waiting", entry.body.client_id, { ...entry, problem: explained(problem) });
    }
    listeners.forEach((listener) => listener());
  }
  return made;
}

async function send({ body }) {
  const made = await change("POST", "/api/workouts", body, { "Idempotency-Key": body.client_id });
  await forget("waiting", body.client_id);
  return made;
}
