// From values to places in a chart.

/** Round steps of an axis, at most so many, that hold all values. */
export function ticks(least, most, count = 4) {
  if (least === most) {
    return [least];
  }
  const raw = (most - least) / count;
  const power = 10 ** Math.floor(Math.log10(raw));
  const step = [1, 2, 2.5, 5, 10].map((each) => each * power).find((each) => each >= raw);
  const first = Math.floor(least / step) * step;
  const found = [];
  for (let place = 0; first + place * step < most + step; place += 1) {
    found.push(Number((first + place * step).toPrecision(12)));
  }
  return found;
}

/** A function from values between two ends to places between two others; one value is amid them. */
export function scale(least, most, from, to) {
  if (least === most) {
    return () => (from + to) / 2;
  }
  return (value) => from + ((value - least) / (most - least)) * (to - from);
}
