// Histories that come in and go out.

import { change, download, get, getOne, upload } from "../api.js";
import { h } from "../element.js";
import { choice, sendingForm, tick } from "../forms.js";
import { formatDay, formatWhole, weightUnit } from "../format.js";
import { count, t } from "../language.js";
import { go } from "../router.js";
import { currentUser } from "../user.js";
import { attempt, link, panel, say, show, table } from "../view.js";

const LOOK_MS = 700;
const AT_WORK = new Set(["receiving", "reading", "applying", "undoing"]);
const FORMATS = ["json", "strong", "hevy"];
const MOST_FINDINGS = 20;
const NEW = "new";

export function showTransfer([id], isShown) {
  return id === undefined ? showAll() : showImport(Number(id), isShown);
}

function showAll() {
  show(
    t("transfer.title"),
    h("section", { class: "panel" }, h("h2", {}, t("import.title")), importForm()),
    panel(t("import.before"), imports),
    h("section", { class: "panel" }, h("h2", {}, t("export.title")), exportButtons()),
  );
}

// --- out

function exportButtons() {
  return h("p", { class: "buttons" }, FORMATS.map((format) => h("button", {
    type: "button",
    onclick: () => save(`/api/exports/workouts?format=${format}`,
      `workouts-${format}.${format === "json" ? "json" : "csv"}`),
  }, t(`export.${format}`))));
}

/** Have the browser keep a file that the API gives. */
export function save(path, name) {
  return attempt(async () => {
    const content = await download(path);
    if (content === null) {
      say(t("settings.take_out_later"));
      return;
    }
    const address = URL.createObjectURL(content);
    h("a", { href: address, download: name }).click();
    setTimeout(() => URL.revokeObjectURL(address), 60_000);
    say(t("export.done", { name }));
  });
}

// --- in

function importForm() {
  return sendingForm([
    h("p", {}, t("import.about")),
    h("label", { class: "field" }, t("import.file"), h("input", {
      type: "file", name: "file", accept: ".csv,.json,text/csv,application/json", required: true,
    })),
  ], t("import.send"), async (values) => {
    const begun = await sendFile(values.get("file"));
    await go(`transfer/${begun.id}`);
  });
}

function sendFile(file) {
  const isJson = file.name.toLowerCase().endsWith(".json");
  const zone = currentUser().time_zone ?? Intl.DateTimeFormat().resolvedOptions().timeZone;
  const query = new URLSearchParams({ name: file.name.slice(0, 255) });
  if (!isJson) {
    query.set("time_zone", zone);
  }
  return upload(`/api/imports?${query}`, file, isJson ? "application/json" : "text/csv");
}

async function imports() {
  const { data } = await get("/api/imports?limit=10");
  if (data.length === 0) {
    return h("p", {}, t("import.none"));
  }
  return h("ul", { class: "list" }, data.map((each) => h("li", {}, link(
    `transfer/${each.id}`,
    h("strong", {}, each.name ?? t("import.unnamed")),
    h("span", { class: "quiet" }, `${formatDay(each.created_at)} · ${t(`status.${each.status}`)}`),
  ))));
}

async function showImport(id, isShown) {
  const status = h("p", { role: "status" });
  const bar = h("progress", { max: 100, "aria-label": t("import.progress") });
  const rest = h("div", {});
  const first = await getOne(`/api/imports/${id}`);
  if (!isShown()) {
    return;
  }
  show(first.name ?? t("import.unnamed"), status, bar, rest);
  const follow = async () => {
    for (;;) {
      const found = await getOne(`/api/imports/${id}`);
      if (!isShown()) {
        return;
      }
      status.textContent = t(`status.${found.status}`);
      bar.hidden = !AT_WORK.has(found.status);
      bar.value = found.progress;
      if (bar.hidden) {
        rest.replaceChildren(...parts(found, again).filter((part) => part !== null));
        return;
      }
      rest.replaceChildren();
      await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
    }
  };
  const again = () => attempt(follow);
  again();
}

function parts(found, again) {
  const isDone = ["applied", "undone"].includes(found.status);
  return [
    found.error === null ? null : h("p", { role: "alert" }, found.error.message),
    found.counts === null ? null : counts(found),
    isDone ? h("p", {}, count("import.added", found.added)) : null,
    ...(found.status === "preview" ? preview(found, again) : []),
    found.status === "applied" || found.status === "failed" ? undoButton(found, again) : null,
  ];
}

function counts({ counts: found }) {
  const names = ["workouts", "sets", "new", "same", "changed", "likely_same", "deleted"];
  const rows = names.map((name) => [t(`import.count.${name}`), formatWhole(found[name])]);
  return table(t("import.counts"), [t("import.what"), t("import.how_many")], rows);
}

function preview(found, again) {
  return [
    findings(t("import.faults"), found.faults, found.fault_count),
    findings(t("import.warnings"), found.warnings, found.warning_count),
    found.names.length === 0 ? null : mapping(found, again),
    applyForm(found, again),
  ];
}

function findings(title, found, count) {
  if (count === 0) {
    return null;
  }
  const shown = found.slice(0, MOST_FINDINGS);
  return h("details", {}, h("summary", {}, `${title}: ${formatWhole(count)}`), h("ul", {},
    shown.map((each) => h("li", {}, t("import.finding", each)))));
}

// names that are not sure are asked for, and all others may be changed
function mapping(found, again) {
  const unsure = found.names.filter((name) => name.exercise_id === null);
  const sure = found.names.filter((name) => name.exercise_id !== null);
  const chosen = {};
  const choose = (name) => h("label", { class: "field" }, t("import.name", name), h(
    "select",
    { onchange: (event) => { chosen[name.name] = answer(event.target.value); } },
    options(name),
  ));
  return h(
    "section",
    { class: "panel" },
    h("h2", {}, t("import.names")),
    unsure.length === 0 ? h("p", {}, t("import.all_known")) : unsure.map(choose),
    sure.length === 0 ? null : h("details", {},
      h("summary", {}, count("import.known", sure.length)), sure.map(choose)),
    h("p", {}, h("button", {
      type: "button",
      onclick: () => attempt(async () => {
        await change("PUT", `/api/imports/${found.id}/mapping`, chosen);
        say(t("saved"));
        again();
      }),
    }, t("import.keep_names"))),
  );
}

function options({ exercise_id: id, exercise_name: its, choices, why }) {
  const known = id === null ? [] : [{ id, name: its }];
  const all = [...known, ...choices.filter((choice) => choice.id !== id)];
  const isNew = why === NEW || (id === null && why !== "ask");
  return [
    id === null && !isNew ? h("option", { value: "", selected: true }, t("import.choose")) : null,
    ...all.map((each) => h("option", { value: each.id, selected: each.id === id }, each.name)),
    h("option", { value: NEW, selected: id === null && isNew }, t("import.new_exercise")),
  ];
}

function answer(value) {
  return value === NEW ? NEW : Number(value);
}

function applyForm(found, again) {
  return sendingForm([
    found.needs.includes("weight_unit")
      ? unitChoice("weight_unit", ["kg", "lb"], weightUnit()) : null,
    found.needs.includes("distance_unit")
      ? unitChoice("distance_unit", ["m", "km", "mi"], "km") : null,
    found.counts.changed > 0 ? option("on_changed", "update") : null,
    found.counts.deleted > 0 ? option("deleted", "restore") : null,
    found.counts.likely_same > 0 ? option("likely_same", "add") : null,
    found.fault_count > 0 ? option("faulty", "skip") : null,
  ], t("import.apply"), async (values) => {
    await change("POST", `/api/imports/${found.id}/apply?${new URLSearchParams(values)}`);
    again();
  });
}

function unitChoice(name, units, chosen) {
  return choice(t(`import.${name}`), { name }, units, chosen);
}

function option(name, value) {
  return tick(t(`import.option.${name}`), { name, value });
}

function undoButton(found, again) {
  return h("p", { class: "buttons" }, h("button", {
    type: "button",
    class: "danger",
    onclick: () => attempt(async () => {
      await change("POST", `/api/imports/${found.id}/undo`);
      again();
    }),
  }, t("import.undo")));
}
