/* Says so when Lifemask does not answer. It keeps that one page and nothing else: no photo and no result stays in a browser. */
"use strict";

const KEPT = "lifemask-2";
const SAYS_SO = ["/assets/not-running.html", "/assets/icon.svg"];

self.addEventListener("install", (event) => {
  event.waitUntil(caches.open(KEPT).then((cache) => cache.addAll(SAYS_SO)).then(() => self.skipWaiting()));
});

self.addEventListener("activate", (event) => {
  const old = (names) => Promise.all(names.filter((name) => name !== KEPT).map((name) => caches.delete(name)));
  event.waitUntil(caches.keys().then(old).then(() => self.clients.claim()));
});

self.addEventListener("fetch", (event) => {
  if (event.request.mode === "navigate") {
    event.respondWith(fetch(event.request).catch(() => caches.match(SAYS_SO[0])));
  } else if (new URL(event.request.url).pathname === SAYS_SO[1]) {
    event.respondWith(fetch(event.request).catch(() => caches.match(SAYS_SO[1])));
  }
});
