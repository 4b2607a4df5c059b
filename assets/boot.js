/* Runs in <head>, before the first paint: the theme that the person chose, else the machine's. Then the service worker,
   and `say`, by which all scripts speak: their words are English here, and come in other languages with the scripts. */
(function () {
  "use strict";
  const dark = window.matchMedia("(prefers-color-scheme: dark)");
  function kept() {
    try { return localStorage.getItem("lifemask-theme"); } catch { return null; /* storage is off: the machine's */ }
  }
  function apply(chosen) {
    const choice = chosen || kept() || "auto";
    const theme = choice === "auto" ? (dark.matches ? "dark" : "light") : choice;
    document.documentElement.dataset.bsTheme = theme;
    document.documentElement.dataset.themeChoice = choice;
  }
  const prefix = document.documentElement.dataset.prefix; // where the app stands below its host
  window.lifemask = {
    applyTheme: apply, themeAtLoad: kept() || "auto", words: {},
    at: (path) => prefix + path, // the address of a path of ours
    path: () => location.pathname.slice(prefix.length), // that of the page
  };
  window.say = (text, values = {}) => (window.lifemask.words[text] || text).replace(/\{(\w+)\}/g, (place, name) => values[name] ?? place);
  dark.addEventListener("change", () => apply(document.documentElement.dataset.themeChoice));
  apply();
  if ("serviceWorker" in navigator && window.isSecureContext) {
    window.addEventListener("load", () => navigator.serviceWorker.register(window.lifemask.at("/service-worker.js")).catch(() => {}));
  }
})();
