// The words of the page, in the language of the browser.

import { ENGLISH } from "./texts/en.js";
import { GERMAN } from "./texts/de.js";

const TEXTS = { en: ENGLISH, de: GERMAN };

/** The tag by which numbers and dates are written, such as "de-AT". */
export const LOCALE = navigator.languages.find((tag) => tag.split("-")[0] in TEXTS) ?? "en";

const LANGUAGE = LOCALE.split("-")[0];

/**
 * A text by its name, with values in place of {name}.
 */
export function t(name, values = {}) {
  const text = TEXTS[LANGUAGE][name] ?? ENGLISH[name];
  if (text === undefined) {
    throw new Error(`no text: ${name}`);
  }
  return filled(text, values);
}

const plurals = new Intl.PluralRules(LOCALE);
const whole = new Intl.NumberFormat(LOCALE, { maximumFractionDigits: 0 });

/**
 * A text with a {count}, whose names end in the count's kind: "one" or "other".
 */
export function count(name, number, values = {}) {
  const kind = plurals.select(number) === "one" ? "one" : "other";
  return t(`${name}.${kind}`, { ...values, count: whole.format(number) });
}

/** A word of the API, such as a muscle, as people write it. */
export function word(name) {
  const known = TEXTS[LANGUAGE][`word.${name.replaceAll(" ", "_")}`];
  const plain = name.replaceAll("_", " ");
  return known ?? plain[0].toUpperCase() + plain.slice(1);
}

/** What a person reads of an error of the API, which is in English. */
export function refusal({ code, message, details = {} }) {
  const names = [`refusal.${details.constraint}`, `refusal.${code}`];
  const text = names.map((name) => TEXTS[LANGUAGE][name]).find((each) => each !== undefined);
  return text === undefined ? message : filled(text, details);
}

function filled(text, values) {
  return text.replace(/\{(\w+)\}/g, (_, key) => String(values[key]));
}

document.documentElement.lang = LANGUAGE;
