/* A button that is drawn anew between press and release is clicked nevertheless: the browser makes no click of the two, as the
   pressed one is gone. The ids are Dash's, each there once. */
(function () {
  "use strict";
  let pressed = null;

  document.addEventListener("pointerdown", (event) => {
    pressed = event.isPrimary && event.button === 0 && event.target.closest ? event.target.closest("button[id]") : null;
  }, true);
  document.addEventListener("pointerup", (event) => {
    const before = pressed;
    pressed = null;
    if (!before || before.isConnected) return;
    const now = document.getElementById(before.id);
    if (now && now.contains(event.target)) now.click();
  }, true);
})();
