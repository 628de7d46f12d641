// Forms: labelled fields, and sending that says what failed.

import { h } from "./element.js";
import { explained } from "./view.js";

/**
 * A form that sends something, once at a time, and says what failed.
 *
 * @param {Array} parts its fields
 * @param {string} label of the button
 * @param {function} send async: gets the values as FormData, and the form
 * @param {{kind: string, button: string}} classes of the form and of its button
 */
export function sendingForm(parts, label, send, { kind = null, button = "primary" } = {}) {
  const problem = h("p", { role: "alert", class: "problem" });
  const form = h("form", { class: kind, method: "post" }, parts,
    h("p", {}, h("button", { type: "submit", class: button }, label)), problem);
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    // a button that is disabled loses the focus
    if (form.ariaBusy === "true") {
      return;
    }
    form.ariaBusy = "true";
    problem.textContent = "";
    try {
      await send(new FormData(form), form);
    } catch (refused) {
      problem.textContent = explained(refused);
    } finally {
      form.ariaBusy = null;
    }
  });
  return form;
}

/** A labelled input. */
export function field(label, attributes, note = null) {
  const input = h("input", { id: attributes.id ?? attributes.name, ...attributes });
  const about = note === null ? null : h("span", { class: "quiet", id: `${input.id}-note` }, note);
  if (about !== null) {
    input.setAttribute("aria-describedby", about.id);
  }
  return h("p", { class: "field" }, h("label", { for: input.id }, label), input, about);
}

/** Where a password manager sees whose password a form asks for. */
export function username(email) {
  return h("input", {
    type: "text", name: "username", autocomplete: "username", value: email, hidden: true,
  });
}

/** A labelled text of several lines. */
export function area(label, attributes) {
  return h("label", { class: "field" }, label, h("textarea", { rows: 2, ...attributes }));
}

/**
 * A labelled choice.
 *
 * @param {string} label
 * @param {Object} attributes of the select
 * @param {string[]} values
 * @param {string} chosen the value at the beginning
 * @param {function} shown returns what a person reads of a value
 */
export function choice(label, attributes, values, chosen, shown = String) {
  return h("label", { class: "field" }, label, h("select", attributes, values.map((value) =>
    h("option", { value, selected: value === chosen }, shown(value)))));
}

/** A box to tick. */
export function tick(label, attributes) {
  return h("label", { class: "tick" }, h("input", { type: "checkbox", ...attributes }), label);
}

/**
 * Several boxes to tick, of one name.
 *
 * @param {string} legend
 * @param {string} name
 * @param {string[]} values
 * @param {string[]} chosen those with a tick at the beginning
 * @param {function} shown returns what a person reads of a value
 */
export function ticks(legend, name, values, chosen = [], shown = String) {
  return h("fieldset", { class: "ticks" }, h("legend", {}, legend), values.map((value) =>
    tick(shown(value), { name, value, checked: chosen.includes(value) })));
}
