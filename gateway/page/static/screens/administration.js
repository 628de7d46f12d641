// The accounts of others, for administrators.

import { change, get, getOne } from "../api.js";
import { h } from "../element.js";
import { ROLES } from "../enumerations.js";
import { choice, field, sendingForm, tick, username } from "../forms.js";
import { formatDay } from "../format.js";
import { count, t } from "../language.js";
import { go } from "../router.js";
import { currentUser } from "../user.js";
import { button, link, say, section, show } from "../view.js";

const ACCOUNTS = "/api/users";
const A_PAGE = 20;

export function showAdministration([id], isShown) {
  return id === undefined ? showAccounts(isShown) : showAccount(Number(id), isShown);
}

async function showAccounts(isShown) {
  const total = h("p", { role: "status", class: "quiet" });
  const list = h("ul", { class: "list" });
  const more = button(t("more"), () => load());
  let words = "";
  let page = 0;
  const load = async () => {
    const query = new URLSearchParams({ sort: "email", page: page + 1, limit: A_PAGE });
    if (words !== "") {
      query.set("q", words);
    }
    const found = await get(`${ACCOUNTS}?${query}`);
    page += 1;
    list.append(...found.data.map((account) => h("li", {}, listed(account))));
    more.hidden = page * A_PAGE >= found.page.total_items;
    total.textContent = count("administration.found", found.page.total_items);
  };
  const search = async (values) => {
    words = values.get("q").trim();
    page = 0;
    list.replaceChildren();
    await load();
  };
  await load();
  if (isShown()) {
    show(t("administration.title"), sendingForm([
      field(t("administration.search"), { type: "search", name: "q", maxlength: 100 }),
    ], t("administration.find"), search, { kind: "inline" }), total, list, more);
  }
}

function listed({ id, email, name, role, disabled }) {
  const about = [
    name, t(`role.${role}`), disabled ? t("settings.disabled") : null,
  ].filter((part) => part !== null);
  return link(`administration/${id}`, h("strong", {}, email),
    h("span", { class: "quiet" }, about.join(" · ")));
}

async function showAccount(id, isShown) {
  const path = `${ACCOUNTS}/${id}`;
  const account = await getOne(path);
  if (!isShown()) {
    return;
  }
  show(
    account.email,
    h("p", { class: "quiet" }, [account.name, t("administration.since", {
      day: formatDay(account.created_at),
    })].filter((part) => part !== null).join(" · ")),
    section(t("administration.rights"), rights(path, account)),
    section(t("settings.deletion"), deletion(path, account)),
  );
}

function rights(path, account) {
  return sendingForm([
    choice(t("administration.role"), { name: "role" }, ROLES, account.role,
      (role) => t(`role.${role}`)),
    tick(t("administration.disabled"), { name: "disabled", checked: account.disabled }),
  ], t("save"), async (values) => {
    await change("PUT", path, { role: values.get("role"), disabled: values.has("disabled") });
    say(t("saved"));
  });
}

function deletion(path, account) {
  return sendingForm([
    h("p", {}, t("administration.deletion_about", account)),
    username(currentUser().email),
    field(t("administration.your_password"), {
      type: "password", name: "password", id: "deletion-password", autocomplete: "current-password",
      required: true,
    }),
  ], t("settings.delete"), async (values) => {
    await change("DELETE", path, { password: values.get("password") });
    await go("administration");
    say(t("administration.deleted", account));
  }, { button: "danger" });
}
