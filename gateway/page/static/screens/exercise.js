// What became of an exercise: charts, records, rep maxes, and what one has noted of it.

import { change, get, getOne } from "../api.js";
import { lineChart } from "../charts/line-chart.js";
import { h } from "../element.js";
import { detailsForm } from "../exercise-form.js";
import {
  describeSet, formatDay, formatDistance, formatMonthOfYear, formatNumber, formatSeconds, formatValue,
  formatWeight, fromKilograms, weightUnit,
} from "../format.js";
import { t, word } from "../language.js";
import { keepFresh } from "../live.js";
import { button, chart, link, panel, say, section, show, table } from "../view.js";

const COUNTED = ["max_weight", "best_e1rm", "total_volume", "total_reps"];
const TIMED = ["total_distance_m", "total_duration_seconds", "max_weight"];
const RECORD_OF = { max_weight: "max_weight", best_e1rm: "best_e1rm", total_volume: "max_volume" };
const WITH_ESTIMATE = new Set(["weight_reps", "bodyweight_reps"]);

export async function showExercise(id, isShown) {
  const exercise = await getOne(`/api/exercises/${id}`);
  if (!isShown()) {
    return undefined;
  }
  const chosen = { measure: null };
  const numbers = [
    panel(t("exercises.progress"), () => loadProgress(id),
      (found) => drawProgress(exercise, found, chosen)),
    panel(t("exercises.records"), () => getOne(`/api/stats/exercise/${id}/records`), drawRecords),
    WITH_ESTIMATE.has(exercise.measure) ? panel(t("exercises.rep_maxes"),
      () => getOne(`/api/stats/exercise/${id}/rep-maxes`), drawRepMaxes) : null,
  ].filter((each) => each !== null);
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
    [null, "none"].includes(exercise.equipment) ? null : word(exercise.equipment),
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

function loadProgress(id) {
  return Promise.all([
    getOne(`/api/stats/exercise/${id}/history?range=all`),
    getOne(`/api/stats/exercise/${id}/records`),
  ]);
}

function drawProgress({ id, rep_type: counts }, [history, { records }], chosen) {
  const points = history.data_points;
  const measures = counts === "count" ? COUNTED : TIMED;
  const shown = measures.filter((name) => points.some((point) => point[name]));
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
  const { unit, value, written, axis } = writing(measure);
  const title = `${t(`measure.${measure}`)} (${unit})`;
  const drawnPoints = found.map((point) => ({
    x: Date.parse(point.date),
    y: value(point[measure]),
    label: `${formatDay(point.date)}: ${written(point[measure])}`,
    isMarked: point.date === recordDay,
  }));
  const words = {
    title,
    labelX: (time) => formatMonthOfYear(new Date(time).toISOString()),
    labelY: axis,
  };
  const rows = () => [...found].reverse().map((point) => [
    formatDay(point.date), written(point[measure]), setsButton(id, point.date),
  ]);
  const caption = `${title} · ◆ ${t("record")}`;
  return chart((width) => lineChart(drawnPoints, words, width), caption,
    [t("day"), title, t("sets")], rows);
}

function writing(measure) {
  const asItIs = { value: (given) => given, axis: formatNumber };
  if (measure === "total_duration_seconds") {
    return { ...asItIs, unit: t("log.min_sec"), written: formatSeconds, axis: formatSeconds };
  }
  if (measure === "total_distance_m") {
    return { ...asItIs, unit: "m", written: formatDistance };
  }
  if (measure === "total_reps") {
    return { ...asItIs, unit: t("reps"), written: (reps) => `${formatNumber(reps)} ${t("reps")}` };
  }
  return { ...asItIs, unit: weightUnit(), value: fromKilograms, written: formatWeight };
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

function drawRecords({ records }) {
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

function drawRepMaxes({ rep_maxes: found }) {
  const rows = found.map((each) => [
    each.reps,
    each.exactly === null ? "–" : formatWeight(each.exactly.weight),
    each.estimated === null ? "–" : formatWeight(each.estimated.weight),
  ]);
  return table(
    t("exercises.rep_maxes"), [t("reps"), t("exercises.lifted"), t("exercises.estimated")], rows);
}
