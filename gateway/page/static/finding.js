// A field that finds exercises while somebody types.

import { h } from "./element.js";
import { field } from "./forms.js";
import { t } from "./language.js";
import { attempt } from "./view.js";

const TYPING_MS = 200;

/**
 * Make the field.
 *
 * @param {string} label
 * @param {HTMLElement} list holds what was found
 * @param {function} find async: the exercises for a text; "" is asked at the beginning
 * @param {function} shown an element for an exercise
 * @returns {{element: HTMLElement, clear: function}}
 */
export function searchField(label, list, find, shown) {
  let timer = null;
  let asked = 0;
  const search = async (text) => {
    const number = (asked += 1);
    const found = await find(text);
    // an answer that comes late is of an older text
    if (number === asked) {
      list.replaceChildren(...items(found, text, shown));
    }
  };
  const run = (text) => attempt(() => search(text));
  const element = field(label, {
    type: "search",
    name: "search",
    autocomplete: "off",
    enterkeyhint: "search",
    oninput: (event) => {
      clearTimeout(timer);
      timer = setTimeout(run, TYPING_MS, event.target.value.trim());
    },
  });
  const clear = () => {
    clearTimeout(timer);
    asked += 1;
    element.querySelector("input").value = "";
    list.replaceChildren();
  };
  run("");
  return { element, clear };
}

function items(found, text, shown) {
  if (found.length === 0 && text !== "") {
    return [h("li", {}, t("exercises.none"))];
  }
  return found.map((exercise) => h("li", {}, shown(exercise)));
}
