// What became of an exercise: charts, records, rep maxes, and what one has noted of it.

import { change, get, getOne } from "../api.js";
import { lineChart } from "../charts/line-chart.js";
import { h } from "../element.js";
import { detailsForm } from "../exercise-form.js";
import {
  describeSet, formatDay, formatMonthOfYear, formatNumber, formatValue, formatWeight, fromKilograms,
  weightUnit,
} from "../format.js";
import { t, word } from "../language.js";
import { keepFresh } from "../live.js";
import { button, chart, link, panel, say, section, show, table } from "../view.js";

const MEASURES = ["max_weight", "best_e1rm", "total_volume", "total_reps"];
const RECORD_OF = { max_weight: "max_weight", best_e1rm: "best_e1rm", total_volume: "max_volume" };
const OF_WEIGHT = new Set(["max_weight", "best_e1rm", "total_volume"]);

export async function showExercise(id, isShown) {
  const exercise = await getOne(`/api/exercises/${id}`);
  if (!isShown()) {
    return undefined;
  }
  const chosen = { measure: null };
  const numbers = [
    panel(t("exercises.progress"), () => progress(id, chosen)),
    panel(t("exercises.records"), () => recordsOf(id)),
    panel(t("exercises.rep_maxes"), () => repMaxes(id)),
  ];
  show(
    exercise.name,
    h("p", { class: "quiet" }, about(exercise)),
    ownParts(exercise),
    numbers,
    exercise.instructions === null ? null : instructions(exercise),
    exercise.owner === "me" ? null : panel(t("mine.title"), () => mine(exercise)),
  );
  return keepFresh(numbers);
}

function about(exercise) {
  const muscles = (name) => (exercise.mine?.[name] ?? exercise[name]).map(word);
  return [
    t(`sets_of.${exercise.measure}`),
    exercise.equipment === null ? null : word(exercise.equipment),
    [...muscles("primary_muscles"), ...muscles("secondary_muscles")].join(", "),
  ].filter((part) => part).join(" · ");
}

function ownParts({ id, owner, notes, is_active: isActive, merged_into: into }) {
  if (owner !== "me") {
    return [];
  }
  return [
    notes === null ? null : h("p", { class: "notes" }, notes),
    into === null ? null : h("p", {}, link(`exercises/${into}`, t("own.was_merged"))),
    isActive || into !== null ? null : h("p", {}, t("own.is_archived")),
    into === null ? h("p", {}, link(`exercises/${id}/edit`, t("own.edit"))) : null,
  ];
}

function instructions({ instructions: text, license_author: author, license }) {
  const source = [author, license].filter((part) => part).join(", ");
  return section(
    t("exercises.instructions"),
    h("p", { class: "notes" }, text),
    source === "" ? null : h("p", { class: "quiet" }, source),
  );
}

function mine(exercise) {
  return detailsForm(exercise, async (body) => {
    await change("PUT", `/api/exercises/${exercise.id}/mine`, body);
    say(t("saved"));
  });
}

async function progress(id, chosen) {
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
    chosen.measure = measure;
    const record = records.find(({ kind }) => kind === RECORD_OF[measure]);
    place.replaceChildren(measured(id, points, measure, record?.achieved_date));
  };
  draw(shown.includes(chosen.measure) ? chosen.measure : shown[0]);
  return [choice(t("exercises.measure"), shown, chosen.measure, draw), place];
}

function choice(label, names, first, choose) {
  const options = names.map((name) => h(
    "label",
    {},
    h("input", {
      type: "radio", name: "measure", checked: name === first, onchange: () => choose(name),
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
  const element = button(t("sets"), async () => {
    const sets = await setsOf(id, date);
    element.replaceWith(h("ol", { class: "plain-list" }, sets.map((set) =>
      h("li", {}, describeSet(set)))));
  }, { class: "plain" });
  return element;
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
