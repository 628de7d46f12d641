// The rest between two sets, counted down by the clock, so that a sleeping tab is right when it wakes.

import { h } from "./element.js";
import { formatSeconds } from "./format.js";
import { t } from "./language.js";

const KEY = "gym-rest-seconds";
const USUAL = 120;
const STEP = 30;

let until = 0;
let ticking = null;

/** How long somebody rests, as they have it. */
export function restSeconds() {
  return Number(localStorage.getItem(KEY) ?? USUAL);
}

/** The timer: hidden until a rest begins. */
export function restTimer() {
  const left = h("output", { class: "rest-left", "aria-live": "off" });
  const add = (seconds) => () => {
    until += seconds * 1000;
    localStorage.setItem(KEY, String(Math.max(STEP, restSeconds() + seconds)));
    tick();
  };
  const element = h(
    "div",
    { class: "rest", role: "timer", hidden: true, "aria-label": t("rest.title") },
    h("span", {}, t("rest.title")),
    left,
    h("button", { type: "button", onclick: add(-STEP), "aria-label": t("rest.less") }, "−30"),
    h("button", { type: "button", onclick: add(STEP), "aria-label": t("rest.more") }, "+30"),
    h("button", { type: "button", onclick: () => stop(element) }, t("rest.skip")),
  );
  const over = h("p", { role: "status", class: "rest-over" });
  const tick = () => {
    const seconds = Math.ceil((until - Date.now()) / 1000);
    left.textContent = formatSeconds(Math.max(0, seconds));
    if (seconds <= 0) {
      stop(element);
      over.textContent = t("rest.over");
      navigator.vibrate?.(300);
    }
  };
  element.begin = () => {
    until = Date.now() + restSeconds() * 1000;
    element.hidden = false;
    over.textContent = "";
    clearInterval(ticking);
    ticking = setInterval(tick, 500);
    tick();
  };
  return [element, over];
}

function stop(element) {
  clearInterval(ticking);
  element.hidden = true;
}
