// The page: who is signed in, the frame, and which screen is shown.

import { onSignedOut, resume } from "./api.js";
import { keepExercises } from "./catalogue.js";
import { h } from "./element.js";
import { t } from "./language.js";
import { onChanges, startFollowing, stopFollowing } from "./live.js";
import { currentScreen, go, startRouting, stopRouting } from "./router.js";
import { showAdministration } from "./screens/administration.js";
import { showBody } from "./screens/body.js";
import { showEdit } from "./screens/edit.js";
import { showExercises } from "./screens/exercises.js";
import { showHistory } from "./screens/history.js";
import { showLog } from "./screens/log.js";
import { showMore } from "./screens/more.js";
import { showMuscles } from "./screens/muscles.js";
import { showOverview } from "./screens/overview.js";
import { showSettings } from "./screens/settings.js";
import { showSignIn } from "./screens/sign-in.js";
import { showTransfer } from "./screens/transfer.js";
import { currentUser, isRemembered, loadUser, remember } from "./user.js";
import { explained, say, show, unsay } from "./view.js";
import { sendAll } from "./waiting.js";

const SCREENS = {
  overview: showOverview,
  log: showLog,
  history: showHistory,
  edit: showEdit,
  exercises: showExercises,
  body: showBody,
  muscles: showMuscles,
  transfer: showTransfer,
  settings: showSettings,
  administration: showAdministration,
  more: showMore,
};
const NAVIGATION = ["overview", "log", "history", "exercises", "more"];

function frame() {
  document.body.replaceChildren(
    h("a", { href: "#main", class: "skip", onclick: skip }, t("skip")),
    h("header", {}, h("strong", {}, "Gym Tracker"), h("nav", { "aria-label": t("navigation") })),
    h("p", { id: "message", role: "status", "aria-live": "polite" }),
    h("main", { id: "main" }),
  );
}

function skip(event) {
  event.preventDefault();
  document.querySelector("main h1")?.focus();
}

function navigation() {
  const here = currentScreen();
  document.querySelector("nav").replaceChildren(...NAVIGATION.map((name) => h("a", {
    href: `#/${name}`, "aria-current": name === here ? "page" : null,
  }, t(`nav.${name}`))));
}

/** A screen that says what went wrong, and with which the navigation goes along. */
function whole(screen) {
  return async (parts, isShown) => {
    navigation();
    unsay();
    try {
      return await screen(parts, isShown);
    } catch (problem) {
      if (isShown()) {
        show(t("problem.title"), h("p", { role: "alert" }, explained(problem)), h("p", {},
          h("button", { type: "button", onclick: () => go(location.hash.slice(2)) }, t("again"))));
      }
      return undefined;
    }
  };
}

async function begin() {
  const screens = Object.fromEntries(
    Object.entries(SCREENS).map(([name, screen]) => [name, whole(screen)]));
  window.addEventListener("online", sendWhatWaits);
  await startRouting(screens, "overview");
  sendWhatWaits();
  startFollowing();
  keepExercises().catch(() => {});
}

function sendWhatWaits() {
  if (currentUser() !== null) {
    sendAll().catch(() => {});
  }
}

function askToSignIn() {
  stopFollowing();
  stopRouting();
  document.querySelector("nav").replaceChildren();
  showSignIn(async (user) => {
    remember(user);
    await loadUser();
    await begin();
  });
}

async function start() {
  frame();
  onChanges(() => loadUser().catch(() => {}));
  onSignedOut(() => {
    askToSignIn();
    say(t("signin.ended"));
  });
  try {
    if (await mayGoOn()) {
      await loadUser();
      await begin();
    } else {
      askToSignIn();
    }
  } catch (problem) {
    show(t("problem.title"), h("p", { role: "alert" }, explained(problem)), h("p", {}, h("button", {
      type: "button", onclick: () => location.reload(),
    }, t("again"))));
  }
}

// without a network whoever was signed in goes on logging
async function mayGoOn() {
  if (!isRemembered()) {
    return false;
  }
  try {
    return await resume();
  } catch (problem) {
    if (problem.status === 0) {
      return true;
    }
    throw problem;
  }
}

if ("serviceWorker" in navigator) {
  navigator.serviceWorker.register("/service-worker.js").catch(() => {});
}
start();
