// A field that finds exercises while somebody types.

import { h } from "./element.js";
import { field } from "./forms.js";
import { t } from "./language.js";
import { attempt } from "./view.js";

const TYPING_MS = 200;

/**
 * Make the field.
 *
 * @param {{id: string, label: string}} names of the field
 * @param {HTMLElement} list holds what was found
 * @param {function} find async: the exercises for a text; "" is asked at the beginning
 * @param {function} shown an element for an exercise
 * @param {function} otherwise an element for whoever does not find it, from the text; or null
 * @returns {{element: HTMLElement, clear: function, again: function}}
 */
export function searchField({ id = "search", label }, list, find, shown, otherwise = () => null) {
  let timer = null;
  let asked = 0;
  const search = async (text) => {
    const number = (asked += 1);
    const found = await find(text);
    // an answer that comes late is of an older text
    if (number === asked) {
      list.replaceChildren(...items(found, text, shown, otherwise));
    }
  };
  const run = (text) => attempt(() => search(text));
  const element = field(label, {
    id,
    type: "search",
    autocomplete: "off",
    enterkeyhint: "search",
    oninput: (event) => {
      clearTimeout(timer);
      timer = setTimeout(run, TYPING_MS, event.target.value.trim());
    },
  });
  const input = element.querySelector("input");
  const clear = () => {
    clearTimeout(timer);
    asked += 1;
    input.value = "";
    list.replaceChildren();
  };
  run("");
  return { element, clear, again: () => run(input.value.trim()) };
}

function items(found, text, shown, otherwise) {
  const none = found.length === 0 && text !== "" ? [t("exercises.none")] : [];
  const last = text === "" ? null : otherwise(text);
  return [...none, ...found.map(shown), last].filter((each) => each !== null)
    .map((each) => h("li", {}, each));
}
