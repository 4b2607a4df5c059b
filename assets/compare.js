/* The Compare page: two photos to slide or blink between, faces to drag into another order, and an address that keeps
   what is chosen. */
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
    range.setAttribute("aria-label", say("How much of {name} is seen", { name: place.dataset.overName }));
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
    const other = element("button", { type: "button", className: "btn btn-quiet btn-sm", textContent: say("The other one"), onclick: turn });
    const run = (on) => {
      clearInterval(timer);
      timer = on ? setInterval(() => { if (place.isConnected) turn(); else clearInterval(timer); }, BLINK_MS) : null;
      button.textContent = on ? say("Stop") : say("Blink");
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

  /* How far one face has turned into the other: its viewer draws by `data-share`. */
  function morph(place) {
    const place3d = place.closest("figure").querySelector(".viewer"), { from, to } = place.dataset;
    const range = element("input", { type: "range", min: 0, max: 100, value: 0, className: "form-range" });
    const move = () => {
      place3d.dataset.share = range.value / 100;
      place3d.viewer?.ask();
      range.setAttribute("aria-valuetext", say("{share} % {name}", { share: range.value, name: to }));
    };
    range.setAttribute("aria-label", say("From {from} to {to}", { from, to }));
    range.oninput = move;
    move();
    place.replaceChildren(element("span", { textContent: from }), range, element("span", { textContent: to }));
  }

  function mount() {
    document.querySelectorAll(".morph-share[data-from]:empty").forEach(morph);
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

  /* Faces stand in the order of their style while one is dragged; then the page is asked for in that order. */
  const sides = () => [...document.querySelectorAll(".side-by-side > .side[data-face]")];
  const inOrder = () => sides().sort((one, other) => (one.style.order || 0) - (other.style.order || 0));

  function place(side, at) {
    const rest = inOrder().filter((one) => one !== side);
    rest.splice(at, 0, side);
    rest.forEach((one, order) => { one.style.order = order; });
  }

  function settle(side) {
    const order = inOrder().map((one) => one.dataset.face);
    const before = sides().map((one) => one.dataset.face);
    sides().forEach((one) => { one.style.order = ""; });
    if (order.join() === before.join()) return;
    const face = side.dataset.face;
    const asked = new URLSearchParams(window.location.search);
    asked.delete("faces");
    asked.set("reference", document.getElementById("compare-reference").value); // stays, wherever it stands
    const more = [...asked].map(([name, value]) => `&${name}=${encodeURIComponent(value)}`).join("");
    window.dash_clientside.set_props("compare-goto", { href: window.lifemask.at(`/compare?faces=${order.join()}${more}`) });
    arrived(order, face);
  }

  /* Once the page stands in the new order, the handle that was held is held again, and where it is, is said. */
  function arrived(order, face, tries = 200) {
    if (sides().map((one) => one.dataset.face).join() !== order.join()) {
      if (tries) setTimeout(() => arrived(order, face, tries - 1), 50);
      return;
    }
    const handle = document.querySelector(`.handle[data-move="${face}"]`);
    handle.focus({ preventScroll: true });
    document.getElementById("compare-moved").textContent =
      say("{name} is now {place} of {count}.", { name: handle.dataset.name, place: order.indexOf(face) + 1, count: order.length });
  }

  document.addEventListener("keydown", (event) => {
    const handle = event.target.closest && event.target.closest(".handle[data-move]");
    const steps = { ArrowLeft: -1, ArrowUp: -1, ArrowRight: 1, ArrowDown: 1 }[event.key];
    if (!handle || !steps) return;
    event.preventDefault();
    const side = handle.closest(".side");
    const at = sides().indexOf(side) + steps;
    if (at < 0 || at >= sides().length) return;
    place(side, at);
    settle(side);
  });

  document.addEventListener("pointerdown", (event) => {
    const handle = event.target.closest(".handle[data-move]");
    if (!handle || event.button !== 0) return;
    const side = handle.closest(".side");
    const homes = sides().map((one) => one.getBoundingClientRect());
    const across = homes.length < 2 || Math.abs(homes[1].left - homes[0].left) > Math.abs(homes[1].top - homes[0].top);
    handle.setPointerCapture(event.pointerId);
    side.classList.add("moving");
    const nearest = (at) => {
      const away = homes.map((home) => Math.abs(across ? at.clientX - home.left - home.width / 2 : at.clientY - home.top - home.height / 2));
      return away.indexOf(Math.min(...away));
    };
    const move = (at) => place(side, nearest(at));
    const end = (at) => {
      handle.removeEventListener("pointermove", move);
      handle.removeEventListener("pointerup", end);
      handle.removeEventListener("pointercancel", end);
      side.classList.remove("moving");
      if (at.type === "pointercancel") sides().forEach((one) => { one.style.order = ""; });
      settle(side);
    };
    handle.addEventListener("pointermove", move);
    handle.addEventListener("pointerup", end);
    handle.addEventListener("pointercancel", end);
  });

  window.dash_clientside = Object.assign({}, window.dash_clientside, {
    compare: {
      address(reference, withScale, range, heads, neutral, faces) {
        const kept = [`faces=${faces.join(",")}`, `reference=${reference}`];
        if (withScale === "scaled") kept.push("scale=1");
        if (range === "own") kept.push("range=own");
        if (heads) kept.push(`heads=${neutral ? "neutral" : "1"}`);
        if (window.lifemask.path() === "/compare") history.replaceState(history.state, "", `?${kept.join("&")}`);
        return window.dash_clientside.no_update;
      },
      /* All depth maps on one scale, or each on that of its own head. */
      range(chosen, ranges) {
        document.querySelectorAll(".side .map .js-plotly-plot").forEach((plot, order) => {
          const [zmin, zmax] = ranges[chosen][order];
          window.Plotly.restyle(plot, { zmin, zmax }, [0]);
        });
        return [chosen === "own", chosen === "shared"];
      },
    },
  });
})();
