// Requests to the API: the envelope, the tokens, and what went wrong.

const REFRESH_PATH = "/api/users/token/refresh";
const IN_COOKIE = { "X-Refresh-Token": "cookie" };
const RETRIED_MS = 800;

/** A request that was refused, or not answered at all (status 0). */
export class ApiError extends Error {
  constructor(status, errors) {
    super(errors.map((error) => error.message).join("; "));
    this.status = status;
    this.errors = errors;
  }

  /** Whether it may be worth another try. */
  get isPassing() {
    return this.status === 0 || this.status === 429 || this.status >= 502;
  }
}

// only here: a script that gets into the page must not find it anywhere else, nor keep it
let token = null;
let refreshing = null;
let whenSignedOut = () => {};

/** Have a function called when the session has ended. */
export function onSignedOut(listener) {
  whenSignedOut = listener;
}

/** Sign in or register; returns the user. */
export async function signIn(path, credentials) {
  const { data } = await send("POST", path, { body: credentials, headers: IN_COOKIE });
  token = data[0].token;
  return data[0].user ?? data[0];
}

/** Go on with the session that the browser has a cookie of; returns whether there is one. */
export async function resume() {
  try {
    await refresh();
  } catch (problem) {
    if (problem.status === 401) {
      return false;
    }
    throw problem;
  }
  return true;
}

/** End the session; throws if it may go on, as the server could not be asked. */
export async function signOut() {
  try {
    await authorized("POST", "/api/users/logout", { headers: IN_COOKIE });
  } catch (problem) {
    // also if that is the refresh's: then there is no session any more
    if (problem.status !== 401) {
      throw problem;
    }
  }
  endSession();
}

/** Forget the token, which is good for nothing any more. */
export function endSession() {
  token = null;
  whenSignedOut();
}

/** Ask for something, and return `{data, page, etag}`. */
export async function get(path) {
  try {
    return await authorized("GET", path, {});
  } catch (problem) {
    if (!problem.isPassing || problem.status === 429) {
      throw problem;
    }
    await new Promise((resolve) => setTimeout(resolve, RETRIED_MS));
    return authorized("GET", path, {});
  }
}

/** Ask for one thing. */
export async function getOne(path) {
  return (await get(path)).data[0];
}

/** Ask for all pages of a list. */
export async function getAll(path, limit = 100) {
  const items = [];
  const joint = path.includes("?") ? "&" : "?";
  for (let page = 1; ; page += 1) {
    const found = await get(`${path}${joint}page=${page}&limit=${limit}`);
    items.push(...found.data);
    if (items.length >= found.page.total_items || found.data.length === 0) {
      return items;
    }
  }
}

/** Change something, and return the one thing that the answer shows. */
export async function change(method, path, body, headers = {}) {
  const { data } = await authorized(method, path, { body, headers });
  return data[0];
}

/** Send a file as it is, and return what the answer shows. */
export async function upload(path, file, mediaType) {
  const { data } = await authorized("POST", path, { raw: file, headers: { "Content-Type": mediaType } });
  return data[0];
}

/** Ask for a file; null if it is not ready yet. */
export async function download(path) {
  const answer = await askAuthorized(path);
  return answer.status === 202 ? null : answer.blob();
}

/** Yield the lines of a stream, until the server ends it or the signal says so. */
export async function* streamLines(path, signal) {
  const { body } = await askAuthorized(path, { signal });
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  for (;;) {
    const { done, value } = await reader.read();
    if (done) {
      return;
    }
    const lines = (rest + value).split("\n");
    rest = lines.pop();
    yield* lines;
  }
}

// an answer that is no envelope, unless it is a refusal
async function askAuthorized(path, options = {}) {
  await getToken();
  let answer = await ask("GET", path, withToken(options));
  if (answer.status === 401) {
    await refresh();
    answer = await ask("GET", path, withToken(options));
  }
  if (!answer.ok) {
    await opened(answer);
  }
  return answer;
}

async function getToken() {
  if (token === null) {
    await refresh();
  }
}

async function authorized(method, path, options) {
  await getToken();
  try {
    return await send(method, path, withToken(options));
  } catch (problem) {
    if (problem.status !== 401) {
      throw problem;
    }
  }
  await refresh();
  return send(method, path, withToken(options));
}

function withToken(options) {
  return { ...options, headers: { ...options.headers, ...bearer() } };
}

function bearer() {
  return token === null ? {} : { Authorization: `Bearer ${token}` };
}

// of several requests that find the token expired one refreshes, and in all tabs one after the other
function refresh() {
  refreshing ??= inTurn(async () => {
    try {
      const { data } = await send("POST", REFRESH_PATH, { body: {}, headers: IN_COOKIE });
      token = data[0].token;
    } catch (problem) {
      if (problem.status === 401 && token !== null) {
        endSession();
      }
      throw problem;
    } finally {
      refreshing = null;
    }
  });
  return refreshing;
}

function inTurn(work) {
  return navigator.locks ? navigator.locks.request("gym-refresh", work) : work();
}

async function send(method, path, options) {
  return opened(await ask(method, path, options));
}

async function ask(method, path, { body, raw, signal, headers = {} }) {
  const options = { method, headers: { ...headers }, cache: "no-cache", body: raw, signal };
  if (body !== undefined) {
    options.headers["Content-Type"] = "application/json";
    options.body = JSON.stringify(body);
  }
  try {
    return await fetch(path, options);
  } catch {
    throw new ApiError(0, [{ code: "NO_ANSWER", message: "The server does not answer" }]);
  }
}

async function opened(answer) {
  let envelope;
  try {
    envelope = await answer.json();
  } catch {
    const message = `The server answered with ${answer.status}`;
    throw new ApiError(answer.status, [{ code: "NO_ENVELOPE", message }]);
  }
  if (!answer.ok) {
    throw new ApiError(answer.status, envelope.errors ?? []);
  }
  return { data: envelope.data, page: envelope.meta?.page, etag: answer.headers.get("ETag") };
}
