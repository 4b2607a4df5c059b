/* A button or a link that is drawn anew between press and release is clicked nevertheless: the browser makes no click of the
   two, as the pressed one is gone. The ids are Dash's, each there once. */
(function () {
  "use strict";
  let pressed = null;

  function clickable(event) { return event.target.closest ? event.target.closest("button[id], a[href]") : null; }

  document.addEventListener("pointerdown", (event) => {
    pressed = event.isPrimary && event.button === 0 ? clickable(event) : null;
  }, true);
  document.addEventListener("pointerup", (event) => {
    const before = pressed, now = clickable(event);
    pressed = null;
    if (!before || before.isConnected || !now) return;
    if (before.tagName === now.tagName && before.id === now.id && before.href === now.href) now.click();
  }, true);
})();
