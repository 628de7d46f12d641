"use strict";

offer(
  "/api/users/email-change/confirm",
  (token) => ({ token }),
  "The e-mail is confirmed. Sign in with it from now on.",
);
