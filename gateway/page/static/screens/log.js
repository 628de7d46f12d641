// Logging a workout: fast, and safe against reloads, lost networks and closed tabs.

import { get, getOne } from "../api.js";
import { findExercises, known, lastSets } from "../catalogue.js";
import { currentDraft, forgetDraft, keepDraft, onChangedElsewhere } from "../draft.js";
import { editor, showFaults } from "../editor.js";
import { h } from "../element.js";
import { exerciseForm } from "../exercise-form.js";
import { searchField } from "../finding.js";
import { area, field } from "../forms.js";
import { formatDay, formatWeekday } from "../format.js";
import { t } from "../language.js";
import { restTimer } from "../rest-timer.js";
import { go } from "../router.js";
import { attempt, button, replace, say, section, show } from "../view.js";
import { discard, onSent, sendAll, sendWhenPossible, waiting } from "../waiting.js";
import { timesOf, whenFields } from "../when.js";
import { bodyOf, draftOf, hasContent, newExercise } from "../workout.js";
import { makeExercise } from "./own-exercise.js";

const OFFERED = 5;

export async function showLog(_, isShown) {
  const unsent = await waitingPart();
  if (!isShown()) {
    return undefined;
  }
  const draft = currentDraft();
  const [timer, over] = restTimer();
  const last = lastWorkouts();
  last.hidden = hasContent(draft);
  const changed = () => {
    keepDraft(draft);
    last.hidden = hasContent(draft);
  };
  const form = editor(draft, { changed, setDone: () => timer.begin() });
  show(
    t("log.title"),
    unsent,
    timer,
    over,
    form,
    finder(draft, form),
    last,
    h("section", { class: "panel" }, nameField(draft), notesField(draft),
      whenFields(draft, () => keepDraft(draft))),
    h(
      "p",
      { class: "buttons" },
      button(t("log.finish"), () => finish(draft, form), { class: "primary" }),
      button(t("log.discard"), () => startAnew(draft), { class: "plain" }),
    ),
  );
  const endings = [onChangedElsewhere(() => go("log")), onSent(refreshWaiting)];
  return () => endings.forEach((end) => end());
}

/** Begin a workout with the exercises and sets of another. */
export async function copyToLog(workout) {
  const before = currentDraft();
  const draft = { ...draftOf(workout, await known(workout)), date: "", minutes: "" };
  for (const exercise of draft.exercises) {
    exercise.sets = exercise.sets.map((set) => ({ ...set, is_done: false, kept: {}, rpe: "" }));
  }
  keepDraft(draft);
  await go("log");
  if (hasContent(before)) {
    offerBack(t("log.replaced"), before);
  }
}

function offerBack(text, draft) {
  say(text, {
    label: t("undo"),
    run: async () => {
      keepDraft(draft);
      await go("log");
    },
  });
}

// for whoever does the same again, as long as nothing is typed
function lastWorkouts() {
  const part = h("div", {});
  get(`/api/workouts?limit=${OFFERED}`).then(({ data }) => {
    replace(part, data.length === 0 ? [] : section(t("log.again"), h("ul", { class: "list found" },
      data.map((workout) => h("li", {}, button(
        `${workout.name ?? formatWeekday(workout.date)} · ${formatDay(workout.date)}`,
        async () => copyToLog(await getOne(`/api/workouts/${workout.id}`)),
      ))))));
  }).catch(() => {
    // without a network there is none to begin with
  });
  return part;
}

function nameField(draft) {
  const element = field(t("log.name"), { name: "name", maxlength: 100, autocomplete: "off" });
  const input = element.querySelector("input");
  input.value = draft.name;
  input.addEventListener("input", () => {
    draft.name = input.value;
    keepDraft(draft);
  });
  return element;
}

function notesField(draft) {
  return area(t("notes"), {
    value: draft.notes,
    oninput: (event) => {
      draft.notes = event.target.value;
      keepDraft(draft);
    },
  });
}

// --- finding exercises

function finder(draft, form) {
  const list = h("ul", { class: "list found", "aria-label": t("exercises.found") });
  const own = h("div", {});
  const add = async (exercise) => {
    const added = newExercise(exercise, await lastSets(exercise.id));
    draft.exercises.push(added);
    clear();
    own.replaceChildren();
    form.redraw(`done-${added.sets[0].key}`);
  };
  const make = async (name) => {
    clear();
    own.replaceChildren(h("h2", {}, t("own.new")), await exerciseForm({ name }, t("own.button"),
      async (body) => add(await makeExercise(body))));
    own.querySelector("input").focus();
  };
  const { element, clear } = searchField({ label: t("log.add_exercise") }, list, findExercises,
    (exercise) => button(exercise.name, () => add(exercise)),
    (text) => button(t("own.make", { name: text }), () => make(text)));
  return h("section", { class: "panel" }, element, list, own);
}

// --- finishing

async function finish(draft, form) {
  const { body, faults } = bodyOf(draft);
  showFaults(form, faults);
  if (faults.length > 0) {
    say(t("log.faults"));
    return;
  }
  if (body.exercises.length === 0) {
    say(t("log.nothing"));
    return;
  }
  const whole = { ...withoutNull(body), ...timesOf(draft), client_id: draft.client_id };
  forgetDraft();
  let made = [];
  await attempt(async () => {
    made = await sendWhenPossible(whole, structuredClone(draft));
  });
  const mine = made.find((workout) => workout.client_id === draft.client_id);
  if (mine) {
    await go(`history/${mine.id}`);
    say(t("log.saved"));
  } else {
    await go("log");
    say(t("log.kept"));
  }
}

function withoutNull(body) {
  return Object.fromEntries(Object.entries(body).filter(([, value]) => value !== null));
}

async function startAnew(draft) {
  const before = structuredClone(draft);
  forgetDraft();
  await go("log");
  if (hasContent(before)) {
    offerBack(t("log.discarded"), before);
  }
}

// --- what waits to be sent

async function waitingPart() {
  const part = h("div", { id: "waiting" });
  await fillWaiting(part);
  return part;
}

async function refreshWaiting() {
  const part = document.getElementById("waiting");
  if (part !== null) {
    await fillWaiting(part);
  }
}

async function fillWaiting(part) {
  const entries = await waiting();
  part.replaceChildren(...(entries.length === 0 ? [] : [section(
    t("waiting.title"),
    h("ul", { class: "list" }, entries.map(waitingItem)),
    h("p", { class: "buttons" }, button(t("waiting.send"), sendAll)),
  )]));
}

function waitingItem(entry) {
  const { body, draft, problem } = entry;
  const day = formatDay(body.date ?? body.started_at);
  const resume = async () => {
    keepDraft({ ...draft, client_id: crypto.randomUUID() });
    await discard(entry);
    await go("log");
  };
  return h(
    "li",
    {},
    h("strong", {}, body.name ?? day),
    h("span", { class: "quiet" }, problem === null ? t("waiting.later", { day }) : problem),
    problem === null ? null : [
      button(t("waiting.edit"), resume),
      button(t("waiting.discard"), async () => {
        await discard(entry);
        await refreshWaiting();
      }, { class: "danger" }),
    ],
  );
}

