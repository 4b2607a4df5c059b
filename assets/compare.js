/* The Compare page: two photos to slide or blink between, and an address that keeps what is chosen. */
(function () {
  "use strict";
  const BLINK_MS = 700;
  const calm = window.matchMedia("(prefers-reduced-motion: reduce)");

  function element(tag, values, ...children) {
    const made = Object.assign(document.createElement(tag), values);
    made.append(...children);
    return made;
  }

  function slide(place, over) {
    const range = element("input", { type: "range", min: 0, max: 100, value: 50, className: "form-range" });
    range.setAttribute("aria-label", `How much of ${place.dataset.overName} is seen`);
    const move = () => { over.style.clipPath = `inset(0 ${100 - range.value}% 0 0)`; };
    range.oninput = move;
    move();
    return [range];
  }

  function blink(place, over) {
    let timer = null;
    const said = element("span", { className: "soft small" });
    const turn = () => {
      over.hidden = !over.hidden;
      said.textContent = over.hidden ? place.dataset.underName : place.dataset.overName;
    };
    const button = element("button", { type: "button", className: "btn btn-quiet btn-sm" });
    const other = element("button", { type: "button", className: "btn btn-quiet btn-sm", textContent: "The other one", onclick: turn });
    const run = (on) => {
      clearInterval(timer);
      timer = on ? setInterval(() => { if (place.isConnected) turn(); else clearInterval(timer); }, BLINK_MS) : null;
      button.textContent = on ? "Stop" : "Blink";
    };
    button.onclick = () => run(timer === null);
    turn();
    run(!calm.matches);
    return [element("div", { className: "row-of" }, button, other, said)];
  }

  function show(place) {
    const [under, over] = ["under", "over"].map((which) =>
      element("img", { src: place.dataset[which], alt: place.dataset[`${which}Name`], className: which }));
    const make = place.dataset.view === "blink" ? blink : slide;
    place.replaceChildren(element("div", { className: "photo-pair-frame" }, under, over), ...make(place, over));
  }

  function mount() {
    document.querySelectorAll(".photo-pair[data-view]").forEach((place) => {
      const wanted = [place.dataset.view, place.dataset.under, place.dataset.over].join(" ");
      if (place.dataset.mounted === wanted) return;
      place.dataset.mounted = wanted;
      show(place);
    });
  }
  new MutationObserver(mount).observe(document.documentElement, {
    childList: true, subtree: true, attributes: true, attributeFilter: ["data-view", "data-over", "data-under"],
  });

  window.dash_clientside = Object.assign({}, window.dash_clientside, {
    compare: {
      address(reference, withScale, faces) {
        const kept = [`faces=${faces.join(",")}`, `reference=${reference}`].concat(withScale === "scaled" ? ["scale=1"] : []);
        history.replaceState(history.state, "", `/compare?${kept.join("&")}`);
        return window.dash_clientside.no_update;
      },
    },
  });
})();
