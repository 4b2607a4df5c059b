/* The Library: faces are chosen by click, shift-click (from the last one on), keys and touch; what is shown stands in the address.
   The server hears which are chosen and draws the list; the boxes are this script's. */
(function () {
  "use strict";
  let chosen = new Set();
  let anchor = null;
  let turned = null; /* which link turned to another page: it is looked for there */

  const grid = () => document.getElementById("library-faces");
  const all = () => (grid() && grid().dataset.faces ? grid().dataset.faces.split(",") : []); /* those on other pages too */
  const onPage = () => [...grid().querySelectorAll("[data-face]")].map((thumb) => thumb.dataset.face);
  const faceOf = (target) => target.closest && target.closest("#library-faces [data-face]");

  function draw() {
    if (!grid()) return;
    grid().querySelectorAll("[data-face]").forEach((thumb) => {
      const is = chosen.has(thumb.dataset.face);
      const box = thumb.querySelector("[role=checkbox]");
      if (box.getAttribute("aria-checked") !== String(is)) box.setAttribute("aria-checked", String(is));
      thumb.classList.toggle("chosen", is);
    });
    const count = all().length;
    write("library-all", chosen.size && chosen.size === count ? say("Select none") : say("Select all {count}", { count }));
    write("library-page-all", pageIsChosen() ? say("Deselect this page") : say("Select this page"));
  }

  function write(id, words) {
    const button = document.getElementById(id);
    if (button && button.textContent !== words) button.textContent = words; /* a change is seen below, and draws again */
  }

  const pageIsChosen = () => onPage().length > 0 && onPage().every((face) => chosen.has(face));

  function tell() {
    draw();
    window.dash_clientside.set_props("library-chosen", { data: all().filter((face) => chosen.has(face)) });
  }

  function toggle(face) {
    if (!chosen.delete(face)) chosen.add(face);
    anchor = face;
    tell();
  }

  /* All from the last one that was clicked to this, as files are chosen in folders. */
  function range(face) {
    const order = all();
    const from = order.indexOf(anchor);
    if (from < 0) { toggle(face); return; }
    const to = order.indexOf(face);
    order.slice(Math.min(from, to), Math.max(from, to) + 1).forEach((one) => chosen.add(one));
    tell();
  }

  /* Before Dash's own links, which would follow a shift-click. */
  document.addEventListener("click", (event) => {
    const thumb = faceOf(event.target);
    const onBox = thumb && event.target.closest("[role=checkbox]");
    if (!thumb || !(onBox || event.shiftKey)) return;
    event.preventDefault();
    event.stopPropagation();
    if (event.shiftKey) range(thumb.dataset.face);
    else toggle(thumb.dataset.face);
  }, true);
  document.addEventListener("mousedown", (event) => {
    if (event.shiftKey && faceOf(event.target)) event.preventDefault(); /* no text is marked */
  });

  function selectAll() {
    chosen = chosen.size === all().length ? new Set() : new Set(all());
    tell();
  }
  function selectPage() {
    const off = pageIsChosen();
    for (const face of onPage()) { if (off) chosen.delete(face); else chosen.add(face); }
    tell();
  }
  document.addEventListener("click", (event) => {
    if (!event.target.closest || !grid()) return;
    if (event.target.closest("#library-all")) selectAll();
    if (event.target.closest("#library-page-all")) selectPage();
  });

  /* Links to other pages turn them here, so that what is chosen stays; in a new tab they open as links do. */
  document.addEventListener("click", (event) => {
    const link = event.target.closest && event.target.closest("#library-list a[data-page]");
    if (!link || event.button || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
    event.preventDefault();
    turned = link.dataset.turn || "number";
    window.dash_clientside.set_props("library-page", { data: { page: Number(link.dataset.page), at: Date.now() } });
  });

  /* The other page begins at its top, where the same link is, to turn on by the same key. */
  function arrive() {
    const pager = document.querySelector("#library-list .pager");
    if (!turned || !pager) return;
    const same = pager.querySelector(`a[data-turn="${turned}"]`) || pager.querySelector("[aria-current]");
    turned = null;
    same.focus({ preventScroll: true });
    pager.scrollIntoView({ block: "start" });
  }

  document.addEventListener("keydown", (event) => {
    const thumb = faceOf(event.target);
    if (!thumb) return;
    const button = document.getElementById("library-delete");
    if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "a") { chosen = new Set(all()); tell(); }
    else if (event.key === "Escape" && chosen.size) { chosen = new Set(); tell(); }
    else if (event.key === "Delete" && chosen.size) button.click();
    else if (event.key === " " && event.shiftKey) range(thumb.dataset.face);
    else return;
    event.preventDefault();
  });

  /* The list is drawn anew: what is no longer in it is no longer chosen. */
  let shown = "";
  let page = "1";
  new MutationObserver(() => {
    if (!grid()) { chosen = new Set(); anchor = null; shown = ""; turned = null; return; }
    if (grid().dataset.faces !== shown) {
      shown = grid().dataset.faces;
      const order = new Set(all());
      const kept = [...chosen].filter((face) => order.has(face));
      if (kept.length !== chosen.size) { chosen = new Set(kept); tell(); return; }
    }
    if (grid().dataset.page !== page) { page = grid().dataset.page; arrive(); }
    draw();
  }).observe(document.documentElement, { childList: true, subtree: true, attributes: true, attributeFilter: ["data-faces", "data-face", "data-page"] });

  /* A click on 'Library' above leads to all of it, also from a part of it, which Dash takes for the same page. */
  window.addEventListener("_dashprivate_pushstate", () => {
    if (window.lifemask.path() !== "/library" || location.search || !document.getElementById("library-find")) return;
    const all = { find: "", sort: "newest", person: " ", tag: " ", network: " " };
    for (const [name, value] of Object.entries(all)) window.dash_clientside.set_props(`library-${name}`, { value });
  });

  window.dash_clientside = Object.assign({}, window.dash_clientside, {
    library: {
      address(query) {
        if (window.lifemask.path() === "/library") history.replaceState(history.state, "", query ? `?${query}` : location.pathname);
      },
    },
  });
})();
