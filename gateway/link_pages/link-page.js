"use strict";

// The token is in the fragment, which no server is sent. It is taken out of the address at once, so
// that it does not stay in the browser's history.
function takeToken() {
  const token = new URLSearchParams(location.hash.slice(1)).get("token");
  history.replaceState(null, "", location.pathname);
  return token;
}

function show(text) {
  const message = document.getElementById("message");
  message.textContent = text;
  message.focus();
}

// Offers the form, does what is asked for with the token, and says how that ended.
function offer(act, done) {
  const token = takeToken();
  const form = document.getElementById("form");
  if (!token) {
    show("This link is incomplete. Open it again from the mail, or copy all of it.");
    return;
  }
  form.hidden = false;
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const button = document.getElementById("send");
    button.disabled = true;
    show("One moment…");
    const problem = await act(token);
    button.disabled = false;
    if (problem === null) {
      form.hidden = true;
      form.reset();
      show(done);
    } else {
      show(problem);
    }
  });
}

// Returns null, or what went wrong.
async function send(path, body) {
  try {
    const answer = await fetch(path, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify(body),
      credentials: "omit",
      cache: "no-store",
    });
    if (answer.ok) {
      return null;
    }
    const { errors } = await answer.json();
    return errors.map((error) => `${error.message}.`).join("\n");
  } catch {
    return "The server did not answer. Try again in a moment.";
  }
}
