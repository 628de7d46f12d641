// When a workout was: its day and how long it took, as it is typed and as the API has it.

import { h } from "./element.js";
import { field } from "./forms.js";
import { dayHere, parseNumber, today } from "./format.js";
import { t } from "./language.js";

const FIRST_DAY = "1900-01-01";
const MOST_MINUTES = 1440;
const MOST_HOURS_OPEN = 12;

/**
 * The fields of the day and the minutes.
 *
 * @param {Object} draft its `date` and `minutes` are changed as they are typed
 * @param {function} changed called after that
 */
export function whenFields(draft, changed = () => {}) {
  const typed = (name) => (event) => {
    draft[name] = event.target.value;
    changed();
  };
  return h(
    "div",
    { class: "inline" },
    field(t("day"), {
      name: "date", type: "date", min: FIRST_DAY, max: today(), oninput: typed("date"),
      value: draft.date || dayHere(new Date(draft.started_at)),
    }),
    field(t("minutes"), {
      name: "minutes", type: "number", min: 0, max: MOST_MINUTES, step: 1,
      oninput: typed("minutes"), value: draft.minutes ?? "",
    }),
  );
}

/** What a workout that was finished now has beside its sets. */
export function timesOf(draft) {
  const minutes = minutesOf(draft);
  return { ...momentsOf(draft), ...(minutes === null ? {} : { duration_minutes: minutes }) };
}

function momentsOf(draft) {
  const begun = new Date(draft.started_at);
  const date = draft.date || dayHere(begun);
  const hours = (Date.now() - begun.getTime()) / 3_600_000;
  // one of another day, or left open since yesterday, did not take from then to now
  if (date !== dayHere(begun) || hours > MOST_HOURS_OPEN) {
    return { date };
  }
  return {
    started_at: withOffset(begun),
    ended_at: withOffset(new Date()),
    time_zone: Intl.DateTimeFormat().resolvedOptions().timeZone,
  };
}

/** What a draft changes of when a workout was. */
export function timeChanges(workout, draft) {
  const minutes = minutesOf(draft);
  return {
    ...(draft.date && draft.date !== workout.date ? moved(workout, draft.date) : {}),
    ...(minutes === workout.duration_minutes ? {} : { duration_minutes: minutes }),
  };
}

// to another day, at the same time by the clock there
function moved({ date: before, started_at: start, ended_at: end, time_zone: zone }, date) {
  if (start === null) {
    return { date };
  }
  const days = Date.parse(date) - Date.parse(before);
  const shift = (text) => {
    const local = new Date(Date.parse(`${text.slice(0, 19)}Z`) + days).toISOString().slice(0, 19);
    return local + (zone === null ? text.slice(19) : offsetOf(zone, local));
  };
  return { date, started_at: shift(start), ended_at: end === null ? null : shift(end) };
}

// such as "+02:00"; in an hour of two it is that of either
function offsetOf(zone, local) {
  const format = new Intl.DateTimeFormat("en", { timeZone: zone, timeZoneName: "longOffset" });
  const name = format.formatToParts(new Date(`${local}Z`)).find(({ type }) => type === "timeZoneName");
  return name.value.slice(3) || "+00:00";
}

function minutesOf({ minutes }) {
  const typed = parseNumber(String(minutes ?? ""));
  return typed === null ? null : Math.round(typed);
}

/** A moment as the API has it, by the clock here. */
export function withOffset(moment) {
  const minutes = -moment.getTimezoneOffset();
  const local = new Date(moment.getTime() + minutes * 60_000).toISOString().slice(0, 19);
  const two = (number) => String(Math.floor(Math.abs(number))).padStart(2, "0");
  const sign = minutes < 0 ? "-" : "+";
  return `${local}${sign}${two(Math.abs(minutes) / 60)}:${two(minutes % 60)}`;
}
