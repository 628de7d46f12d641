// What does not stand in the navigation of a phone.

import { signOut } from "../api.js";
import { h } from "../element.js";
import { t } from "../language.js";
import { currentUser, forgetUser } from "../user.js";
import { button, explained, link, say, show } from "../view.js";

export function showMore() {
  show(
    t("more.title"),
    h("p", { class: "quiet" }, currentUser().email),
    h(
      "ul",
      { class: "list" },
      h("li", {}, link("body", t("body.title"))),
      h("li", {}, link("muscles", t("muscles.title"))),
      h("li", {}, link("transfer", t("transfer.title"))),
      h("li", {}, link("settings", t("settings.title"))),
      currentUser().role === "admin"
        ? h("li", {}, link("administration", t("administration.title"))) : null,
      h("li", {}, h("a", { href: "/docs" }, t("more.docs"))),
    ),
    h("p", {}, button(t("more.sign_out"), leave)),
  );
}

async function leave() {
  const { id } = currentUser();
  try {
    await signOut();
    forgetUser();
  } catch (problem) {
    // by then it may be somebody else
    const again = () => currentUser()?.id === id && leave();
    window.addEventListener("online", again, { once: true });
    say(t("more.not_signed_out", { problem: explained(problem) }));
  }
}
