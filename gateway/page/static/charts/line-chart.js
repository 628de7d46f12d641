// A line through points in time, with those marked that were records.

import { scale, ticks } from "./scales.js";

const HEIGHT = 260;
const LEFT = 56;
const RIGHT = 12;
const TOP = 12;
const BOTTOM = 28;
const LABEL_WIDTH = 110;
const DOT_ROOM = 7;

/**
 * Describe a line chart as elements of SVG: `[tag, attributes, ...children]`.
 *
 * @param {{x: number, y: number, label: string, isMarked: boolean}[]} points in order of x; `label`
 *   says what the point is
 * @param {{title: string, labelX: function, labelY: function}} words
 * @param {number} width
 */
export function lineChart(points, { title, labelX, labelY }, width) {
  const values = points.map((point) => point.y);
  const steps = ticks(Math.min(...values), Math.max(...values));
  const x = scale(points[0].x, points.at(-1).x, LEFT, width - RIGHT);
  const y = scale(steps[0], steps.at(-1), HEIGHT - BOTTOM, TOP);
  const places = points.map((point) => `${round(x(point.x))} ${round(y(point.y))}`);
  return [
    "svg",
    { viewBox: `0 0 ${width} ${HEIGHT}`, class: "chart", role: "img", "aria-label": title },
    ...steps.map((step) => gridLine(y(step), width, labelY(step))),
    ...times(points, Math.floor((width - LEFT) / LABEL_WIDTH) + 1).map((time) =>
      dayLabel(x(time), width, labelX(time))),
    ["path", { class: "chart-line", d: `M${places.join("L")}` }],
    ...dotted(points, width).map((point) => dot(point, round(x(point.x)), round(y(point.y)))),
  ];
}

// where dots would run into each other, the line says as much, and records are still seen
function dotted(points, width) {
  const hasRoom = points.length * DOT_ROOM < width - LEFT - RIGHT;
  return hasRoom ? points : points.filter((point) => point.isMarked);
}

function gridLine(y, width, label) {
  return [
    "g",
    {},
    ["line", { class: "chart-grid", x1: LEFT, x2: width - RIGHT, y1: round(y), y2: round(y) }],
    ["text", { x: LEFT - 8, y: round(y) + 4, "text-anchor": "end" }, label],
  ];
}

// the first and the last would stick out
function dayLabel(x, width, label) {
  const anchor = x < LEFT + LABEL_WIDTH / 2 ? "start" : x > width - LABEL_WIDTH / 2 ? "end" : "middle";
  return ["text", { x: round(x), y: HEIGHT - 8, "text-anchor": anchor }, label];
}

// a diamond, so that records are told apart by their shape, too
function dot({ label, isMarked }, x, y) {
  const shape = isMarked
    ? ["path", { class: "chart-record", d: `M${x} ${y - 7}l7 7l-7 7l-7 -7z` }]
    : ["circle", { class: "chart-dot", cx: x, cy: y, r: 3 }];
  return [...shape, ["title", {}, label]];
}

// as far from each other as time is, at most so many
function times(points, most) {
  const [first, last] = [points[0].x, points.at(-1).x];
  const count = Math.min(most, points.length) - 1;
  if (count < 1) {
    return [last];
  }
  return Array.from({ length: count + 1 }, (_, place) => first + (place / count) * (last - first));
}

function round(place) {
  return Math.round(place * 10) / 10;
}
