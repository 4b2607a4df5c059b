/* After a delete: a note that takes it back. It stays for as long as the server keeps what was deleted, on whatever page and
   over a reload; Ctrl+Z does the same. */
(function () {
  "use strict";
  const KEY = "lifemask-undo";
  let offers = []; /* {address, said, until}, the latest last */

  function kept() {
    try { return JSON.parse(sessionStorage.getItem(KEY)) || []; } catch { return []; /* storage is off: until reload */ }
  }
  function keep() {
    try { sessionStorage.setItem(KEY, JSON.stringify(offers)); } catch { /* as above */ }
  }

  function drop(offer) {
    offers = offers.filter((one) => one !== offer);
    keep();
    draw();
  }

  /* Pages that list faces are told; one that only has them as a strip is loaded anew. */
  function refresh() {
    for (const card of document.querySelectorAll(".card-face[hidden]")) card.hidden = false; // undone before the page drew what is left
    const nudge = { "/": "studio-nudge", "/library": "library-nudge" }[window.lifemask.path()];
    if (nudge) window.dash_clientside.set_props(nudge, { data: Date.now() });
    else if (document.querySelector(".strip, .empty")) location.reload();
  }

  async function undo(offer) {
    if (offer.busy) return;
    offer.busy = true;
    const answer = await fetch(offer.address, { method: "POST" }).catch(() => null);
    if (answer && answer.ok) { drop(offer); refresh(); return; }
    const said = answer ? (await answer.json().catch(() => ({}))).error : "";
    offer.said = said || say("The app does not answer. Is it still running?");
    offer.over = true;
    draw();
  }

  function note(offer) {
    const line = document.createElement("div");
    const words = document.createElement("span");
    words.textContent = offer.said;
    line.className = "undo-note";
    line.append(words);
    if (!offer.over) {
      const button = document.createElement("button");
      Object.assign(button, { type: "button", className: "btn btn-plain btn-sm", textContent: say("Undo"), onclick: () => undo(offer) });
      line.append(button);
    }
    return line;
  }

  /* A note that is there already stays as it is: a focused button keeps its focus. */
  function draw() {
    const place = document.getElementById("undo");
    if (!place) return;
    for (const offer of offers) {
      if (!offer.line || offer.lineSaid !== offer.said) {
        const line = note(offer);
        if (offer.line) offer.line.replaceWith(line);
        Object.defineProperty(offer, "line", { value: line, configurable: true, enumerable: false });
        Object.defineProperty(offer, "lineSaid", { value: offer.said, configurable: true, enumerable: false });
      }
    }
    const lines = offers.map((offer) => offer.line);
    [...place.children].forEach((child) => { if (!lines.includes(child)) child.remove(); });
    lines.forEach((line) => { if (!line.isConnected) place.append(line); });
  }

  function follow(offer) {
    setTimeout(() => { offer.over = true; drop(offer); }, Math.max(0, offer.until - Date.now()));
  }

  document.addEventListener("keydown", (event) => {
    const typing = event.target.closest && event.target.closest("input, textarea, select, [contenteditable]");
    const last = offers.filter((offer) => !offer.over).pop();
    if (!last || typing || event.shiftKey || event.altKey || !(event.ctrlKey || event.metaKey) || event.key.toLowerCase() !== "z") return;
    event.preventDefault();
    undo(last);
  });

  /* The place comes with the frame of the page, after a load. */
  const seen = new MutationObserver(() => {
    if (!document.getElementById("undo")) return;
    seen.disconnect();
    offers = kept().filter((offer) => offer.until > Date.now() && !offer.over).map(({ address, said, until }) => ({ address, said, until }));
    offers.forEach(follow);
    draw();
  });
  seen.observe(document.documentElement, { childList: true, subtree: true });

  window.dash_clientside = Object.assign({}, window.dash_clientside, {
    undo: {
      offer({ address, said, seconds }) {
        const offer = { address, said, until: Date.now() + 1000 * seconds };
        offers.push(offer);
        keep();
        follow(offer);
        draw();
      },
    },
  });
})();
