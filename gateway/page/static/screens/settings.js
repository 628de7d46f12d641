// What one has set, where one is signed in, who is let in, and the way out.

import { change, endSession, get } from "../api.js";
import { h } from "../element.js";
import { EVENTS, FORMULAS, SCOPES, WEEK_STARTS, WEIGHT_UNITS } from "../enumerations.js";
import { choice, field, sendingForm, tick, ticks } from "../forms.js";
import { formatDay } from "../format.js";
import { t } from "../language.js";
import { currentUser, forgetUser, remember } from "../user.js";
import { attempt, panel, say, show, table } from "../view.js";
import { save } from "./transfer.js";

const TAKE_OUT = "/api/users/me/export";

export function showSettings() {
  show(
    t("settings.title"),
    h("section", { class: "panel" }, h("h2", {}, t("settings.profile")), profileForm()),
    h("section", { class: "panel" }, h("h2", {}, t("settings.password")), passwordForm()),
    listPanel("sessions", "/api/users/me/sessions?limit=100", session),
    listPanel("tokens", "/api/users/me/tokens", accessToken, tokenForm),
    listPanel("webhooks", "/api/webhooks", webhook, webhookForm),
    h("section", { class: "panel" }, h("h2", {}, t("settings.take_out")), takeOut()),
    h("section", { class: "panel" }, h("h2", {}, t("settings.deletion")), deletionForm()),
  );
}

// --- forms

function profileForm() {
  const user = currentUser();
  const text = (name, more = {}) => {
    const element = field(t(`settings.${name}`), { name, autocomplete: "off", ...more });
    element.querySelector("input").value = user[name] ?? "";
    return element;
  };
  const number = (name, max) => text(name, { type: "number", min: 1, max });
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  return sendingForm([
    text("name", { maxlength: 100, autocomplete: "name" }),
    oneOf("weight_unit", WEIGHT_UNITS, user.weight_unit ?? "kg"),
    text("time_zone", { placeholder: zone, list: "zones" }),
    zones(),
    oneOf("week_start", WEEK_STARTS, user.week_start ?? "monday"),
    number("weekly_goal", 21),
    number("weekly_sets_least", 100),
    number("weekly_sets_most", 100),
    oneOf("one_rep_max_formula", FORMULAS, user.one_rep_max_formula ?? "epley"),
    tick(t("settings.weekly_summary_mail"), {
      name: "weekly_summary_mail", checked: user.weekly_summary_mail === true,
    }),
  ], t("save"), async (values) => {
    remember(await change("PUT", "/api/users/me", changed(values)));
    say(t("saved"));
  });
}

function changed(values) {
  const numbers = ["weekly_goal", "weekly_sets_least", "weekly_sets_most"];
  const given = Object.fromEntries([...values].map(([name, value]) => {
    const text = value.trim();
    return [name, text === "" ? null : numbers.includes(name) ? Number(text) : text];
  }));
  // a box without a tick is not in a form's values
  return { ...given, weekly_summary_mail: values.has("weekly_summary_mail") };
}

function zones() {
  const names = Intl.supportedValuesOf?.("timeZone") ?? [];
  return h("datalist", { id: "zones" }, names.map((value) => h("option", { value })));
}

function oneOf(name, values, chosen) {
  return choice(t(`settings.${name}`), { name }, values, chosen, (value) => t(`choice.${value}`));
}

function passwordForm() {
  return sendingForm([
    username(),
    field(t("settings.old_password"), {
      type: "password", name: "old_password", autocomplete: "current-password", required: true,
    }),
    field(t("settings.new_password"), {
      type: "password", name: "new_password", autocomplete: "new-password", required: true,
      minlength: 8,
    }, t("register.rule")),
  ], t("settings.change_password"), async (values, form) => {
    await change("PUT", "/api/users/me/password", {
      old_password: values.get("old_password"), new_password: values.get("new_password"),
    });
    form.reset();
    say(t("settings.password_changed"));
  });
}

// where a password manager sees whose password it is
function username() {
  return h("input", {
    type: "text", name: "username", autocomplete: "username", value: currentUser().email,
    hidden: true,
  });
}

function deletionForm() {
  return sendingForm([
    h("p", {}, t("settings.deletion_about")),
    username(),
    field(t("password"), {
      type: "password", name: "password", id: "deletion-password", autocomplete: "current-password",
      required: true,
    }),
  ], t("settings.delete"), async (values) => {
    await change("DELETE", "/api/users/me", { password: values.get("password") });
    forgetUser();
    endSession();
  }, { button: "danger" });
}

function takeOut() {
  return [
    h("p", {}, t("settings.take_out_about")),
    h(
      "p",
      { class: "buttons" },
      h("button", {
        type: "button",
        onclick: () => attempt(async () => {
          await change("POST", TAKE_OUT);
          say(t("settings.take_out_begun"));
        }),
      }, t("settings.take_out_begin")),
      h("button", { type: "button", onclick: () => save(TAKE_OUT, "gym-tracker.zip") },
        t("settings.take_out_get")),
    ),
  ];
}

// --- lists of which something can be ended

function listPanel(name, path, shown, form = null) {
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
    return [rows, form === null ? null : form(again)];
  });
}

function endButton(path, about, again) {
  return h("button", {
    type: "button",
    class: "plain",
    "aria-label": `${t("delete")}: ${about}`,
    onclick: () => attempt(async () => {
      await change("DELETE", path);
      again();
    }),
  }, t("delete"));
}

function session(each, again) {
  const about = each.device ?? t("settings.unknown_device");
  return [
    each.is_current ? h("strong", {}, `${about} (${t("settings.here")})`) : about,
    formatDay(each.last_used_at),
    each.is_current ? "" : endButton(`/api/users/me/sessions/${each.id}`, about, again),
  ];
}

function accessToken(each, again) {
  const about = `${each.name}: ${each.scopes.join(", ")}`;
  return [
    about,
    each.last_used_at === null ? t("settings.never_used") : formatDay(each.last_used_at),
    endButton(`/api/users/me/tokens/${each.id}`, each.name, again),
  ];
}

function tokenForm(again) {
  const result = h("p", { role: "status", class: "secret" });
  return h("details", {}, h("summary", {}, t("settings.new_token")), sendingForm([
    field(t("settings.token_name"), { name: "name", id: "token-name", required: true }),
    ticks(t("settings.scopes"), "scopes", SCOPES),
  ], t("settings.make"), async (values, form) => {
    const made = await change("POST", "/api/users/me/tokens", {
      name: values.get("name"), scopes: values.getAll("scopes"),
    });
    form.reset();
    result.textContent = t("settings.token_once", { token: made.token });
    again();
  }), result);
}

function webhook(each, again) {
  const about = `${each.url}: ${each.events.join(", ")}`;
  const state = each.is_enabled ? "" : ` (${t("settings.disabled")})`;
  return [
    about + state,
    formatDay(each.created_at),
    endButton(`/api/webhooks/${each.id}`, each.url, again),
  ];
}

function webhookForm(again) {
  const result = h("p", { role: "status", class: "secret" });
  return h("details", {}, h("summary", {}, t("settings.new_webhook")), sendingForm([
    field(t("settings.url"), { type: "url", name: "url", required: true }),
    ticks(t("settings.events"), "events", EVENTS),
  ], t("settings.make"), async (values, form) => {
    const made = await change("POST", "/api/webhooks", {
      url: values.get("url"), events: values.getAll("events"),
    });
    form.reset();
    result.textContent = t("settings.secret_once", { secret: made.secret });
    again();
  }), result);
}
