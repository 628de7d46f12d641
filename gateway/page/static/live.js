// Being told at once what has changed, here or elsewhere, by GET /api/events; read by fetch, as the
// browser's EventSource can't send a token.

import { streamLines } from "./api.js";

const SHORTEST_PAUSE_MS = 2_000;
const LONGEST_PAUSE_MS = 120_000;
// after which numbers have followed a change
const COUNTED_MS = 2_500;

const listeners = new Set();
let known = null;
let opened = null;
let pause = SHORTEST_PAUSE_MS;
let again = null;
let telling = null;
let isMore = false;

/** Have a function called when something of the user has changed; returns what ends that. */
export function onChanges(listener) {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/** Have panels show what has changed; returns what ends that. */
export function keepFresh(panels) {
  // one that can't be asked for now stays as it is
  return onChanges(() => panels.forEach((each) => each.refresh().catch(() => {})));
}

/** Follow what changes, as long as the page is seen. */
export function startFollowing() {
  document.addEventListener("visibilitychange", follow);
  window.addEventListener("online", follow);
  follow();
}

/** Stop, as nobody is signed in any more. */
export function stopFollowing() {
  document.removeEventListener("visibilitychange", follow);
  window.removeEventListener("online", follow);
  close();
  clearTimeout(telling);
  telling = null;
  known = null;
}

function close() {
  clearTimeout(again);
  opened?.abort();
  opened = null;
}

function follow() {
  close();
  if (document.visibilityState === "visible") {
    opened = new AbortController();
    read(opened.signal);
  }
}

async function read(signal) {
  const begun = Date.now();
  try {
    for await (const line of streamLines("/api/events", signal)) {
      hear(line);
    }
  } catch {
    // whatever broke it, it is opened again
  }
  if (!signal.aborted) {
    if (Date.now() - begun > LONGEST_PAUSE_MS) {
      pause = SHORTEST_PAUSE_MS;
    }
    again = setTimeout(follow, pause * (1 + Math.random() / 2));
    pause = Math.min(2 * pause, LONGEST_PAUSE_MS);
  }
}

// Any other cursor than before is told at once, and again when the numbers have followed. The first one
// may be later than what is shown, so it is told, too, but not while the screen is still loading.
function hear(line) {
  if (!line.startsWith("id: ") || line === known) {
    return;
  }
  const isFirst = known === null;
  known = line;
  isMore = telling !== null;
  if (!isMore) {
    telling = setTimeout(tellAgain, COUNTED_MS);
    if (!isFirst) {
      tell();
    }
  }
}

function tellAgain() {
  telling = isMore ? setTimeout(tellAgain, COUNTED_MS) : null;
  isMore = false;
  tell();
}

function tell() {
  listeners.forEach((listener) => listener());
}
