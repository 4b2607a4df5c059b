/* Asks the server whether anything of this browser's library has changed, often while it works, seldom else, never in a tab that nobody
   sees; so tabs follow each other. When it does not answer a banner says so until it does. Dash hears of a change by a store. */
(function () {
  "use strict";
  const BUSY_MS = 600;
  const IDLE_MS = 3000;
  const GONE_MS = 2000;
  const FIRST_MS = 1000;
  const PATIENCE_MS = 10_000;
  let timer = 0;
  let version = null;
  let banner = null;
  let asked = null; // the answer that is waited for

  function show(gone) {
    if (gone && !banner) {
      banner = document.createElement("div");
      banner.className = "gone";
      banner.setAttribute("role", "alert");
      banner.textContent = say("The server does not answer; your photos are safe. Trying again...");
      document.body.append(banner);
    } else if (!gone && banner) {
      banner.remove();
      banner = null;
      version = "unknown"; // whatever happened meanwhile is shown
      window.dispatchEvent(new Event("lifemask-back"));
    }
  }

  /* Progress is written into the rows that are there: what is drawn anew loses the focus of the keyboard. */
  function tell({ id, stage, progress }) {
    const row = document.querySelector(`[data-run="${id}"]`);
    if (!row) return;
    const percent = Math.round(100 * progress);
    const bar = row.querySelector(".bar");
    row.querySelector(".run-stage").textContent = stage;
    bar.setAttribute("aria-valuenow", percent);
    bar.setAttribute("aria-label", stage);
    bar.firstElementChild.style.width = Math.max(percent, 2) + "%";
  }

  async function news() {
    clearTimeout(timer);
    let pause = IDLE_MS;
    try {
      const answer = await fetch(window.lifemask.at("/api/changes"), { signal: AbortSignal.timeout(PATIENCE_MS) });
      version = version || document.getElementById("workspace")?.dataset.version;
      if (window.lifemask.isOfProxy(answer.status, answer.headers.get("Content-Type"))) throw new Error("no answer but the proxy's");
      if (answer.status === 401) { location.reload(); return; } // signed out elsewhere: the server says where to sign in
      const said = answer.ok ? await answer.json() : null;
      show(false);
      if (said && said.version !== version) {
        version = said.version;
        window.dash_clientside.set_props("workspace-version", { data: version });
      }
      if (said) said.running.forEach(tell);
      if (said && said.busy) pause = BUSY_MS;
    } catch {
      show(true);
      pause = GONE_MS;
    }
    timer = setTimeout(look, pause);
  }

  function ask() {
    asked = asked || news().finally(() => { asked = null; });
    return asked;
  }

  function look() {
    if (!document.hidden) ask();
  }

  window.lifemask.follow = ask; // at once, when a page has started something
  window.lifemask.isGone = () => Boolean(banner);
  // our own errors are JSON: this one comes from a proxy that got no answer from the server
  window.lifemask.isOfProxy = (status, type) => status >= 502 && status <= 504 && !(type || "").startsWith("application/json");
  document.addEventListener("visibilitychange", look);
  window.addEventListener("load", () => { timer = setTimeout(look, FIRST_MS); });
})();
