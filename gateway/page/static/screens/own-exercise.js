// An exercise of one's own: made, changed, put away, merged into another one, deleted.

import { change, getOne } from "../api.js";
import { findExercises, keepExercisesAnew } from "../catalogue.js";
import { h } from "../element.js";
import { exerciseForm } from "../exercise-form.js";
import { searchField } from "../finding.js";
import { t } from "../language.js";
import { go } from "../router.js";
import { button, link, say, section, show } from "../view.js";

const LOOK_MS = 700;

export async function showNewExercise(isShown) {
  const form = await exerciseForm({ name: "" }, t("own.button"), async (body) => {
    const made = await makeExercise(body);
    await go(`exercises/${made.id}`);
    say(made.details.similar.length === 0 ? t("saved") : t("own.similar", {
      names: made.details.similar.map(({ name }) => name).join(", "),
    }));
  });
  if (isShown()) {
    show(t("own.new"), h("p", {}, t("own.about")), h("section", { class: "panel" }, form));
  }
}

/** Make an exercise of one's own. */
export async function makeExercise(body) {
  const made = await change("POST", "/api/exercises", body);
  keepExercisesAnew().catch(() => {});
  return made;
}

export async function showOwnExercise(id, isShown) {
  const exercise = await getOne(`/api/exercises/${id}`);
  const form = await exerciseForm(exercise, t("save"), (body) =>
    changed(id, "PUT", "", body, t("saved")));
  if (!isShown()) {
    return;
  }
  show(
    exercise.name,
    h("p", {}, link(`exercises/${id}`, t("own.back"))),
    section(t("own.change"), form),
    section(t("own.merge"), merging(exercise)),
    exercise.is_active ? archiving(id) : restoring(id),
    section(t("own.delete"), h("p", {}, t("own.delete_about")),
      button(t("own.delete"), () => remove(id), { class: "danger" })),
  );
}

function archiving(id) {
  return section(t("own.archive"), h("p", {}, t("own.archive_about")), button(t("own.archive"),
    () => changed(id, "POST", "/archive", undefined, t("own.archived"))));
}

function restoring(id) {
  return section(t("own.is_archived"), button(t("own.restore"),
    () => changed(id, "POST", "/restore", undefined, t("own.restored"))));
}

async function changed(id, method, action, body, text) {
  await change(method, `/api/exercises/${id}${action}`, body);
  keepExercisesAnew().catch(() => {});
  await go(`exercises/${id}`);
  say(text);
}

async function remove(id) {
  await change("DELETE", `/api/exercises/${id}`);
  keepExercisesAnew().catch(() => {});
  await go("exercises");
  say(t("own.deleted"));
}

// --- merging, which is asked for twice, as there is no way back

function merging(exercise) {
  const list = h("ul", { class: "list found", "aria-label": t("exercises.found") });
  const question = h("div", {});
  const find = async (text) => {
    const found = await findExercises(text, { measure: exercise.measure });
    return found.filter(({ id }) => id !== exercise.id);
  };
  const ask = (into) => {
    clear();
    const sure = button(t("own.merge_button", { name: into.name }), () => merge(exercise, into),
      { class: "danger" });
    question.replaceChildren(
      h("p", {}, t("own.merge_question", { name: exercise.name, into: into.name })), sure);
    sure.focus();
  };
  const { element, clear } = searchField({ label: t("own.merge_into") }, list, find, (into) =>
    button(into.name, () => ask(into)));
  return [h("p", {}, t("own.merge_about")), element, list, question];
}

async function merge(exercise, into) {
  let merged = await change("POST", `/api/exercises/${exercise.id}/merge`, { into: into.id });
  say(t("own.merging"));
  // many workouts take longer than a request
  while (merged.merged_into === null) {
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
    merged = await getOne(`/api/exercises/${exercise.id}`);
  }
  keepExercisesAnew().catch(() => {});
  await go(`exercises/${into.id}`);
  say(t("own.merged"));
}
