// Whoever is signed in, and what they have set.

import { getOne } from "./api.js";
import { useUnit } from "./format.js";

const KEY = "gym-user";

let user = null;

/** Ask who is signed in; without a network, whoever was last. */
export async function loadUser() {
  try {
    remember(await getOne("/api/users/me"));
  } catch (problem) {
    if (problem.status !== 0 || !isRemembered()) {
      throw problem;
    }
    user = JSON.parse(localStorage.getItem(KEY));
    useUnit(user.weight_unit);
  }
  return user;
}

export function currentUser() {
  return user;
}

/** Keep what was changed of the profile. */
export function remember(profile) {
  user = profile;
  useUnit(user.weight_unit);
  localStorage.setItem(KEY, JSON.stringify(profile));
}

export function isRemembered() {
  return localStorage.getItem(KEY) !== null;
}

export function forgetUser() {
  user = null;
  localStorage.removeItem(KEY);
}
