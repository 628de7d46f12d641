// The workout in work. It is kept with each key that is pressed, so nothing is lost with the page:
// localStorage writes before it returns.

import { currentUser } from "./user.js";
import { newDraft } from "./workout.js";

const PREFIX = "gym-draft-";

function key() {
  return `${PREFIX}${currentUser().id}`;
}

export function currentDraft() {
  const kept = localStorage.getItem(key());
  return kept === null ? newDraft() : JSON.parse(kept);
}

export function keepDraft(draft) {
  localStorage.setItem(key(), JSON.stringify(draft));
}

export function forgetDraft() {
  localStorage.removeItem(key());
}

/** Have a function called when another tab has gone on with it; returns what ends that. */
export function onChangedElsewhere(listener) {
  const heard = (event) => {
    if (event.key === key()) {
      listener();
    }
  };
  window.addEventListener("storage", heard);
  return () => window.removeEventListener("storage", heard);
}
