/* 3D views: a div of class `viewer` with data-src is filled by assets/viewer, at once or when asked (data-on="click"), and a div of
   class `viewer-tools` with the tools of its data-group. The drawing itself is fetched when the first view needs it. */
(function () {
  "use strict";
  let parts = null;
  function load() {
    parts = parts || import("VIEWER_ADDRESS");
    parts.catch(() => { parts = null; });
    return parts;
  }

  function show(place) {
    load().then((viewing) => viewing.show(place)).catch(() => {
      const note = document.createElement("p");
      note.className = "note p-3";
      note.textContent = say("The 3D view could not be loaded. Reload the page.");
      place.replaceChildren(note);
      place.dataset.failed = "1";
    });
  }

  function offer(place) {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "btn btn-quiet btn-sm turn";
    button.textContent = say("Turn in 3D");
    button.onclick = () => {
      place.dataset.on = "now";
      button.remove();
      show(place);
    };
    place.append(button);
  }

  function mount() {
    document.querySelectorAll(".viewer[data-src]").forEach((place) => {
      const { src, points, openness } = place.dataset, wanted = [src, points, openness].join(" ");
      if (place.dataset.mounted === wanted) return;
      const isNew = place.dataset.mounted === undefined;
      place.dataset.mounted = wanted;
      if (place.dataset.on !== "click") show(place);
      else if (isNew) offer(place);
    });
    document.querySelectorAll(".viewer-tools:empty").forEach((tools) => load().then((viewing) => viewing.equip(tools)));
    parts?.then((viewing) => viewing.sweep());
  }
  new MutationObserver(mount).observe(document.documentElement, {
    childList: true, subtree: true, attributes: true, attributeFilter: ["data-src", "data-points", "data-openness"],
  });
})();
