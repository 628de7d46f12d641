// This week against the goal, the streak, the year, records of late, and muscles.

import { bandBars } from "../charts/bars.js";
import { heatMap } from "../charts/heat-map.js";
import { getOne } from "../api.js";
import { h } from "../element.js";
import {
  formatDay, formatMonth, formatNumber, formatValue, formatVolume, formatWhole, today,
} from "../format.js";
import { count, t, word } from "../language.js";
import { keepFresh } from "../live.js";
import { chart, figure, link, panel, show, table } from "../view.js";
import { firstWeekday } from "./calendar.js";

const LATEST = 8;

export function showOverview() {
  const panels = [
    panel(t("overview.week"), loadWeek, drawWeek),
    panel(t("overview.year"), loadYear, drawYear),
    panel(t("overview.records"), () => getOne("/api/stats/personal-records"), drawRecords),
    musclesOfWeek(t("overview.muscles")),
  ];
  show(t("overview.title"), panels);
  return keepFresh(panels);
}

function loadWeek() {
  return Promise.all(["/api/stats/weekly-summary", "/api/stats/streak"].map(getOne));
}

function drawWeek([summary, streak]) {
  const { workouts, volume, sets, minutes } = summary;
  return h(
    "div",
    { class: "figures" },
    figure(
      `${formatWhole(workouts.value)} / ${formatWhole(workouts.goal)}`,
      t("overview.workouts"),
      workouts.is_met ? t("overview.met") : t("overview.open"),
    ),
    figure(
      count("overview.weeks", streak.current),
      t("overview.streak"),
      t("overview.longest", { count: formatWhole(streak.longest) }),
    ),
    figure(formatVolume(volume.value), t("volume"), before(formatVolume(volume.previous))),
    figure(formatWhole(sets.value), t("sets"), before(formatWhole(sets.previous))),
    figure(formatWhole(minutes.value ?? 0), t("minutes"), before(formatWhole(minutes.previous ?? 0))),
  );
}

function before(value) {
  return t("overview.before", { value });
}

async function loadYear() {
  const last = today();
  const year = Number(last.slice(0, 4));
  const first = `${year - 1}${last.slice(4).replace("-02-29", "-02-28")}`;
  const years = await Promise.all([year - 1, year].map((each) =>
    getOne(`/api/stats/calendar?year=${each}`)));
  const days = years.flatMap((each) => each.days)
    .filter(({ date }) => date >= first && date <= last);
  return { first, last, days };
}

function drawYear({ first, last, days }) {
  if (days.length === 0) {
    return empty();
  }
  const sets = new Map(days.map((day) => [day.date, day.sets]));
  const total = days.reduce((sum, day) => sum + day.workouts, 0);
  const words = {
    title: count("overview.year_about", total),
    labelMonth: formatMonth,
    labelDay: (day, done) => `${formatDay(day)}: ${count("count.sets", done)}`,
  };
  const map = () => heatMap(first, last, sets, words, firstWeekday());
  const rows = () => [...days].reverse().map((day) => [
    formatDay(day.date), day.workouts, day.sets, day.minutes ?? "–",
  ]);
  return chart(map, words.title, [t("day"), t("workouts"), t("sets"), t("minutes")], rows);
}

function drawRecords({ records: all }) {
  const latest = all.flatMap(ofExercise)
    .sort((one, other) => other.achieved_date.localeCompare(one.achieved_date))
    .slice(0, LATEST);
  if (latest.length === 0) {
    return h("p", {}, t("overview.no_records"));
  }
  const rows = latest.map((record) => [
    link(`exercises/${record.exercise_id}`, record.exercise_name),
    t(`record.${record.kind}`),
    formatValue(record.value, record.unit),
    formatDay(record.achieved_date),
  ]);
  return table(t("overview.records"), [t("exercise"), t("record"), t("value"), t("day")], rows);
}

function ofExercise({ exercise_id, exercise_name, ...kinds }) {
  return Object.entries(kinds)
    // where time or distance is counted, the most of that has a kind of its own
    .filter(([kind, record]) => record?.achieved_date
      && !(kind === "max_reps" && record.unit !== "reps"))
    .map(([kind, record]) => ({ exercise_id, exercise_name, kind, ...record }));
}

/** The panel of this week's sets by muscle. */
export function musclesOfWeek(heading) {
  return panel(heading, () => getOne("/api/stats/muscles?weeks=1"), drawMuscles);
}

function drawMuscles({ band, weeks }) {
  const found = weeks.at(-1).muscles;
  if (found.length === 0) {
    return empty();
  }
  const bars = found.map((muscle) => ({
    name: word(muscle.muscle),
    value: muscle.sets,
    shown: formatNumber(muscle.sets),
    judged: muscle.judged,
  }));
  const about = t("overview.muscles_about", band);
  const rows = () => found.map((muscle) => [
    word(muscle.muscle),
    formatNumber(muscle.sets),
    formatNumber(muscle.hard_sets),
    t(`judged.${muscle.judged}`),
  ]);
  const columns = [t("muscle"), t("sets"), t("hard_sets"), t("judged")];
  return chart((width) => bandBars(bars, band, about, width), about, columns, rows);
}

function empty() {
  return h("p", {}, t("overview.empty"));
}
