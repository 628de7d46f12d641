// Histories that come in and go out.

import { download, get, upload } from "../api.js";
import { h } from "../element.js";
import { sendingForm } from "../forms.js";
import { formatDay } from "../format.js";
import { t } from "../language.js";
import { go } from "../router.js";
import { currentUser } from "../user.js";
import { button, link, panel, say, section, show } from "../view.js";
import { showImport } from "./import.js";

const FORMATS = ["json", "strong", "hevy"];

export function showTransfer([id], isShown) {
  return id === undefined ? showAll() : showImport(Number(id), isShown);
}

function showAll() {
  show(
    t("transfer.title"),
    section(t("import.title"), importForm()),
    panel(t("import.before"), imports),
    section(t("export.title"), exportButtons()),
  );
}

// --- out

function exportButtons() {
  return h("p", { class: "buttons" }, FORMATS.map((format) => button(t(`export.${format}`), () =>
    save(`/api/exports/workouts?format=${format}`,
      `workouts-${format}.${format === "json" ? "json" : "csv"}`))));
}

/** Have the browser keep a file that the API gives. */
export async function save(path, name) {
  const content = await download(path);
  if (content === null) {
    say(t("settings.take_out_later"));
    return;
  }
  const address = URL.createObjectURL(content);
  h("a", { href: address, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(address), 60_000);
  say(t("export.done", { name }));
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
