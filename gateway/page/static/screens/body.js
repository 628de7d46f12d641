// Measurements of the body: how they went, and a new one.

import { change, getAll } from "../api.js";
import { lineChart } from "../charts/line-chart.js";
import { h } from "../element.js";
import { choice, field, sendingForm } from "../forms.js";
import { formatDay, formatNumber, formatShortDay, parseNumber, today, weightUnit } from "../format.js";
import { t } from "../language.js";
import { keepFresh } from "../live.js";
import { Fault, button, chart, panel, say, show, table } from "../view.js";
import { withOffset } from "../when.js";

const MASSES = ["weight", "lean_mass"];
const LENGTHS = [
  "waist", "chest", "hips", "abdomen", "shoulders", "neck", "left_upper_arm", "right_upper_arm",
  "left_forearm", "right_forearm", "left_thigh", "right_thigh", "left_calf", "right_calf",
];
const KINDS = ["weight", "fat", ...LENGTHS, "lean_mass"];
const IN_KG = { kg: 1, lb: 0.45359237 };
const IN_CM = { cm: 1, in: 2.54 };
const LISTED = 20;

export async function showBody([kind = "weight"]) {
  const chosen = KINDS.includes(kind) ? kind : "weight";
  const history = panel(t(`kind.${chosen}`), () => getAll(`/api/measurements?kind=${chosen}`),
    (found) => course(chosen, found, () => history.refresh()));
  show(t("body.title"), kindChoice(chosen), newMeasurement(chosen, history.refresh), history);
  return keepFresh([history]);
}

function kindChoice(chosen) {
  const attributes = {
    name: "kind", onchange: (event) => { location.hash = `/body/${event.target.value}`; },
  };
  return choice(t("body.kind"), attributes, KINDS, chosen, (kind) => t(`kind.${kind}`));
}

function unitsOf(kind) {
  if (kind === "fat") {
    return ["%"];
  }
  const isPounds = weightUnit() === "lb";
  const units = MASSES.includes(kind) ? ["kg", "lb"] : ["cm", "in"];
  return isPounds ? units.reverse() : units;
}

function newMeasurement(kind, done) {
  const units = unitsOf(kind);
  return sendingForm([
    field(t("value"), {
      name: "value", inputmode: "decimal", required: true, autocomplete: "off", size: 6,
    }),
    choice(t("body.unit"), { name: "unit" }, units, units[0]),
    field(t("day"), { name: "day", type: "date", max: today(), required: true, value: today() }),
  ], t("body.add"), async (values, form) => {
    const value = parseNumber(values.get("value"));
    if (value === null) {
      throw new Fault(t("log.no_number", { field: t("value") }));
    }
    await change("POST", "/api/measurements", {
      kind, value, unit: values.get("unit"), measured_at: momentOf(values.get("day")),
    });
    form.reset();
    form.elements.day.value = today();
    say(t("body.added"));
    await done();
  }, { kind: "inline" });
}

// of another day nobody knows when it was
function momentOf(day) {
  return withOffset(day === today() ? new Date() : new Date(`${day}T12:00:00`));
}

function course(kind, found, changed) {
  if (found.length === 0) {
    return h("p", {}, t("body.empty"));
  }
  const unit = unitsOf(kind)[0];
  const oldestFirst = [...found].reverse();
  const points = oldestFirst.map((each) => ({
    x: Date.parse(each.measured_at),
    y: converted(each, unit),
    label: `${formatDay(each.measured_at)}: ${formatNumber(each.value)} ${each.unit}`,
    isMarked: false,
  }));
  const title = `${t(`kind.${kind}`)} (${unit})`;
  const words = {
    title,
    labelX: (time) => formatShortDay(new Date(time).toISOString()),
    labelY: formatNumber,
  };
  const columns = [t("day"), t("value")];
  const rows = () => found.map((each) => [formatDay(each.measured_at), shown(each)]);
  return [
    chart((width) => lineChart(points, words, width), title, columns, rows),
    latest(found.slice(0, LISTED), changed),
  ];
}

function converted({ value, unit: its }, unit) {
  const factors = its in IN_KG ? IN_KG : IN_CM;
  const same = its === unit ? value : (value * factors[its]) / factors[unit];
  return Math.round(same * 100) / 100;
}

function shown({ value, unit }) {
  return `${formatNumber(value)} ${unit}`;
}

function latest(found, changed) {
  const remove = async ({ id }) => {
    await change("DELETE", `/api/measurements/${id}`);
    await changed();
  };
  const rows = found.map((each) => [
    formatDay(each.measured_at),
    shown(each),
    button(t("delete"), () => remove(each), {
      class: "plain",
      "aria-label": t("body.delete", { value: shown(each), day: formatDay(each.measured_at) }),
    }),
  ]);
  return table(t("body.latest"), [t("day"), t("value"), t("delete")], rows);
}
