// The form in which a workout is typed: exercises, sets, and last time's beside them.

import { h } from "./element.js";
import { SET_TYPES, WEIGHT_UNITS } from "./enumerations.js";
import { area } from "./forms.js";
import { formatNumber, parseNumber, weightUnit } from "./format.js";
import { t } from "./language.js";
import { BARS, platesFor } from "./plates.js";
import { replace } from "./view.js";
import { fieldsOf, fill, newSet, suggestion } from "./workout.js";

const SUPERSETS = [1, 2, 3, 4, 5, 6];
const RPES = ["", "6", "6.5", "7", "7.5", "8", "8.5", "9", "9.5", "10"];
const WITH_PLATES = new Set(["barbell", "ez bar", "trap bar", "smith machine"]);

/**
 * The form of a workout.
 *
 * @param {Object} draft is changed as it is typed
 * @param {{changed: function, setDone: function}} listeners
 */
export function editor(draft, { changed, setDone = () => {} }) {
  const element = h("div", { class: "editor" });
  const context = { draft, changed, setDone };
  context.redraw = (focused = null) => {
    replace(element, draft.exercises.map((exercise) => exercisePart(context, exercise)));
    document.getElementById(focused)?.focus();
    changed();
  };
  replace(element, draft.exercises.map((exercise) => exercisePart(context, exercise)));
  element.redraw = context.redraw;
  return element;
}

/** Show what is wrong beside the fields, and go to the first. */
export function showFaults(element, faults) {
  element.querySelectorAll(".fault").forEach((old) => old.remove());
  element.querySelectorAll("[aria-invalid]").forEach((old) => old.removeAttribute("aria-invalid"));
  for (const { key, field, message } of faults) {
    const input = element.querySelector(`#${field}-${key}`);
    const note = h("p", { class: "fault problem", id: `fault-${field}-${key}` }, message);
    input.setAttribute("aria-invalid", "true");
    input.setAttribute("aria-describedby", note.id);
    input.closest("li").append(note);
  }
  if (faults.length > 0) {
    element.querySelector(`#${faults[0].field}-${faults[0].key}`).focus();
  }
}

function exercisePart(context, exercise) {
  const { draft, redraw } = context;
  return h(
    "section",
    { class: "panel exercise", "aria-labelledby": `name-${exercise.key}` },
    h("h2", { id: `name-${exercise.key}` }, exercise.name,
      exercise.superset === null ? null : h("span", { class: "tag" }, t("superset", exercise))),
    h("ol", { class: "sets" }, exercise.sets.map((set, place) =>
      setPart(context, exercise, set, place))),
    h(
      "p",
      { class: "buttons" },
      h("button", {
        type: "button",
        onclick: () => {
          const set = { ...newSet(), unit: exercise.sets.at(-1)?.unit ?? weightUnit() };
          exercise.sets.push(set);
          redraw(`${fieldsOf(exercise.measure)[0]}-${set.key}`);
        },
      }, t("log.add_set")),
    ),
    h(
      "details",
      { id: `options-${exercise.key}` },
      h("summary", {}, t("log.options")),
      supersetChoice(context, exercise),
      fieldsOf(exercise.measure).includes("weight") ? unitChoice(context, exercise) : null,
      notesField(context, exercise),
      WITH_PLATES.has(exercise.equipment) ? plateCalculator(exercise) : null,
      h("p", { class: "buttons" }, ...moves(context, exercise), h("button", {
        type: "button",
        class: "danger",
        onclick: () => {
          draft.exercises = draft.exercises.filter((each) => each !== exercise);
          redraw("search");
        },
      }, t("log.remove_exercise"))),
    ),
  );
}

function moves({ draft, redraw }, exercise) {
  const place = draft.exercises.indexOf(exercise);
  const move = (by) => {
    draft.exercises.splice(place, 1);
    draft.exercises.splice(place + by, 0, exercise);
    redraw();
  };
  return [
    h("button", { type: "button", disabled: place === 0, onclick: () => move(-1) }, t("log.up")),
    h("button", {
      type: "button", disabled: place === draft.exercises.length - 1, onclick: () => move(1),
    }, t("log.down")),
  ];
}

function setPart(context, exercise, set, place) {
  const number = formatNumber(place + 1);
  const likely = suggestion(exercise, place);
  const row = h(
    "li",
    { class: set.is_done ? "set set-done" : "set", "aria-label": t("log.set", { number }) },
    h("span", { class: "set-number", "aria-hidden": "true" }, number),
    fieldsOf(exercise.measure).map((name) => input(context, exercise, set, name)),
    typeChoice(context, set),
    rpeChoice(context, set),
    likely === null ? null : h("button", {
      type: "button",
      class: "last",
      "aria-label": likely.label,
      onclick: () => {
        Object.assign(set, fill(set, likely.set));
        context.redraw(`done-${set.key}`);
      },
    }, likely.shown),
    doneButton(context, exercise, set, likely),
    removeButton(context, exercise, set, number),
  );
  return row;
}

function input({ changed }, exercise, set, name) {
  const unit = { weight: set.unit, distance: "m", duration: t("log.min_sec"), reps: "" }[name];
  const label = `${t(`field.${name}`)}${unit ? ` (${unit})` : ""}`;
  return h(
    "label",
    { class: "cell" },
    h("span", { class: "cell-label" }, label),
    h("input", {
      id: `${name}-${set.key}`,
      inputmode: name === "duration" ? "text" : "decimal",
      autocomplete: "off",
      size: 5,
      value: set[name],
      oninput: (event) => {
        set[name] = event.target.value;
        changed();
      },
    }),
  );
}

function typeChoice({ changed }, set) {
  return select(t("log.type"), `type-${set.key}`, SET_TYPES, set.set_type,
    (type) => t(`set_type.${type}`), (type) => {
      set.set_type = type;
      changed();
    });
}

function rpeChoice({ changed }, set) {
  const known = RPES.includes(set.rpe) ? RPES : [...RPES, set.rpe];
  return select("RPE", `rpe-${set.key}`, known, set.rpe,
    (rpe) => (rpe === "" ? "–" : formatNumber(Number(rpe))), (rpe) => {
      set.rpe = rpe;
      changed();
    });
}

function select(label, id, values, chosen, shown, choose) {
  return h(
    "label",
    { class: "cell" },
    h("span", { class: "cell-label" }, label),
    h(
      "select",
      { id, onchange: (event) => choose(event.target.value) },
      values.map((value) => h("option", { value, selected: value === chosen }, shown(value))),
    ),
  );
}

// done with nothing typed means "as is likely"
function doneButton(context, exercise, set, likely) {
  return h("button", {
    type: "button",
    id: `done-${set.key}`,
    class: "done",
    "aria-pressed": String(set.is_done),
    "aria-label": t("log.done"),
    onclick: () => {
      const isEmpty = fieldsOf(exercise.measure).every((name) => set[name].trim() === "");
      if (!set.is_done && isEmpty && likely !== null) {
        Object.assign(set, fill(set, likely.set));
      }
      set.is_done = !set.is_done;
      context.redraw(`done-${set.key}`);
      if (set.is_done) {
        context.setDone();
      }
    },
  }, "✓");
}

function removeButton({ redraw }, exercise, set, number) {
  return h("button", {
    type: "button",
    class: "plain",
    "aria-label": t("log.remove_set", { number }),
    onclick: () => {
      exercise.sets = exercise.sets.filter((each) => each !== set);
      redraw(exercise.sets.length ? `done-${exercise.sets.at(-1).key}` : null);
    },
  }, "✕");
}

function supersetChoice({ redraw }, exercise) {
  const chosen = exercise.superset === null ? "" : String(exercise.superset);
  return select(t("log.superset"), `superset-${exercise.key}`, ["", ...SUPERSETS.map(String)], chosen,
    (value) => (value === "" ? t("log.no_superset") : t("superset", { superset: value })),
    (value) => {
      exercise.superset = value === "" ? null : Number(value);
      redraw();
    });
}

// of this exercise's sets alone: some machines are in pounds
function unitChoice({ redraw }, exercise) {
  const chosen = exercise.sets[0]?.unit ?? weightUnit();
  return select(t("settings.weight_unit"), `unit-${exercise.key}`, WEIGHT_UNITS, chosen,
    (unit) => t(`choice.${unit}`), (unit) => {
      exercise.sets.forEach((set) => Object.assign(set, { unit }));
      redraw();
    });
}

function notesField({ changed }, exercise) {
  return area(t("notes"), {
    maxlength: 1000,
    value: exercise.notes,
    oninput: (event) => {
      exercise.notes = event.target.value;
      changed();
    },
  });
}

function plateCalculator(exercise) {
  const unit = weightUnit();
  const result = h("output", {});
  const first = [...exercise.sets].reverse().find((set) => parseNumber(set.weight) !== null);
  const weight = h("input", { inputmode: "decimal", size: 6, value: first?.weight ?? "" });
  const bar = h("select", {}, BARS[unit].map((each) => h("option", { value: each },
    `${formatNumber(each)} ${unit}`)));
  const compute = () => {
    const wanted = parseNumber(weight.value);
    result.textContent = wanted === null ? "" : plateText(wanted, Number(bar.value), unit);
  };
  weight.addEventListener("input", compute);
  bar.addEventListener("change", compute);
  compute();
  return h(
    "fieldset",
    { class: "plates" },
    h("legend", {}, t("plates.title")),
    h("label", { class: "cell" }, h("span", { class: "cell-label" },
      `${t("field.weight")} (${unit})`), weight),
    h("label", { class: "cell" }, h("span", { class: "cell-label" }, t("plates.bar")), bar),
    result,
  );
}

function plateText(weight, bar, unit) {
  if (weight < bar) {
    return t("plates.below");
  }
  const { plates, rest } = platesFor(weight, bar, unit);
  const list = plates.length ? plates.map(formatNumber).join(" + ") : t("plates.none");
  const more = rest > 0 ? ` ${t("plates.rest", { rest: formatNumber(rest), unit })}` : "";
  return `${t("plates.each", { list })}${more}`;
}
