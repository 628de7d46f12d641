// Sets by muscle, week by week.

import { getOne } from "../api.js";
import { h } from "../element.js";
import { formatDay, formatNumber } from "../format.js";
import { t, word } from "../language.js";
import { keepFresh } from "../live.js";
import { panel, show, table } from "../view.js";
import { musclesOfWeek } from "./overview.js";

const WEEKS = 12;

export function showMuscles() {
  const panels = [
    musclesOfWeek(t("muscles.this_week")),
    panel(t("muscles.weeks", { count: WEEKS }),
      () => getOne(`/api/stats/muscles?weeks=${WEEKS}`), drawWeeks),
  ];
  show(t("muscles.title"), panels);
  return keepFresh(panels);
}

function drawWeeks(found) {
  const newestFirst = [...found.weeks].sort((one, other) => other.start.localeCompare(one.start));
  const names = [...new Set(newestFirst.flatMap((week) => week.muscles.map((each) => each.muscle)))];
  if (names.length === 0) {
    return h("p", {}, t("overview.empty"));
  }
  const rows = names.map((name) => [word(name), ...newestFirst.map((week) => ofWeek(week, name))]);
  const columns = [t("muscle"), ...newestFirst.map((week) => formatDay(week.start))];
  const caption = t("muscles.caption", found.band);
  return h("div", { class: "scrolls", tabindex: "0", role: "region", "aria-label": caption },
    table(caption, columns, rows));
}

function ofWeek(week, name) {
  const found = week.muscles.find((each) => each.muscle === name);
  if (found === undefined) {
    return "–";
  }
  const sign = { below: "↓", within: "", above: "↑" }[found.judged];
  return `${formatNumber(found.sets)} ${sign}`.trim();
}
