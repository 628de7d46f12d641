"use strict";

offer(
  (token) => send("/api/users/email-change/confirm", { token }),
  "The e-mail is confirmed. Sign in with it from now on.",
);
