"use strict";

const password = document.getElementById("password");

document.getElementById("show").addEventListener("change", (event) => {
  password.type = event.target.checked ? "text" : "password";
});

offer(
  (token) =>
    send("/api/users/password-reset/confirm", { token, new_password: password.value }),
  "The password is changed. You can now sign in with it.",
);
