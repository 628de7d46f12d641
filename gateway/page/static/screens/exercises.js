// Finding an exercise, of the catalogue or of one's own.

import { findExercises, listExercises } from "../catalogue.js";
import { h } from "../element.js";
import { searchField } from "../finding.js";
import { tick } from "../forms.js";
import { t } from "../language.js";
import { link, show } from "../view.js";
import { showExercise } from "./exercise.js";
import { showNewExercise, showOwnExercise } from "./own-exercise.js";

export function showExercises([id, part], isShown) {
  if (id === undefined) {
    return showSearch();
  }
  if (id === "new") {
    return showNewExercise(isShown);
  }
  return part === "edit" ? showOwnExercise(Number(id), isShown) : showExercise(Number(id), isShown);
}

function showSearch() {
  const list = h("ul", { class: "list", "aria-live": "polite" });
  const mine = tick(t("exercises.mine"), { name: "mine", onchange: () => again() });
  const filters = () => (mine.querySelector("input").checked ? { mine: "true" } : {});
  const find = (text) => (text === "" ? listExercises(filters()) : findExercises(text, filters()));
  const { element, again } = searchField({ label: t("exercises.search") }, list, find,
    (exercise) => link(`exercises/${exercise.id}`, exercise.name));
  show(t("exercises.title"), element, mine,
    h("p", { class: "buttons" }, link("exercises/new", t("own.new"))), list);
}
