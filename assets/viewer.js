/* 3D views: a div of class `viewer` with data-src becomes a <model-viewer>, at once or when asked (data-on="click"). Its script is a megabyte,
   so it is fetched when the first view needs it. Views of one data-group turn together. */
(function () {
  "use strict";
  const START = { "camera-orbit": "-20deg 84deg 100%", "field-of-view": "28deg", "min-field-of-view": "6deg", "max-field-of-view": "40deg" };
  const LOOK = {
    "camera-controls": "", "touch-action": "pan-y", "interaction-prompt": "none",
    "shadow-intensity": "0", exposure: "0.72", "tone-mapping": "neutral", loading: "eager",
  };
  const LIT = "lit plaster";
  let script = null;
  const load = () => (script = script || import("/assets/vendor/model-viewer/model-viewer.min.js"));
  const calm = window.matchMedia("(prefers-reduced-motion: reduce)");

  function show(place) {
    load();
    const view = document.createElement("model-viewer");
    for (const [name, value] of Object.entries({ ...LOOK, ...START })) view.setAttribute(name, value);
    view.setAttribute("alt", place.dataset.alt || "The face in 3D");
    if (place.dataset.turning && !calm.matches) {
      view.setAttribute("auto-rotate", "");
      view.setAttribute("auto-rotate-delay", "0");
      view.setAttribute("rotation-per-second", "24deg");
    }
    const poster = place.querySelector("img"); // stays in sight until the model is there
    if (poster) view.poster = poster.src;
    const quiet = document.createElement("div"); // in the place of the progress bar, which lingers
    quiet.slot = "progress-bar";
    view.append(quiet);
    view.src = place.dataset.src;
    place.replaceChildren(view);
    view.addEventListener("load", () => {
      // colours that hold their light already (core/files/mesh_files.py) are shown as they are
      view.toneMapping = view.model?.materials.some((material) => material.name === LIT) ? "none" : LOOK["tone-mapping"];
      place.dataset.loaded = view.src;
    });
    view.addEventListener("error", () => {
      const note = document.createElement("p");
      note.className = "note p-3";
      note.textContent = "This browser could not show the model in 3D. The files can be downloaded all the same.";
      place.replaceChildren(note);
      place.dataset.failed = "1";
    });
    if (place.dataset.group) link(view, place.dataset.group);
  }

  function link(view, group) {
    view.addEventListener("camera-change", (event) => {
      if (event.detail.source !== "user-interaction") return;
      const orbit = view.getCameraOrbit().toString();
      const field = view.getFieldOfView() + "deg";
      document.querySelectorAll(`.viewer[data-group="${group}"] model-viewer`).forEach((other) => {
        if (other === view) return;
        other.cameraOrbit = orbit;
        other.fieldOfView = field;
        other.jumpCameraToGoal();
      });
    });
  }

  function offer(place) {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "btn btn-quiet btn-sm turn";
    button.textContent = "Turn in 3D";
    button.onclick = () => show(place);
    place.append(button);
  }

  function mount() {
    document.querySelectorAll(".viewer[data-src]").forEach((place) => {
      if (place.dataset.mounted === place.dataset.src) return;
      place.dataset.mounted = place.dataset.src;
      const view = place.querySelector("model-viewer");
      if (view) { delete place.dataset.loaded; view.src = place.dataset.src; }
      else if (place.dataset.on === "click") offer(place);
      else show(place);
    });
  }
  new MutationObserver(mount).observe(document.documentElement, {
    childList: true, subtree: true, attributes: true, attributeFilter: ["data-src"],
  });
})();
