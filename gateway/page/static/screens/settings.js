// What one has set, one's account, and the way out.

import { change, endSession } from "../api.js";
import { forgetDraft } from "../draft.js";
import { h } from "../element.js";
import { FORMULAS, WEEK_STARTS, WEIGHT_UNITS } from "../enumerations.js";
import { choice, field, sendingForm, tick, username } from "../forms.js";
import { t } from "../language.js";
import { go } from "../router.js";
import { forget } from "../store.js";
import { currentUser, forgetUser, loadUser, remember } from "../user.js";
import { button, say, section, show } from "../view.js";
import { discardAll } from "../waiting.js";
import { sessions, tokens } from "./access.js";
import { save } from "./transfer.js";
import { showWebhook, webhooks } from "./webhooks.js";

const TAKE_OUT = "/api/users/me/export";

export function showSettings([part, id], isShown) {
  if (part === "webhooks") {
    return showWebhook(Number(id), isShown);
  }
  show(
    t("settings.title"),
    section(t("settings.profile"), profileForm()),
    section(t("email"), emailForm()),
    section(t("settings.password"), passwordForm()),
    sessions(),
    tokens(),
    webhooks(),
    section(t("settings.take_out"), takeOut()),
    section(t("settings.deletion"), deletionForm()),
  );
  return undefined;
}

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

function emailForm() {
  return sendingForm([
    h("p", {}, t("settings.email_is", currentUser())),
    field(t("settings.new_email"), {
      type: "email", name: "email", id: "new-email", autocomplete: "email", required: true,
    }),
    username(currentUser().email),
    field(t("password"), {
      type: "password", name: "password", id: "email-password", autocomplete: "current-password",
      required: true,
    }),
  ], t("settings.change_email"), async (values) => {
    const { email, confirmed } = await change("PUT", "/api/users/me/email", {
      email: values.get("email"), password: values.get("password"),
    });
    await loadUser();
    await go("settings");
    say(t(confirmed ? "settings.email_changed" : "settings.email_sent", { email }));
  });
}

function passwordForm() {
  return sendingForm([
    username(currentUser().email),
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

function deletionForm() {
  return sendingForm([
    h("p", {}, t("settings.deletion_about")),
    username(currentUser().email),
    field(t("password"), {
      type: "password", name: "password", id: "deletion-password", autocomplete: "current-password",
      required: true,
    }),
  ], t("settings.delete"), async (values) => {
    await change("DELETE", "/api/users/me", { password: values.get("password") });
    await forgetKept();
    endSession();
    say(t("settings.deleted"));
  }, { button: "danger" });
}

// what this browser has kept is the account's as well
async function forgetKept() {
  forgetDraft();
  await discardAll();
  await forget("exercises", currentUser().id);
  forgetUser();
}

function takeOut() {
  return [
    h("p", {}, t("settings.take_out_about")),
    h(
      "p",
      { class: "buttons" },
      button(t("settings.take_out_begin"), async () => {
        await change("POST", TAKE_OUT);
        say(t("settings.take_out_begun"));
      }),
      button(t("settings.take_out_get"), () => save(TAKE_OUT, "gym-tracker.zip")),
    ),
  ];
}
