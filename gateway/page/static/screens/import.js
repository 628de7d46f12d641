// One import: what is in the file, which exercises its names are, and how far it is.

import { change, getOne } from "../api.js";
import { findExercises } from "../catalogue.js";
import { h } from "../element.js";
import { searchField } from "../finding.js";
import { WEIGHT_UNITS } from "../enumerations.js";
import { choice, sendingForm, tick } from "../forms.js";
import { formatWhole, weightUnit } from "../format.js";
import { count, t } from "../language.js";
import { attempt, button, replace, say, section, show, table, unsay } from "../view.js";

const LOOK_MS = 700;
const AT_WORK = new Set(["receiving", "reading", "applying", "undoing"]);
const DISTANCE_UNITS = ["m", "km", "mi"];
const MOST_FINDINGS = 20;
const NEW = "new";

/** What is in a file, what becomes of it, and what has to be said for that. */
export async function showImport(id, isShown) {
  const status = h("p", { role: "status" });
  const bar = h("progress", { max: 100, "aria-label": t("import.progress") });
  const rest = h("div", {});
  const first = await getOne(`/api/imports/${id}`);
  if (!isShown()) {
    return;
  }
  show(first.name ?? t("import.unnamed"), status, bar, rest);
  const follow = async () => {
    for (;;) {
      const found = await getOne(`/api/imports/${id}`);
      if (!isShown()) {
        return;
      }
      status.textContent = t(`status.${found.status}`);
      bar.hidden = !AT_WORK.has(found.status);
      bar.value = found.progress;
      if (bar.hidden) {
        replace(rest, parts(found, again));
        return;
      }
      rest.replaceChildren();
      await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
    }
  };
  const again = () => attempt(follow);
  again();
}

function parts(found, again) {
  const isDone = ["applied", "undone"].includes(found.status);
  return [
    found.error === null ? null : h("p", { role: "alert" }, found.error.message),
    found.counts === null ? null : counts(found),
    isDone ? h("p", {}, count("import.added", found.added)) : null,
    ...(found.status === "preview" ? preview(found, again) : []),
    found.status === "applied" || found.status === "failed" ? undoButton(found, again) : null,
  ];
}

function counts({ counts: found }) {
  const names = ["workouts", "sets", "new", "same", "changed", "likely_same", "deleted"];
  const rows = names.map((name) => [t(`import.count.${name}`), formatWhole(found[name])]);
  return table(t("import.counts"), [t("import.what"), t("import.how_many")], rows);
}

function preview(found, again) {
  const chosen = {};
  return [
    findings(t("import.faults"), found.faults, found.fault_count),
    findings(t("import.warnings"), found.warnings, found.warning_count),
    found.names.length === 0 ? null : mapping(found, chosen, again),
    applyForm(found, chosen, again),
  ];
}

function findings(title, found, count) {
  if (count === 0) {
    return null;
  }
  const shown = found.slice(0, MOST_FINDINGS);
  return h("details", {}, h("summary", {}, `${title}: ${formatWhole(count)}`), h("ul", {},
    shown.map((each) => h("li", {}, t("import.finding", each)))));
}

// names that are not sure are asked for, and all others may be changed
function mapping(found, chosen, again) {
  const unsure = found.names.filter((name) => name.exercise_id === null);
  const sure = found.names.filter((name) => name.exercise_id !== null);
  const asked = (name, place) => nameChoice(name, place, chosen);
  return section(
    t("import.names"),
    unsure.length === 0 ? h("p", {}, t("import.all_known")) : unsure.map(asked),
    sure.length === 0 ? null : h("details", {},
      h("summary", {}, count("import.known", sure.length)),
      sure.map((name, place) => asked(name, unsure.length + place))),
    h("p", {}, button(t("import.keep_names"), async () => {
      await keepMapping(found, chosen);
      say(t("saved"));
      again();
    })),
  );
}

async function keepMapping(found, chosen) {
  if (Object.keys(chosen).length > 0) {
    await change("PUT", `/api/imports/${found.id}/mapping`, chosen);
  }
}

// what is offered, and below it whatever else is searched for
function nameChoice(name, place, chosen) {
  const select = h("select", {
    onchange: (event) => { chosen[name.name] = answer(event.target.value); },
  }, options(name));
  const take = (exercise) => {
    chosen[name.name] = exercise.id;
    select.append(h("option", { value: exercise.id, selected: true }, exercise.name));
    select.value = exercise.id;
    search.replaceChildren(searchButton());
    select.focus();
  };
  const searchButton = () => button(t("import.search"), () => {
    search.replaceChildren(...exerciseSearch(place, take));
    search.querySelector("input").focus();
  }, { class: "plain", "aria-label": `${t("import.search")}: ${name.name}` });
  const search = h("div", {}, searchButton());
  return h("div", {}, h("label", { class: "field" }, count("import.name", name.sets, name), select), search);
}

function exerciseSearch(place, take) {
  const list = h("ul", { class: "list found", "aria-label": t("exercises.found") });
  const names = { id: `search-${place}`, label: t("exercises.search") };
  const { element } = searchField(names, list, findExercises, (exercise) =>
    button(exercise.name, () => take(exercise)));
  return [element, list];
}

function options({ exercise_id: id, exercise_name: its, choices, why }) {
  const known = id === null ? [] : [{ id, name: its }];
  const all = [...known, ...choices.filter((each) => each.id !== id)];
  const isNew = why === NEW || (id === null && why !== "ask");
  return [
    id === null && !isNew ? h("option", { value: "", selected: true, disabled: true },
      t("import.choose")) : null,
    ...all.map((each) => h("option", { value: each.id, selected: each.id === id }, each.name)),
    h("option", { value: NEW, selected: id === null && isNew }, t("import.new_exercise")),
  ];
}

function answer(value) {
  return value === NEW ? NEW : Number(value);
}

function applyForm(found, chosen, again) {
  return sendingForm([
    found.needs.includes("weight_unit")
      ? unitChoice("weight_unit", WEIGHT_UNITS, weightUnit()) : null,
    found.needs.includes("distance_unit")
      ? unitChoice("distance_unit", DISTANCE_UNITS, "km") : null,
    found.counts.changed > 0 ? option("on_changed", "update") : null,
    found.counts.deleted > 0 ? option("deleted", "restore") : null,
    found.counts.likely_same > 0 ? option("likely_same", "add") : null,
    found.fault_count > 0 ? option("faulty", "skip") : null,
  ], t("import.apply"), async (values) => {
    await keepMapping(found, chosen);
    await change("POST", `/api/imports/${found.id}/apply?${new URLSearchParams(values)}`);
    unsay();
    again();
  });
}

function unitChoice(name, units, chosen) {
  return choice(t(`import.${name}`), { name }, units, chosen);
}

function option(name, value) {
  return tick(t(`import.option.${name}`), { name, value });
}

function undoButton(found, again) {
  return h("p", { class: "buttons" }, button(t("import.undo"), async () => {
    await change("POST", `/api/imports/${found.id}/undo`);
    again();
  }, { class: "danger" }));
}
