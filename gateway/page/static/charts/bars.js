// Bars beside their names, against a band that they should end in.

const ROW = 26;
const LEFT = 130;
const RIGHT = 48;

/**
 * Describe bars as elements of SVG: `[tag, attributes, ...children]`.
 *
 * @param {{name: string, value: number, shown: string, judged: string}[]} bars `judged` is below,
 *   within or above
 * @param {{least: number, most: number}} band
 * @param {string} title
 * @param {number} width
 */
export function bandBars(bars, band, title, width) {
  const longest = Math.max(band.most, ...bars.map((bar) => bar.value)) || 1;
  const place = (value) => LEFT + (value / longest) * (width - LEFT - RIGHT);
  const height = bars.length * ROW;
  return [
    "svg",
    { viewBox: `0 0 ${width} ${height}`, class: "chart", role: "img", "aria-label": title },
    [
      "rect",
      {
        class: "chart-band", x: place(band.least), y: 0, height,
        width: place(band.most) - place(band.least),
      },
    ],
    ...bars.flatMap((bar, row) => [
      ["text", { x: LEFT - 8, y: row * ROW + 17, "text-anchor": "end" }, bar.name],
      [
        "rect",
        {
          class: `chart-bar chart-${bar.judged}`, x: LEFT, y: row * ROW + 5, height: ROW - 10,
          width: Math.max(1, place(bar.value) - LEFT), rx: 2,
        },
      ],
      ["text", { x: place(bar.value) + 6, y: row * ROW + 17 }, bar.shown],
    ]),
  ];
}
