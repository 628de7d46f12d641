// The workouts of the past: a list, and each as it was logged.

import { change, get, getOne } from "../api.js";
import { h } from "../element.js";
import {
  describeSet, formatDay, formatValue, formatVolume, formatWeekday,
} from "../format.js";
import { count, t } from "../language.js";
import { go } from "../router.js";
import { button, link, panel, say, show, table } from "../view.js";
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
  const { data } = await get(`/api/workouts?${query}`);
  if (!isShown()) {
    return;
  }
  show(
    formatDay(day),
    data.length === 0
      ? h("p", {}, t("history.empty"))
      : h("ul", { class: "list" }, data.map((workout) => h("li", {}, listed(workout)))),
    h("p", {}, link("history", t("history.all"))),
  );
}

async function showList(isShown) {
  const list = h("ul", { class: "list" });
  const more = button(t("more"), () => load());
  let page = 0;
  const load = async () => {
    page += 1;
    const found = await get(`/api/workouts?page=${page}&limit=${A_PAGE}`);
    list.append(...found.data.map((workout) => h("li", {}, listed(workout))));
    more.hidden = page * A_PAGE >= found.page.total_items;
    return found.page.total_items;
  };
  const total = await load();
  if (!isShown()) {
    return;
  }
  show(
    t("history.title"),
    panel(t("calendar.title"), calendar),
    total === 0 ? h("p", {}, t("history.empty")) : list,
    more,
  );
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
    h("strong", {}, workout.name ?? formatWeekday(workout.date)),
    h("span", { class: "quiet" }, about.join(" · ")),
  );
}

async function showWorkout(id, isShown) {
  const workout = await getOne(`/api/workouts/${id}`);
  if (!isShown()) {
    return;
  }
  show(
    workout.name ?? formatWeekday(workout.date),
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
    panel(t("history.records"), () => recordsOf(workout)),
  );
}

// numbers follow a workout within a second
async function recordsOf(workout) {
  const age = Date.now() - Date.parse(workout.updated_at);
  if (age < COUNTED_MS) {
    await new Promise((resolve) => setTimeout(resolve, COUNTED_MS));
  }
  const ids = [...new Set(workout.exercises.map((done) => done.exercise_id))];
  const found = await Promise.all(ids.map((id) => getOne(`/api/stats/exercise/${id}/records`)));
  const rows = found.flatMap(({ exercise_id, exercise_name, records }) => records
    .filter((record) => record.workout_id === workout.id)
    .map((record) => [
      link(`exercises/${exercise_id}`, exercise_name),
      t(`record.${record.kind}`),
      formatValue(record.value, record.unit),
    ]));
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
    set.rpe === null ? null : h("span", { class: "tag" }, `RPE ${set.rpe}`),
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
