/* A field is marked as invalid, and tied to the words under it, while there are any: `.field-error` names its field in data-for. */
(function () {
  "use strict";
  function mark() {
    document.querySelectorAll(".field-error[data-for]").forEach((words) => {
      const field = document.getElementById(words.dataset.for);
      if (!field) return;
      const wrong = words.textContent !== "";
      if (wrong === (field.getAttribute("aria-invalid") === "true")) return;
      if (wrong) {
        field.setAttribute("aria-invalid", "true");
        field.setAttribute("aria-describedby", words.id);
      } else {
        field.removeAttribute("aria-invalid");
        field.removeAttribute("aria-describedby");
      }
    });
  }
  new MutationObserver(mark).observe(document.documentElement, { childList: true, subtree: true, characterData: true });
})();
