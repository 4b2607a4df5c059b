/* Says so when Lifemask does not answer. It keeps that one page and nothing else: no photo and no result stays in a browser. */
"use strict";

const KEPT = "lifemask-3";
const SAYS_SO = new URL("assets/not-running.html", self.registration.scope).href;

self.addEventListener("install", (event) => {
  event.waitUntil(caches.open(KEPT).then((cache) => cache.add(SAYS_SO)).then(() => self.skipWaiting()));
});

self.addEventListener("activate", (event) => {
  const old = (names) => Promise.all(names.filter((name) => name !== KEPT).map((name) => caches.delete(name)));
  event.waitUntil(caches.keys().then(old).then(() => self.clients.claim()));
});

self.addEventListener("fetch", (event) => {
  if (event.request.mode === "navigate") event.respondWith(fetch(event.request).catch(() => caches.match(SAYS_SO)));
});
