// Days, a column for each week, darker the more sets were done.

const CELL = 12;
const GAP = 2;
const TOP = 18;
const LEVELS = 4;
const DAY_MS = 86_400_000;

/**
 * Describe a heat map as elements of SVG: `[tag, attributes, ...children]`.
 *
 * @param {string} first the first day, such as "2026-01-01"
 * @param {string} last the last day
 * @param {Map<string, number>} sets of each day that has some
 * @param {{title: string, labelMonth: function, labelDay: function}} words
 * @param {number} firstWeekday 1 for Monday, 0 for Sunday, 6 for Saturday
 */
export function heatMap(first, last, sets, { title, labelMonth, labelDay }, firstWeekday) {
  const begin = Date.parse(first);
  const count = Math.round((Date.parse(last) - begin) / DAY_MS) + 1;
  const shift = (new Date(begin).getUTCDay() - firstWeekday + 7) % 7;
  const most = Math.max(1, ...sets.values());
  const days = Array.from({ length: count }, (_, place) => ({
    day: new Date(begin + place * DAY_MS).toISOString().slice(0, 10),
    x: Math.floor((place + shift) / 7) * (CELL + GAP),
    y: TOP + ((place + shift) % 7) * (CELL + GAP),
  }));
  const width = days.at(-1).x + CELL;
  const height = TOP + 7 * (CELL + GAP);
  const about = { class: "heat-map", role: "img", "aria-label": title, width, height };
  return [
    "svg",
    { viewBox: `0 0 ${width} ${height}`, ...about },
    ...days.filter(({ day }) => day.endsWith("-01")).map(({ day, x }) =>
      ["text", { x, y: 11 }, labelMonth(day)]),
    ...days.map((place) => cell(place, sets.get(place.day) ?? 0, most, labelDay)),
  ];
}

function cell({ day, x, y }, count, most, labelDay) {
  const level = Math.ceil((count / most) * LEVELS);
  const about = { class: `heat-${level}`, x, y, width: CELL, height: CELL, rx: 2 };
  return count === 0 ? ["rect", about] : ["rect", about, ["title", {}, labelDay(day, count)]];
}
