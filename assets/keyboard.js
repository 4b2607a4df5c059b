/* Keys for who knows them; `?` shows the sheet that lists them (components/shell.py). None acts while somebody types, or with Ctrl, Alt, Meta. */
(function () {
  "use strict";
  const PAGES = { s: "/", l: "/library", c: "/compare", t: "/statistics", m: "/models" };
  const PATIENCE_MS = 1500;
  let wentAt = 0;

  const types = (place) => place && place.closest("input:not([type=checkbox], [type=radio], [type=range], [type=file]), textarea, select, [contenteditable]");
  const sheet = () => document.getElementById("shortcuts");

  function toPage(address) {
    const link = document.querySelector(`.header a[href="${window.lifemask.at(address)}"]`);
    if (link) link.click(); // as a person would: the page is not loaded anew
  }

  /* The field appears with its page. */
  function whenThere(selector, act, left = 30) {
    const found = document.querySelector(selector);
    if (found) act(found);
    else if (left) setTimeout(whenThere, 100, selector, act, left - 1);
  }

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.altKey || event.metaKey || types(event.target)) return;
    const after = Date.now() - wentAt < PATIENCE_MS;
    wentAt = 0;
    if (after && PAGES[event.key]) toPage(PAGES[event.key]);
    else if (document.querySelector("dialog[open], .modal.show")) return;
    else if (event.key === "g") wentAt = Date.now();
    else if (event.key === "?") sheet().showModal();
    else if (event.key === "u") {
      if (window.lifemask.path() !== "/") toPage("/");
      whenThere("#photo-input", (input) => { input.focus(); if (navigator.userActivation.isActive) input.click(); });
    } else if (event.key === "/") {
      if (window.lifemask.path() !== "/library") toPage("/library");
      whenThere("#library-find", (field) => field.focus());
    } else return;
    event.preventDefault();
  });

  document.addEventListener("click", (event) => {
    const button = event.target.closest && event.target.closest("[data-shortcuts]");
    if (button && button.dataset.shortcuts === "open") sheet().showModal();
    else if (button || event.target === sheet()) sheet().close(); // its button, or beside it
  });
})();
