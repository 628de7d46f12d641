// Keeps the page's own files, so that it opens without a network. Nothing of the API is kept here.

const NAME = "gym-{{version}}";
const FILES = {{files}};

self.addEventListener("install", (event) => {
  event.waitUntil(caches.open(NAME).then((cache) => cache.addAll(FILES)).then(() => self.skipWaiting()));
});

self.addEventListener("activate", (event) => {
  event.waitUntil(removeOld().then(() => self.clients.claim()));
});

self.addEventListener("fetch", (event) => {
  const { pathname, origin } = new URL(event.request.url);
  if (event.request.method !== "GET" || origin !== self.location.origin) {
    return;
  }
  if (pathname === "/") {
    event.respondWith(newest(event.request));
  } else if (FILES.includes(pathname)) {
    event.respondWith(kept(event.request));
  }
});

async function removeOld() {
  const names = await caches.keys();
  await Promise.all(names.filter((name) => name !== NAME).map((name) => caches.delete(name)));
}

async function newest(request) {
  try {
    return await fetch(request);
  } catch (problem) {
    const found = await caches.match("/");
    if (found === undefined) {
      throw problem;
    }
    return found;
  }
}

async function kept(request) {
  return (await caches.match(request)) ?? fetch(request);
}
