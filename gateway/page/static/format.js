// Numbers, weights and dates as people write them where they are.

import { LOCALE, count } from "./language.js";

const POUND_KG = 0.45359237;

const number = new Intl.NumberFormat(LOCALE, { maximumFractionDigits: 2 });
const whole = new Intl.NumberFormat(LOCALE, { maximumFractionDigits: 0 });
const day = new Intl.DateTimeFormat(LOCALE, { dateStyle: "medium", timeZone: "UTC" });
const moment = new Intl.DateTimeFormat(LOCALE, { dateStyle: "short", timeStyle: "short" });
const shortDay = new Intl.DateTimeFormat(LOCALE, {
  day: "numeric", month: "short", timeZone: "UTC",
});
const month = new Intl.DateTimeFormat(LOCALE, { month: "short", timeZone: "UTC" });
const monthOfYear = new Intl.DateTimeFormat(LOCALE, {
  month: "short", year: "numeric", timeZone: "UTC",
});
const shortWeekday = new Intl.DateTimeFormat(LOCALE, { weekday: "short", timeZone: "UTC" });
const weekday = new Intl.DateTimeFormat(LOCALE, { weekday: "long", timeZone: "UTC" });

let unit = "kg";

/** Have weights written in a unit: "kg" or "lb". */
export function useUnit(chosen) {
  unit = chosen ?? "kg";
}

export function weightUnit() {
  return unit;
}

export function formatNumber(value) {
  return number.format(value);
}

export function formatWhole(value) {
  return whole.format(value);
}

/** A weight in kilograms as a number of the user's unit. */
export function fromKilograms(kilograms) {
  return unit === "kg" ? kilograms : kilograms / POUND_KG;
}

/** A weight in kilograms with the user's unit. */
export function formatWeight(kilograms, digits = number) {
  return `${digits.format(fromKilograms(kilograms))} ${unit}`;
}

/** A large weight, such as a volume, without decimals. */
export function formatVolume(kilograms) {
  return formatWeight(kilograms, whole);
}

/** A value with the unit that the API gives it. */
export function formatValue(value, itsUnit) {
  const written = {
    kg: formatWeight,
    reps: (reps) => count("count.reps", reps, { reps: formatNumber(reps) }),
    seconds: formatSeconds,
    meters: formatDistance,
    seconds_per_km: (seconds) => `${formatSeconds(seconds)} min/km`,
  }[itsUnit];
  return written === undefined ? `${formatNumber(value)} ${itsUnit}` : written(value);
}

/** A distance in metres, in kilometres if it is one. */
export function formatDistance(metres) {
  return metres < 1000 ? `${formatNumber(metres)} m` : `${formatNumber(metres / 1000)} km`;
}

/** Seconds as "1:05". */
export function formatSeconds(seconds) {
  const total = Math.round(seconds);
  const minutes = Math.floor(total / 60) % 60;
  const hours = Math.floor(total / 3600);
  const tail = String(total % 60).padStart(2, "0");
  return hours > 0 ? `${hours}:${String(minutes).padStart(2, "0")}:${tail}` : `${minutes}:${tail}`;
}

/** A day such as "2026-11-28", as people write it. */
export function formatDay(text) {
  return day.format(atNoon(text));
}

/** A moment such as "2026-11-28T18:30:00Z", by the clock here. */
export function formatMoment(text) {
  return moment.format(new Date(text));
}

export function formatShortDay(text) {
  return shortDay.format(atNoon(text));
}

export function formatWeekday(text) {
  return weekday.format(atNoon(text));
}

export function formatShortWeekday(text) {
  return shortWeekday.format(atNoon(text));
}

export function formatMonth(text) {
  return month.format(atNoon(text));
}

export function formatMonthOfYear(text) {
  return monthOfYear.format(atNoon(text));
}

function atNoon(text) {
  return new Date(`${text.slice(0, 10)}T12:00:00Z`);
}

/** Today here, as the API writes days. */
export function today() {
  return dayHere(new Date());
}

/** The day of a moment here. */
export function dayHere(moment) {
  const shifted = moment.getTime() - moment.getTimezoneOffset() * 60_000;
  return new Date(shifted).toISOString().slice(0, 10);
}

/** What somebody has typed as a number, with comma or point; null if it is none. */
export function parseNumber(text) {
  const plain = text.trim().replace(",", ".");
  return /^\d+(\.\d*)?$|^\.\d+$/.test(plain) ? Number(plain) : null;
}

/** What was done in a set, such as "5 × 100 kg". */
export function describeSet(set) {
  const parts = [];
  // of an exercise that counts time or distance the repetitions are just these
  const isCounted = ![set.duration_seconds, set.distance_m].includes(set.reps);
  if (set.reps !== null && isCounted) {
    parts.push(formatNumber(set.reps));
  }
  if (set.duration_seconds !== null) {
    parts.push(formatSeconds(set.duration_seconds));
  }
  if (set.distance_m !== null) {
    parts.push(formatDistance(set.distance_m));
  }
  const done = parts.join(" · ");
  return set.weight ? `${done} × ${formatNumber(set.weight)} ${set.unit}` : done;
}
