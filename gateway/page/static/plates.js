// Which plates go on each side of a bar.

export const BARS = { kg: [20, 15, 10], lb: [45, 35, 25] };
const PLATES = {
  kg: [25, 20, 15, 10, 5, 2.5, 1.25],
  lb: [45, 35, 25, 10, 5, 2.5],
};

/**
 * The plates of one side, the heaviest first, and what is left over because no plates make it up.
 *
 * @param {number} weight with the bar
 * @param {number} bar
 * @param {"kg"|"lb"} unit
 */
export function platesFor(weight, bar, unit) {
  const plates = [];
  // in hundredths, as sums of decimals are not exact
  let left = Math.round(((weight - bar) / 2) * 100);
  for (const plate of PLATES[unit]) {
    while (left >= plate * 100) {
      plates.push(plate);
      left -= plate * 100;
    }
  }
  return { plates, rest: Math.max(0, left) / 100 };
}
