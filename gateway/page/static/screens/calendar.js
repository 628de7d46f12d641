// A month of days, of which those with a workout lead to it.

import { getOne } from "../api.js";
import { h } from "../element.js";
import { formatDay, formatMonthOfYear, formatShortWeekday, today } from "../format.js";
import { count, t } from "../language.js";
import { currentUser } from "../user.js";
import { button, link, panel } from "../view.js";

const DAY_MS = 86_400_000;
const FIRST_WEEKDAY = { monday: 1, sunday: 0, saturday: 6 };

/** The day that weeks of the user begin with: 1 for Monday, 0 for Sunday, 6 for Saturday. */
export function firstWeekday() {
  return FIRST_WEEKDAY[currentUser().week_start] ?? 1;
}

/** The panel of a month, from which one turns to others; at first it is this one. */
export function calendar() {
  let month = today().slice(0, 7);
  const load = async () => {
    const { days } = await getOne(`/api/stats/calendar?year=${month.slice(0, 4)}`);
    return { month, days };
  };
  const turn = (by) => {
    month = monthBeside(month, by);
    return element.refresh();
  };
  const element = panel(t("calendar.title"), load, (found) => drawMonth(found, turn));
  return element;
}

function drawMonth({ month, days }, turn) {
  const trained = new Map(days.map((day) => [day.date, day]));
  return [
    h("p", { class: "month" },
      button("‹", () => turn(-1), { "aria-label": t("calendar.before") }),
      h("strong", { "aria-live": "polite" }, formatMonthOfYear(`${month}-01`)),
      button("›", () => turn(1), { "aria-label": t("calendar.after") })),
    monthTable(month, trained),
  ];
}

function monthTable(month, trained) {
  const weeks = weeksOf(month);
  return h(
    "table",
    { class: "calendar" },
    h("caption", { class: "unseen" }, formatMonthOfYear(`${month}-01`)),
    h("thead", {}, h("tr", {}, weeks[0].map((day) =>
      h("th", { scope: "col" }, formatShortWeekday(day))))),
    h("tbody", {}, weeks.map((week) => h("tr", {}, week.map((day) =>
      h("td", {}, day.startsWith(month) ? dayCell(day, trained.get(day)) : ""))))),
  );
}

function dayCell(day, found) {
  const number = String(Number(day.slice(8)));
  if (found === undefined) {
    return number;
  }
  const about = `${formatDay(day)}: ${count("count.sets", found.sets)}`;
  const element = link(`history/day/${day}`, number);
  element.setAttribute("aria-label", about);
  return element;
}

/** The days of a month's weeks, with those of the months beside it that fill them. */
function weeksOf(month) {
  const first = Date.parse(`${month}-01`);
  const shift = (new Date(first).getUTCDay() - firstWeekday() + 7) % 7;
  const after = Date.parse(`${monthBeside(month, 1)}-01`);
  const weeks = [];
  for (let start = first - shift * DAY_MS; start < after; start += 7 * DAY_MS) {
    weeks.push(Array.from({ length: 7 }, (_, place) =>
      new Date(start + place * DAY_MS).toISOString().slice(0, 10)));
  }
  return weeks;
}

function monthBeside(month, by) {
  const [year, number] = month.split("-").map(Number);
  return new Date(Date.UTC(year, number - 1 + by, 1)).toISOString().slice(0, 7);
}
