"use strict";

offer(
  (token) => send(`/api/mail/unsubscribe?token=${encodeURIComponent(token)}`, {}),
  "There will be no more mails about your week.",
);
