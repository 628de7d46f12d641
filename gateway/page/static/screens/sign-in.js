// Sign in, register, and a new password by mail.

import { signIn, ApiError } from "../api.js";
import { h } from "../element.js";
import { field, sendingForm } from "../forms.js";
import { t } from "../language.js";
import { show } from "../view.js";

/**
 * Show the screen until somebody is signed in.
 *
 * @param {function} done called with the user
 */
export function showSignIn(done) {
  show(t("signin.title"), form({
    id: "signin",
    password: "current-password",
    button: t("signin.button"),
    send: async (values) => done(await signIn("/api/users/login", values)),
  }), h(
    "p",
    { class: "links" },
    button(t("signin.register"), () => showRegistration(done)),
    button(t("signin.forgotten"), () => showForgotten(done)),
  ));
}

function showRegistration(done) {
  show(t("register.title"), form({
    id: "register",
    password: "new-password",
    note: t("register.rule"),
    button: t("register.button"),
    send: async (values) => done(await signIn("/api/users/register", values)),
  }), back(done));
}

function showForgotten(done) {
  show(t("forgotten.title"), h("p", {}, t("forgotten.about")), form({
    id: "forgotten",
    password: null,
    button: t("forgotten.button"),
    send: async ({ email }) => {
      const answer = await fetch("/api/users/password-reset", {
        method: "POST",
        headers: { "Content-Type": "application/json" },
        body: JSON.stringify({ email }),
      });
      if (!answer.ok) {
        throw new ApiError(answer.status, (await answer.json()).errors);
      }
      show(t("forgotten.title"), h("p", {}, t("forgotten.done")), back(done));
    },
  }), back(done));
}

function form({ id, password, note = null, button: label, send }) {
  const asked = {
    type: "password", name: "password", id: `${id}-password`, autocomplete: password,
    required: true, minlength: password === "new-password" ? 8 : null,
  };
  return sendingForm([
    field(t("email"), {
      type: "email", name: "email", id: `${id}-email`, autocomplete: "username", required: true,
    }),
    password === null ? null : field(t("password"), asked, note),
  ], label, (values) => send(Object.fromEntries(values)), { kind: "narrow" });
}

function back(done) {
  return h("p", { class: "links" }, button(t("signin.back"), () => showSignIn(done)));
}

function button(label, run) {
  return h("button", { type: "button", class: "plain", onclick: run }, label);
}
