// Where one is signed in, and which scripts are let in.

import { change, get } from "../api.js";
import { h } from "../element.js";
import { SCOPES } from "../enumerations.js";
import { field, sendingForm, ticks } from "../forms.js";
import { formatDay } from "../format.js";
import { t } from "../language.js";
import { attempt, button, panel, table } from "../view.js";

const SESSIONS = "/api/users/me/sessions";
const TOKENS = "/api/users/me/tokens";

export function sessions() {
  return listPanel("sessions", `${SESSIONS}?limit=100`, session, (again) =>
    h("p", { class: "buttons" }, button(t("settings.end_others"), async () => {
      await change("DELETE", SESSIONS);
      again();
    })));
}

export function tokens() {
  return listPanel("tokens", TOKENS, accessToken, tokenForm);
}

function listPanel(name, path, shown, form) {
  const rows = h("div", {});
  const fill = async () => {
    const { data } = await get(path);
    rows.replaceChildren(data.length === 0 ? h("p", {}, t("settings.none")) : table(
      t(`settings.${name}`), [t("settings.what"), t("day"), t("delete")],
      data.map((each) => shown(each, again)),
    ));
  };
  const again = () => attempt(fill);
  return panel(t(`settings.${name}`), async () => {
    await fill();
    return [rows, form(again)];
  });
}

function endButton(path, about, again) {
  return button(t("delete"), async () => {
    await change("DELETE", path);
    again();
  }, { class: "plain", "aria-label": `${t("delete")}: ${about}` });
}

function session(each, again) {
  const about = each.device ?? t("settings.unknown_device");
  return [
    each.is_current ? h("strong", {}, `${about} (${t("settings.here")})`) : about,
    formatDay(each.last_used_at),
    each.is_current ? "" : endButton(`${SESSIONS}/${each.id}`, about, again),
  ];
}

function accessToken(each, again) {
  const about = `${each.name}: ${each.scopes.join(", ")}`;
  return [
    about,
    each.last_used_at === null ? t("settings.never_used") : formatDay(each.last_used_at),
    endButton(`${TOKENS}/${each.id}`, each.name, again),
  ];
}

function tokenForm(again) {
  const result = h("p", { role: "status", class: "secret" });
  return h("details", {}, h("summary", {}, t("settings.new_token")), sendingForm([
    field(t("settings.token_name"), { name: "name", id: "token-name", required: true }),
    ticks(t("settings.scopes"), "scopes", SCOPES),
  ], t("settings.make"), async (values, form) => {
    const made = await change("POST", TOKENS, {
      name: values.get("name"), scopes: values.getAll("scopes"),
    });
    form.reset();
    result.textContent = t("settings.token_once", { token: made.token });
    again();
  }), result);
}
