// What somebody says of an exercise: of one's own all, of the catalogue's muscles and notes.

import { catalogueWords } from "./catalogue.js";
import { h } from "./element.js";
import { CATEGORIES, MEASURES } from "./enumerations.js";
import { area, choice, field, sendingForm, ticks } from "./forms.js";
import { LOCALE, t, word } from "./language.js";

const LONGEST_NAME = 255;
const LONGEST_NOTES = 5000;

/**
 * The form of an exercise of one's own.
 *
 * @param {Object} exercise what is known of it: at least its name
 * @param {string} label of the button
 * @param {function} send async: gets the body for the API
 */
export async function exerciseForm(exercise, label, send) {
  const words = await knownWords();
  return sendingForm([
    field(t("own.name"), {
      id: "own-name", name: "name", required: true, maxlength: LONGEST_NAME, autocomplete: "off",
      value: exercise.name,
    }),
    choice(t("own.measure"), { name: "measure" }, MEASURES, exercise.measure ?? MEASURES[0],
      (measure) => t(`sets_of.${measure}`)),
    h(
      "details",
      {},
      h("summary", {}, t("own.more")),
      choice(t("own.category"), { name: "category" }, CATEGORIES, exercise.category,
        (category) => t(`category.${category}`)),
      choice(t("own.equipment"), { name: "equipment" },
        ["", ...withOwn(words.equipment, [exercise.equipment])], exercise.equipment ?? "",
        (value) => (value === "" ? "–" : word(value))),
      muscleTicks(words.muscles, exercise),
      notesArea(exercise.notes),
    ),
  ], label, (values) => send({
    ...Object.fromEntries(values),
    equipment: values.get("equipment") || null,
    ...musclesOf(values),
  }));
}

/**
 * The form of what one notes of an exercise of the catalogue for oneself.
 *
 * @param {Object} exercise
 * @param {function} send async: gets the body for the API; null is as the catalogue has it
 */
export async function detailsForm(exercise, send) {
  const words = await knownWords();
  const mine = exercise.mine ?? {};
  const shown = {
    primary_muscles: mine.primary_muscles ?? exercise.primary_muscles,
    secondary_muscles: mine.secondary_muscles ?? exercise.secondary_muscles,
  };
  return sendingForm([
    notesArea(mine.notes),
    h("details", {}, h("summary", {}, t("mine.muscles")), muscleTicks(words.muscles, shown)),
  ], t("save"), (values) => {
    const chosen = musclesOf(values);
    const different = (name) => (isSame(chosen[name], exercise[name]) ? null : chosen[name]);
    return send({
      notes: values.get("notes"),
      primary_muscles: different("primary_muscles"),
      secondary_muscles: different("secondary_muscles"),
    });
  });
}

// without a network an exercise has at least its name, and can be completed later
function knownWords() {
  return catalogueWords().catch(() => ({ muscles: [], equipment: [] }));
}

function withOwn(words, own) {
  const all = [...new Set([...words, ...own.filter((each) => each)])];
  return all.sort((one, other) => word(one).localeCompare(word(other), LOCALE));
}

function notesArea(notes) {
  return area(t("own.notes"), { name: "notes", maxlength: LONGEST_NOTES, value: notes ?? "" });
}

function muscleTicks(muscles, exercise) {
  return ["primary_muscles", "secondary_muscles"].map((name) => {
    const chosen = exercise[name] ?? [];
    return ticks(t(`own.${name}`), name, withOwn(muscles, chosen), chosen, word);
  });
}

function musclesOf(values) {
  return {
    primary_muscles: values.getAll("primary_muscles"),
    secondary_muscles: values.getAll("secondary_muscles"),
  };
}

function isSame(some, others) {
  return some.length === others.length && some.every((each) => others.includes(each));
}
