// Webhooks: which there are, and of each what it was told and what came of that.

import { change, get, getOne } from "../api.js";
import { h } from "../element.js";
import { EVENTS } from "../enumerations.js";
import { field, sendingForm, ticks } from "../forms.js";
import { formatMoment, formatWhole } from "../format.js";
import { t } from "../language.js";
import { go } from "../router.js";
import { button, link, panel, say, section, show, table } from "../view.js";

const WEBHOOKS = "/api/webhooks";
const SHOWN = 20;
const LOOK_MS = 1000;
const MOST_LOOKS = 10;

/** The panel of all webhooks, with which one more is made. */
export function webhooks() {
  const list = h("div", {});
  const fill = async () => {
    const { data } = await get(WEBHOOKS);
    list.replaceChildren(data.length === 0 ? h("p", {}, t("settings.none"))
      : h("ul", { class: "list" }, data.map((each) => h("li", {}, listed(each)))));
  };
  return panel(t("settings.webhooks"), async () => {
    await fill();
    return [list, newWebhook(fill)];
  });
}

function listed(webhook) {
  return link(
    `settings/webhooks/${webhook.id}`,
    h("strong", {}, webhook.url),
    h("span", { class: "quiet" }, `${state(webhook)} · ${webhook.events.join(", ")}`),
  );
}

function state({ is_enabled: isEnabled, disabled_reason: reason }) {
  if (isEnabled) {
    return t("webhook.enabled");
  }
  return t(`webhook.disabled.${reason ?? "by_you"}`);
}

function newWebhook(done) {
  const secret = secretOutput();
  return h("details", {}, h("summary", {}, t("settings.new_webhook")), sendingForm(
    whatItIs({ url: "", description: null, events: [] }), t("settings.make"),
    async (values, form) => {
      const made = await change("POST", WEBHOOKS, body(values));
      form.reset();
      showSecret(secret, made);
      await done();
    }), secret);
}

function whatItIs({ url, description, events }) {
  return [
    field(t("settings.url"), { type: "url", name: "url", required: true, value: url }),
    field(t("webhook.description"), {
      name: "description", maxlength: 200, autocomplete: "off", value: description ?? "",
    }),
    ticks(t("settings.events"), "events", EVENTS, events),
  ];
}

function body(values) {
  return {
    url: values.get("url"),
    description: values.get("description"),
    events: values.getAll("events"),
  };
}

function secretOutput() {
  return h("p", { role: "status", class: "secret" });
}

function showSecret(output, { secret }) {
  output.textContent = t("settings.secret_once", { secret });
}

// --- one of them

export async function showWebhook(id, isShown) {
  const path = `${WEBHOOKS}/${id}`;
  const webhook = await getOne(path);
  if (!isShown()) {
    return;
  }
  const again = () => go(`settings/webhooks/${id}`);
  const told = panel(t("webhook.deliveries"),
    async () => (await get(`${path}/deliveries?limit=${SHOWN}`)).data,
    (found) => drawDeliveries(found, path, () => told.refresh()));
  show(
    webhook.description ?? t("webhook.title"),
    h("p", {}, webhook.url),
    section(t("webhook.state"), about(webhook), h("p", { class: "buttons" },
      button(t("webhook.test"), () => test(path, told.refresh, isShown)),
      button(t("webhook.look"), told.refresh),
      webhook.is_enabled
        ? button(t("webhook.disable"), () => enable(path, false, again))
        : button(t("webhook.enable"), () => enable(path, true, again)))),
    told,
    section(t("webhook.change"), sendingForm(whatItIs(webhook), t("save"), async (values) => {
      await change("PUT", path, body(values));
      await again();
      say(t("saved"));
    })),
    section(t("webhook.secret"), rotation(path)),
    section(t("delete"), button(t("webhook.delete"), async () => {
      await change("DELETE", path);
      await go("settings");
      say(t("webhook.deleted"));
    }, { class: "danger" })),
  );
}

function about(webhook) {
  const { failing_since: since, previous_secret_until: until } = webhook;
  return [
    state(webhook),
    since === null ? null : t("webhook.failing", { moment: formatMoment(since) }),
    until === null ? null : t("webhook.two_secrets", { moment: formatMoment(until) }),
  ].filter((text) => text !== null).map((text) => h("p", {}, text));
}

async function enable(path, isEnabled, done) {
  await change("PUT", path, { is_enabled: isEnabled });
  await done();
  say(t("saved"));
}

async function test(path, refresh, isShown) {
  const made = await change("POST", `${path}/test`);
  say(t("webhook.tested"));
  await refresh();
  for (let looks = 0; looks < MOST_LOOKS && isShown(); looks += 1) {
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
    const { data } = await get(`${path}/deliveries?limit=${SHOWN}`);
    if (data.find(({ id }) => id === made.id)?.attempts > 0) {
      await refresh();
      return;
    }
  }
}

function rotation(path) {
  const secret = secretOutput();
  return [
    h("p", {}, t("webhook.secret_about")),
    button(t("webhook.rotate"), async () => {
      showSecret(secret, await change("POST", `${path}/rotate-secret`));
    }),
    secret,
  ];
}

function drawDeliveries(found, path, refresh) {
  if (found.length === 0) {
    return h("p", {}, t("webhook.no_deliveries"));
  }
  const send = async ({ id }) => {
    await change("POST", `${path}/deliveries/${id}/redeliver`);
    say(t("webhook.sent_again"));
    await refresh();
  };
  const columns = ["event", "status", "attempts", "answer", "moment", "again"];
  return table(t("webhook.deliveries"), columns.map((name) => t(`delivery.${name}`)),
    found.map((each) => delivery(each, send)));
}

function delivery(each, send) {
  const moment = formatMoment(each.last_attempt_at ?? each.created_at);
  const next = each.next_attempt_at === null ? ""
    : ` (${t("delivery.next", { moment: formatMoment(each.next_attempt_at) })})`;
  return [
    h("details", {}, h("summary", {}, each.event_type),
      h("pre", {}, JSON.stringify(each.payload, null, 2))),
    t(`delivery.is_${each.status}`) + next,
    formatWhole(each.attempts),
    [each.response_status, each.problem].filter((part) => part !== null).join(": ") || "–",
    moment,
    button(t("delivery.again"), () => send(each), {
      class: "plain", "aria-label": `${t("delivery.again")}: ${each.event_type}, ${moment}`,
    }),
  ];
}
