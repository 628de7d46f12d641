// What all screens are made of: the page's frame, messages, tables and panels.

import { ApiError } from "./api.js";
import { drawn, h } from "./element.js";
import { refusal, t } from "./language.js";

const NARROWEST = 280;

let usualWidth = NARROWEST;

/** Show a screen under its heading, and move there whoever listens instead of looking. */
export function show(heading, ...content) {
  const title = h("h1", { tabindex: "-1" });
  document.querySelector("main").replaceChildren(title, ...given(content));
  rename(heading);
  title.focus({ preventScroll: true });
  window.scrollTo(0, 0);
}

/** Give the screen that is shown another heading. */
export function rename(heading) {
  document.querySelector("main h1").textContent = heading;
  document.title = `${heading} – Gym Tracker`;
}

/** Say something that has happened, until something else has. */
export function say(text, action = null) {
  const place = document.getElementById("message");
  place.replaceChildren(h("span", {}, text));
  if (action !== null) {
    place.append(button(action.label, action.run));
  }
}

export function unsay() {
  document.getElementById("message").replaceChildren();
}

/** What somebody has typed that can't be sent. */
export class Fault extends Error {}

/** What a person reads of a problem. */
export function explained(problem) {
  if (problem instanceof ApiError && problem.status === 0) {
    return t("problem.offline");
  }
  if (problem instanceof ApiError) {
    return problem.errors.map(refusal).join("; ");
  }
  return problem instanceof Fault ? problem.message : t("problem.ours");
}

/** Do something, or say what failed; returns whether it was done. */
export async function attempt(work) {
  try {
    await work();
    return true;
  } catch (problem) {
    say(explained(problem));
    return false;
  }
}

/** A button that does something, or says what failed. */
export function button(label, run, attributes = {}) {
  return h("button", { type: "button", ...attributes, onclick: () => attempt(run) }, label);
}

/** A part of a screen, under its heading. */
export function section(heading, ...content) {
  return h("section", { class: "panel" }, h("h2", {}, heading), content);
}

/**
 * A part of a screen that is asked for by itself, and says so when that fails.
 *
 * It has `refresh()`, which asks again, and leaves what is shown alone if the answer is the same.
 *
 * @param {string} heading
 * @param {function} load async: what is shown
 * @param {function} draw returns the parts of it; without it they are what was loaded
 */
export function panel(heading, load, draw = null) {
  const body = h("div", { class: "panel-body" }, h("p", { class: "quiet" }, t("loading")));
  let shown = null;
  const refresh = async () => {
    const found = await load();
    const now = draw === null ? null : JSON.stringify(found);
    if (now === null || now !== shown) {
      replace(body, draw === null ? found : draw(found));
      shown = now;
    }
  };
  const fill = async () => {
    try {
      await refresh();
    } catch (problem) {
      body.replaceChildren(
        h("p", { role: "alert" }, explained(problem)),
        h("button", { type: "button", onclick: fill }, t("again")),
      );
    }
  };
  fill();
  const element = section(heading, body);
  element.refresh = refresh;
  return element;
}

/** Put parts in the place of others, with the focus, and what is opened, where they were. */
export function replace(body, parts) {
  const details = () => [...body.querySelectorAll("details")].map((each, place) =>
    [each.id || place, each]);
  const opened = new Map(details().map(([name, each]) => [name, each.open]));
  const focused = focusable(body).indexOf(document.activeElement);
  body.replaceChildren(...given(parts));
  details().forEach(([name, each]) => {
    each.open ||= opened.get(name) ?? false;
  });
  focusable(body)[focused]?.focus({ preventScroll: true });
}

function given(parts) {
  return [parts].flat(Infinity).filter((part) => part !== null);
}

function focusable(body) {
  return [...body.querySelectorAll("a, button, input, select, textarea, summary, [tabindex]")];
}

/**
 * A chart, as wide as there is room, and the same as a table for whoever does not see it.
 *
 * @param {function} describe returns the chart of a width; see element.js
 * @param {string} caption
 * @param {string[]} columns of the table
 * @param {function} rows returns those of the table, which is made when somebody opens it
 */
export function chart(describe, caption, columns, rows) {
  const frame = h("div", { class: "chart-frame", tabindex: "0", role: "group", "aria-label": caption });
  let width = 0;
  const draw = (room) => {
    if (room !== width) {
      width = room;
      frame.replaceChildren(drawn(describe(width)));
      // what is new is at the end
      frame.scrollLeft = frame.scrollWidth;
    }
  };
  // at once as wide as charts are here, so that nothing moves when a chart takes the place of another
  draw(usualWidth);
  new ResizeObserver(([{ contentRect }]) => {
    usualWidth = Math.max(NARROWEST, Math.floor(contentRect.width));
    draw(usualWidth);
  }).observe(frame);
  const place = h("div", { class: "scrolls", tabindex: "0", role: "region", "aria-label": caption });
  const fill = () => {
    if (place.childElementCount === 0) {
      place.append(table(caption, columns, rows()));
    }
  };
  return h(
    "figure",
    {},
    frame,
    h("figcaption", { class: "quiet" }, caption),
    h("details", { ontoggle: fill }, h("summary", {}, t("as_table")), place),
  );
}

/** A table whose caption only those hear who do not see what stands above it. */
export function table(caption, columns, rows) {
  return h(
    "table",
    {},
    h("caption", { class: "unseen" }, caption),
    h("thead", {}, h("tr", {}, columns.map((name) => h("th", { scope: "col" }, name)))),
    h("tbody", {}, rows.map((cells) => h("tr", {}, cells.map((cell) => h("td", {}, cell))))),
  );
}

/** A number with what it is, large. */
export function figure(value, about, note = null) {
  return h(
    "div",
    { class: "figure" },
    h("span", { class: "figure-value" }, value),
    h("span", { class: "figure-about" }, about),
    note === null ? null : h("span", { class: "quiet" }, note),
  );
}

/** A link to a screen. */
export function link(address, ...content) {
  return h("a", { href: `#/${address}` }, ...content);
}
