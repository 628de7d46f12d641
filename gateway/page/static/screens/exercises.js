// Finding an exercise, and what became of it: charts, records, rep-maxes.

import { get, getOne } from "../api.js";
import { lineChart } from "../charts/line-chart.js";
import { h } from "../element.js";
import { searchField } from "../finding.js";
import {
  describeSet, formatDay, formatMonthOfYear, formatNumber, formatValue, formatWeight, fromKilograms,
  weightUnit,
} from "../format.js";
import { t, word } from "../language.js";
import { attempt, chart, link, panel, show, table } from "../view.js";

const SHOWN = 20;
const MEASURES = ["max_weight", "best_e1rm", "total_volume", "total_reps"];
const RECORD_OF = { max_weight: "max_weight", best_e1rm: "best_e1rm", total_volume: "max_volume" };
const OF_WEIGHT = new Set(["max_weight", "best_e1rm", "total_volume"]);

export function showExercises([id], isShown) {
  return id === undefined ? showSearch() : showExercise(Number(id), isShown);
}

function showSearch() {
  const found = h("ul", { class: "list", "aria-live": "polite" });
  const { element } = searchField(t("exercises.search"), found, find, (exercise) =>
    link(`exercises/${exercise.id}`, exercise.name));
  show(t("exercises.title"), element, found);
}

async function find(text) {
  const { data } = await get(text
    ? `/api/exercises/search?q=${encodeURIComponent(text)}&limit=${SHOWN}`
    : `/api/exercises?limit=${SHOWN}`);
  return data;
}

async function showExercise(id, isShown) {
  const exercise = await getOne(`/api/exercises/${id}`);
  if (!isShown()) {
    return;
  }
  const muscles = [...exercise.primary_muscles, ...exercise.secondary_muscles].map(word);
  show(
    exercise.name,
    h("p", { class: "quiet" }, muscles.join(", ")),
    panel(t("exercises.progress"), () => progress(id)),
    panel(t("exercises.records"), () => recordsOf(id)),
    panel(t("exercises.rep_maxes"), () => repMaxes(id)),
  );
}

async function progress(id) {
  const [history, { records }] = await Promise.all([
    getOne(`/api/stats/exercise/${id}/history?range=all`),
    getOne(`/api/stats/exercise/${id}/records`),
  ]);
  const points = history.data_points;
  const shown = MEASURES.filter((name) => points.some((point) => point[name]));
  if (shown.length === 0) {
    return h("p", {}, t("exercises.never"));
  }
  const place = h("div", {});
  const draw = (measure) => {
    const record = records.find(({ kind }) => kind === RECORD_OF[measure]);
    place.replaceChildren(measured(id, points, measure, record?.achieved_date));
  };
  draw(shown[0]);
  return [choice(t("exercises.measure"), shown, draw), place];
}

function choice(label, names, chosen) {
  const options = names.map((name, place) => h(
    "label",
    {},
    h("input", {
      type: "radio", name: "measure", checked: place === 0, onchange: () => chosen(name),
    }),
    t(`measure.${name}`),
  ));
  return h("fieldset", { class: "choice" }, h("legend", {}, label), options);
}

function measured(id, points, measure, recordDay) {
  const found = points.filter((point) => point[measure] !== null && point[measure] !== undefined);
  const isWeight = OF_WEIGHT.has(measure);
  const unit = isWeight ? weightUnit() : t("reps");
  const value = (point) => (isWeight ? fromKilograms(point[measure]) : point[measure]);
  const written = (point) => `${formatNumber(Math.round(value(point) * 100) / 100)} ${unit}`;
  const title = `${t(`measure.${measure}`)} (${unit})`;
  const drawnPoints = found.map((point) => ({
    x: Date.parse(point.date),
    y: value(point),
    label: `${formatDay(point.date)}: ${written(point)}`,
    isMarked: point.date === recordDay,
  }));
  const words = {
    title,
    labelX: (time) => formatMonthOfYear(new Date(time).toISOString()),
    labelY: formatNumber,
  };
  const rows = () => [...found].reverse().map((point) => [
    formatDay(point.date), written(point), setsButton(id, point.date),
  ]);
  const caption = `${title} · ◆ ${t("record")}`;
  return chart((width) => lineChart(drawnPoints, words, width), caption,
    [t("day"), title, t("sets")], rows);
}

// every set behind a point, which its workouts have
function setsButton(id, date) {
  const button = h("button", { type: "button", class: "plain" }, t("sets"));
  button.addEventListener("click", () => attempt(async () => {
    const sets = await setsOf(id, date);
    button.replaceWith(h("ol", { class: "plain-list" }, sets.map((set) =>
      h("li", {}, describeSet(set)))));
  }));
  return button;
}

async function setsOf(id, date) {
  const { data } = await get(`/api/workouts?date_from=${date}&date_to=${date}&limit=100`);
  const workouts = await Promise.all(data.map(({ id: its }) => getOne(`/api/workouts/${its}`)));
  return workouts.flatMap((workout) => workout.exercises
    .filter((done) => done.exercise_id === id).flatMap((done) => done.sets));
}

async function recordsOf(id) {
  const { records } = await getOne(`/api/stats/exercise/${id}/records`);
  if (records.length === 0) {
    return h("p", {}, t("exercises.never"));
  }
  const rows = records.map((record) => [
    t(`record.${record.kind}`),
    formatValue(record.value, record.unit),
    record.set === null ? "–" : describeSet({ ...record.set }),
    link(`history/${record.workout_id}`, formatDay(record.achieved_date)),
  ]);
  return table(t("exercises.records"), [t("record"), t("value"), t("set"), t("day")], rows);
}

async function repMaxes(id) {
  const found = await getOne(`/api/stats/exercise/${id}/rep-maxes`);
  const rows = found.rep_maxes.map((each) => [
    each.reps,
    each.exactly === null ? "–" : formatWeight(each.exactly.weight),
    each.estimated === null ? "–" : formatWeight(each.estimated.weight),
  ]);
  return table(
    t("exercises.rep_maxes"), [t("reps"), t("exercises.lifted"), t("exercises.estimated")], rows);
}
