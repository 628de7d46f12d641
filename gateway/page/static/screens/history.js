// The workouts of the past: a list, and each as it was logged.

import { change, get, getOne } from "../api.js";
import { h } from "../element.js";
import {
  describeSet, formatDay, formatNumber, formatValue, formatVolume, formatWeekday,
} from "../format.js";
import { count, t } from "../language.js";
import { onChanges } from "../live.js";
import { go } from "../router.js";
import { button, link, panel, rename, replace, say, show, table } from "../view.js";
import { calendar } from "./calendar.js";
import { copyToLog } from "./log.js";

const A_PAGE = 20;
const COUNTED_MS = 1500;

export function showHistory([id, day], isShown) {
  if (id === "day") {
    return showDay(day, isShown);
  }
  return id === undefined ? showList(isShown) : showWorkout(Number(id), isShown);
}

async function showDay(day, isShown) {
  const query = new URLSearchParams({ date_from: day, date_to: day, limit: 100 });
  const list = workoutList();
  const load = async () => list.draw((await get(`/api/workouts?${query}`)).data);
  await load();
  if (!isShown()) {
    return undefined;
  }
  show(formatDay(day), list, h("p", {}, link("history", t("history.all"))));
  return onChanges(() => load().catch(() => {}));
}

async function showList(isShown) {
  const list = workoutList();
  const more = button(t("more"), () => load(pages + 1));
  let pages = 0;
  const load = async (wanted) => {
    const found = [];
    for (let page = 1; page <= wanted; page += 1) {
      const { data, page: its } = await get(`/api/workouts?page=${page}&limit=${A_PAGE}`);
      found.push(...data);
      more.hidden = found.length >= its.total_items;
    }
    pages = wanted;
    list.draw(found);
  };
  await load(1);
  if (!isShown()) {
    return undefined;
  }
  const month = calendar();
  show(t("history.title"), month, list, more);
  return onChanges(() => {
    load(pages).catch(() => {});
    month.refresh().catch(() => {});
  });
}

// a list that is drawn anew when something in it is another one
function workoutList() {
  const list = h("ul", { class: "list" });
  let shown = null;
  list.draw = (workouts) => {
    const now = JSON.stringify(workouts);
    if (now !== shown) {
      shown = now;
      replace(list, items(workouts));
    }
  };
  return list;
}

function items(workouts) {
  return workouts.length === 0
    ? [h("li", {}, t("history.empty"))]
    : workouts.map((workout) => h("li", {}, listed(workout)));
}

function listed(workout) {
  const about = [
    formatDay(workout.date),
    count("count.exercises", workout.exercise_count),
    count("count.sets", workout.set_count),
    formatVolume(workout.total_volume),
  ];
  return link(
    `history/${workout.id}`,
    h("strong", {}, titleOf(workout)),
    h("span", { class: "quiet" }, about.join(" · ")),
  );
}

async function showWorkout(id, isShown) {
  let workout = await getOne(`/api/workouts/${id}`);
  if (!isShown()) {
    return undefined;
  }
  const records = panel(t("history.records"), () => loadRecords(workout), drawRecords);
  const body = h("div", {}, partsOf(workout));
  show(titleOf(workout), body, records);
  const follow = async () => {
    const now = await getOne(`/api/workouts/${id}`);
    if (now.version !== workout.version) {
      workout = now;
      rename(titleOf(workout));
      replace(body, partsOf(workout));
    }
    await records.refresh();
  };
  return onChanges(() => follow().catch(async (problem) => {
    if (problem.status === 404 && isShown()) {
      await go("history");
      say(t("history.deleted"));
    }
  }));
}

function titleOf(workout) {
  return workout.name ?? formatWeekday(workout.date);
}

function partsOf(workout) {
  return [
    h("p", { class: "quiet" }, about(workout)),
    workout.notes === null ? null : h("p", { class: "notes" }, workout.notes),
    workout.exercises.map(exercise),
    h(
      "p",
      { class: "buttons" },
      link(`edit/${workout.id}`, t("history.edit")),
      button(t("history.copy"), () => copyToLog(workout)),
      button(t("history.delete"), () => remove(workout), { class: "danger" }),
    ),
  ];
}

// numbers follow a workout within a second
async function loadRecords(workout) {
  const age = Date.now() - Date.parse(workout.updated_at);
  if (age < COUNTED_MS) {
    await new Promise((resolve) => setTimeout(resolve, COUNTED_MS));
  }
  const ids = [...new Set(workout.exercises.map((done) => done.exercise_id))];
  const found = await Promise.all(ids.map((id) => getOne(`/api/stats/exercise/${id}/records`)));
  return found.flatMap(({ exercise_id, exercise_name, records }) => records
    .filter((record) => record.workout_id === workout.id)
    .map((record) => ({ exercise_id, exercise_name, ...record })));
}

function drawRecords(found) {
  const rows = found.map((record) => [
    link(`exercises/${record.exercise_id}`, record.exercise_name),
    t(`record.${record.kind}`),
    formatValue(record.value, record.unit),
  ]);
  return rows.length === 0
    ? h("p", {}, t("history.no_records"))
    : table(t("history.records"), [t("exercise"), t("record"), t("value")], rows);
}

function about(workout) {
  const minutes = workout.duration_minutes;
  return [
    formatDay(workout.date),
    minutes === null ? null : count("count.minutes", minutes),
  ].filter((part) => part !== null).join(" · ");
}

function exercise(done) {
  return h(
    "section",
    { class: "panel" },
    h("h2", {}, link(`exercises/${done.exercise_id}`, done.exercise_name),
      done.superset === null ? null : h("span", { class: "tag" }, t("superset", done))),
    done.notes === null ? null : h("p", { class: "notes" }, done.notes),
    h("ol", { class: "sets" }, done.sets.map((set) => h("li", {}, describeSet(set), setTags(set)))),
  );
}

function setTags(set) {
  return [
    set.set_type === "normal" ? null : h("span", { class: "tag" }, t(`set_type.${set.set_type}`)),
    set.rpe === null ? null : h("span", { class: "tag" }, `RPE ${formatNumber(set.rpe)}`),
    set.rir === null ? null : h("span", { class: "tag" }, `RIR ${formatNumber(set.rir)}`),
    set.notes === null ? null : h("span", { class: "quiet" }, set.notes),
  ];
}

// deleted at once; undone, it is logged again as it was
async function remove(workout) {
  await change("DELETE", `/api/workouts/${workout.id}`);
  await go("history");
  say(t("history.deleted"), { label: t("undo"), run: () => restore(workout) });
}

async function restore(workout) {
  const made = await change("POST", "/api/workouts", asNew(workout));
  await go(`history/${made.id}`);
  say(t("history.restored"));
}

/** A workout as it is sent to log it again. */
export function asNew(workout) {
  const { name, date, started_at, ended_at, time_zone, duration_minutes, notes } = workout;
  const times = started_at === null ? { date } : { started_at, ended_at, time_zone };
  return given({
    name, notes, duration_minutes: ended_at === null ? duration_minutes : null, ...times,
    exercises: workout.exercises.map((done) => given({
      exercise_id: done.exercise_id,
      order_index: done.order_index,
      superset: done.superset,
      notes: done.notes,
      sets: done.sets.map((set) => given({ ...set, id: null })),
    })),
  });
}

function given(values) {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== null));
}
