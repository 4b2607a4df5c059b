/* The places of a page where something is seen in 3D: each with its model in the look of its group, the tools of a group, lengths
   that are measured. Found and asked for by assets/viewer.js. */
import { Raycaster, Vector2, Vector3 } from "../vendor/three/three.module.min.js";
import { dense, Drawing, KEY, staged } from "./drawing.js";
import { Gone } from "./reading.js";
import { calm, Group, listen, STATIONS } from "./turning.js";

const NOT_SHOWN = say("This browser could not show the model in 3D. The files can be downloaded all the same.");
const KEYS = say("Arrow keys turn it, with Shift they move it; plus and minus zoom; 1, 2, 3 are views, 0 resets; F is full screen, W wireframe.");
const HINT = say("Drag to turn, scroll to zoom, two fingers to move"), HINT_KEY = "lifemask-has-turned", HINT_PX = 260;
const AHEAD = "200% 0px"; // models are fetched before they come into sight
const NEAR_PX = 8; // of a click to the point of a cloud that it means
const PICTURE_PX = 1600;
const LOOKS = { textured: say("Textured"), plaster: say("Plaster"), cloud: say("Cloud"), seen: say("What was seen") };
const SIGNS = {
  reset: "M4 10a6 6 0 1 0 2-4.5M4 3v3.500h3.500", full: "M3 7V3h4M13 3h4v4M17 13v4h-4M7 17H3v-4",
  picture: "M3 4h14v12H3zM3 13l4-4 4 4 3-3 3 3M13 7.500h.01", wire: "M3 5l7-2 7 2v10l-7 2-7-2zM3 5l14 10M17 5L3 15M10 3v14",
  light: "M10 6a4 4 0 1 1 0 8M10 6a4 4 0 0 0 0 8M10 1v2M10 17v2M1 10h2M17 10h2M3.600 3.600l1.500 1.500M3.600 16.400l1.500-1.500",
  measure: "M2 13L13 2l5 5L7 18zM5 10l2 2M8 7l3 3M11 4l2 2",
};

let drawing = null;
const groups = new Map(), views = new Set();

const coming = new IntersectionObserver((entries) => {
  for (const { target, isIntersecting } of entries) {
    if (!isIntersecting || !target.viewer) continue;
    coming.unobserve(target);
    target.viewer.load();
  }
}, { rootMargin: AHEAD });
const seen = new IntersectionObserver((entries) => {
  for (const { target, isIntersecting } of entries) target.viewer?.see(isIntersecting);
});
const sized = new ResizeObserver((entries) => {
  for (const { target } of entries) target.viewer?.fit();
  drawing?.shrink();
});

function element(tag, values = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(values)) made.setAttribute(name, value);
  made.append(...children);
  return made;
}

/* The group of that name on this page: what it is asked to show is kept while the page stays, whatever becomes of its views. */
function groupOf(name, look) {
  if (!name) return new Group(look);
  const key = `${location.pathname} ${name}`;
  if (!groups.has(key)) groups.set(key, new Group(look));
  const group = groups.get(key);
  group.look = group.look || look;
  return group;
}

class View {
  constructor(place) {
    this.place = place;
    this.group = groupOf(place.dataset.group, place.dataset.always ? undefined : place.dataset.look);
    this.canvas = element("canvas", { tabindex: 0, role: "application", "aria-roledescription": say("3D view"), "aria-label": `${place.dataset.alt || say("The face in 3D")}. ${KEYS}` });
    this.isStale = true;
    this.isSeen = false;
    this.held = [];
    this.deaf = listen(this, used);
    this.canvas.addEventListener("pointerdown", () => { this.group.current = this; });
    this.canvas.addEventListener("focus", () => { this.group.current = this; });
    this.group.views.add(this);
    if (place.dataset.turning) this.group.isTurning = !calm.matches;
    place.append(this.canvas);
    drawing.views.add(this);
    views.add(this);
    for (const observer of [coming, seen, sized]) observer.observe(place);
  }

  get drawing() { return drawing; }

  /* As the poster is framed: round the face, or all of the crop. */
  get frame() {
    const frame = this.model?.frame;
    return (this.place.querySelector(":scope > img:not(.poster)") && frame?.crop) || frame;
  }

  get look() { return this.place.dataset.always ? this.place.dataset.look : this.group.look; }

  async load() {
    const { src, points, openness } = this.place.dataset, look = this.look;
    const wish = [src, points, openness, look].join(" ");
    if (this.wish === wish) return;
    this.wish = wish;
    const isWanted = () => this.wish === wish && this.place.isConnected;
    const held = look === "cloud" ? [drawing.models.take("points", points, isWanted)] : [drawing.models.take("surface", src, isWanted)];
    if (look === "plaster" && openness) held.push(drawing.models.take("openness", openness, isWanted));
    const drop = () => held.forEach((one) => one.drop());
    try {
      const [model, open] = await Promise.all(held.map((one) => one.made));
      if (!isWanted() || !drawing) { drop(); return; }
      let as = look === "cloud" ? "cloud" : "plaster";
      if (look !== "plaster" && model.photo && as !== "cloud") as = "photo";
      else if (look !== "plaster" && model.geometry.getAttribute("colour")) as = "colours";
      if (look === "seen" && as === "photo") as = "seen";
      this.letGo();
      this.held = held;
      Object.assign(this, { model, as, ...staged(model, as, open) });
      this.shown = { src: look === "cloud" ? points : src, look: look || as };
      this.fit();
      this.group.reframe();
      this.group.begin();
      this.ask();
    } catch (error) {
      drop();
      if (isWanted()) this.fail(error instanceof Gone ? error.message : NOT_SHOWN);
    }
  }

  fit() {
    const width = Math.round(this.place.clientWidth * dense()), height = Math.round(this.place.clientHeight * dense());
    if (!width || !height || (this.canvas.width === width && this.canvas.height === height)) return;
    Object.assign(this.canvas, { width, height });
    this.ask();
  }

  see(isSeen) {
    this.isSeen = isSeen;
    if (isSeen) drawing?.ask();
  }

  ask() {
    this.isStale = true;
    drawing?.ask();
  }

  aim(camera, width, height) { this.group.aim(camera, width, height); }

  /* What is there to see: the mark that tests and styles wait for. */
  drawn() {
    if (this.place.dataset.loaded === this.shown.src && this.place.dataset.shown === this.shown.look) return;
    this.place.dataset.loaded = this.shown.src;
    this.place.dataset.shown = this.shown.look;
    hint(this.place);
    refresh(this.group);
  }

  /* Where a point in mm is on the canvas, in its pixels. */
  project(point, width = this.canvas.width, height = this.canvas.height) {
    this.group.aim(drawing.camera, width, height);
    const at = new Vector3(...point).project(drawing.camera);
    return [((at.x + 1) / 2) * width, ((1 - at.y) / 2) * height];
  }

  clicked(event) {
    const { group } = this;
    if (!group.isMeasuring || !this.model) return;
    const point = this.pick(event.offsetX, event.offsetY);
    if (!point) return;
    const going = group.measured?.view === this && group.measured.points.length === 1 ? group.measured.points : [];
    group.measured = { view: this, points: [...going, point] };
    refresh(group);
    group.changed();
  }

  /* The point of the model under a place of the canvas, in mm; nothing where there is none. */
  pick(x, y) {
    const width = this.canvas.clientWidth, height = this.canvas.clientHeight;
    this.group.aim(drawing.camera, width, height);
    if (!this.model.isCloud) {
      const ray = new Raycaster();
      ray.setFromCamera(new Vector2((2 * x) / width - 1, 1 - (2 * y) / height), drawing.camera);
      return ray.intersectObject(this.body)[0]?.point.toArray();
    }
    const places = this.model.geometry.getAttribute("position").array, at = new Vector3();
    let best = null, nearest = Infinity;
    for (let i = 0; i < places.length; i += 3) {
      at.fromArray(places, i).project(drawing.camera);
      const off = Math.hypot(((at.x + 1) / 2) * width - x, ((1 - at.y) / 2) * height - y);
      const cost = off / NEAR_PX + 50 * at.z; // of those that are near the click, the one in front
      if (off <= NEAR_PX && cost < nearest) {
        nearest = cost;
        best = i;
      }
    }
    return best === null ? undefined : [...places.subarray(best, best + 3)];
  }

  /* Draws the measured length over the picture; it is seen through the model. */
  mark(paper, width, height) {
    const measured = this.group.measured;
    if (measured?.view !== this) return;
    const ends = measured.points.map((point) => this.project(point, width, height)), unit = width / this.canvas.clientWidth;
    const stroke = (colour, thick) => {
      Object.assign(paper, { strokeStyle: colour, lineWidth: thick * unit, lineCap: "round" });
      paper.beginPath();
      paper.moveTo(...ends[0]);
      paper.lineTo(...ends[ends.length - 1]);
      paper.stroke();
    };
    stroke("#fffaf3", 5);
    stroke("#a2431f", 2);
    for (const [x, y] of ends) {
      Object.assign(paper, { fillStyle: "#a2431f", strokeStyle: "#fffaf3", lineWidth: 1.5 * unit });
      paper.beginPath();
      paper.arc(x, y, 4 * unit, 0, 7);
      paper.fill();
      paper.stroke();
    }
    if (ends.length < 2) return;
    const words = millimetres(measured.points), size = 13 * unit;
    paper.font = `600 ${size}px system-ui, sans-serif`;
    const long = paper.measureText(words).width + size, [x, y] = [(ends[0][0] + ends[1][0]) / 2, (ends[0][1] + ends[1][1]) / 2 - 1.4 * size];
    paper.fillStyle = "#fffaf3";
    paper.beginPath();
    paper.roundRect(x - long / 2, y - 0.9 * size, long, 1.8 * size, 0.4 * size);
    paper.fill();
    Object.assign(paper, { fillStyle: "#26221d", textAlign: "center", textBaseline: "middle" });
    paper.fillText(words, x, y);
  }

  setWire(on) {
    this.group.isWire = on;
    refresh(this.group);
    this.group.changed();
  }

  stopMeasuring() {
    this.group.isMeasuring = false;
    this.group.measured = null;
    refresh(this.group);
    this.group.changed();
  }

  toFull() {
    if (document.fullscreenElement) document.exitFullscreen();
    else (this.place.closest(".viewing") || this.place).requestFullscreen().catch(() => {}); // a frame may forbid it
  }

  /* Saves the view as it is, without its ground, as a PNG. */
  save() {
    const paper = document.createElement("canvas"), { width, height } = this.canvas;
    const larger = Math.max(1, PICTURE_PX / Math.max(width, height));
    Object.assign(paper, { width: Math.round(width * larger), height: Math.round(height * larger) });
    drawing.draw(this, paper);
    drawing.shrink();
    const name = (this.place.dataset.name || "face").replace(/\.[^.]{1,5}$/, "").replace(/[^\p{L}\p{N}._-]+/gu, "_");
    paper.toBlob((blob) => {
      const link = element("a", { href: URL.createObjectURL(blob), download: `${name}-${this.shown.look}.png` });
      link.click();
      setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
    }, "image/png");
  }

  sayLost(isLost) {
    this.place.querySelector(".lost")?.remove();
    if (isLost) this.place.append(element("p", { class: "viewer-note lost", role: "status" }, say("The graphics were reset. The view comes back by itself.")));
  }

  fail(words) {
    this.end();
    this.place.replaceChildren(element("p", { class: "note p-3", role: "status" }, words));
    this.place.dataset.failed = "1";
  }

  /* Lets go of what it shows. */
  letGo() {
    this.material?.dispose();
    this.held.forEach((one) => one.drop());
    this.held = [];
    this.model = null;
  }

  end() {
    this.letGo();
    this.wish = null;
    this.deaf();
    for (const observer of [coming, seen, sized]) observer.unobserve(this.place);
    if (this.group.current === this) this.group.current = null;
    if (this.group.measured?.view === this) this.group.measured = null;
    this.group.views.delete(this);
    drawing.views.delete(this);
    views.delete(this);
    delete this.place.viewer;
    this.canvas.remove();
  }
}

function millimetres([a, b]) {
  return `${new Vector3(...a).distanceTo(new Vector3(...b)).toFixed(1)} mm`;
}

export function show(place) {
  if (!place.isConnected) return;
  if (place.viewer) { // its files have changed
    place.viewer.load();
    return;
  }
  delete place.dataset.failed;
  place.querySelector(".note")?.remove();
  try {
    drawing = drawing || new Drawing();
    place.viewer = new View(place);
  } catch {
    place.replaceChildren(element("p", { class: "note p-3", role: "status" }, NOT_SHOWN));
    place.dataset.failed = "1";
  }
}

/* Ends the views that have left the page, and with the last of them the drawing. */
export function sweep() {
  for (const view of [...views]) if (!view.place.isConnected) view.end();
  for (const [key, group] of groups) if (!key.startsWith(`${location.pathname} `) && !group.views.size) groups.delete(key);
  if (drawing && !views.size) {
    drawing.end();
    drawing = null;
  }
}

/* ---- The hint ---- */
function kept() {
  try { return localStorage.getItem(HINT_KEY); } catch { return null; /* storage is off: the hint comes again */ }
}

function hint(place) {
  if (kept() || document.querySelector(".viewer-hint")) return;
  const tools = place.closest(".viewing")?.querySelector(".viewer-tools"), isSmall = place.clientWidth < HINT_PX && tools;
  (isSmall ? tools : place).append(element("p", { class: `viewer-hint ${isSmall ? "viewer-said" : "viewer-note"}` }, HINT));
}

function used() {
  document.querySelectorAll(".viewer-hint").forEach((one) => one.remove());
  try { localStorage.setItem(HINT_KEY, "1"); } catch { /* storage is off */ }
}

/* ---- The tools ---- */
const SVG = "http://www.w3.org/2000/svg";

function sign(name) {
  const drawn = document.createElementNS(SVG, "svg"), path = document.createElementNS(SVG, "path");
  for (const [key, value] of [["viewBox", "0 0 20 20"], ["aria-hidden", "true"]]) drawn.setAttribute(key, value);
  path.setAttribute("d", SIGNS[name]);
  drawn.append(path);
  return drawn;
}

export function equip(tools) {
  if (!tools.isConnected || tools.childElementCount) return;
  const looks = tools.dataset.looks ? tools.dataset.looks.split(" ") : [];
  const group = groupOf(tools.dataset.group, looks[0]);
  const current = () => group.current || [...group.views].find((view) => view.model);
  const has = (act) => () => { used(); if (current()) act(current()); };
  const button = (name, content, act, more = {}) => {
    const made = element("button", { type: "button", class: "tool", title: name, "aria-label": name, ...more }, content);
    made.onclick = act;
    return made;
  };
  const choices = looks.map((look) => {
    const made = element("button", { type: "button", class: `look look-${look}`, "data-look": look }, LOOKS[look]);
    made.onclick = () => {
      group.look = look;
      refresh(group);
      for (const view of group.views) if (view.wish) view.load();
    };
    return made;
  });
  const stations = element("div", { class: "tool-set", role: "group", "aria-label": say("Views") },
    button(say("From the front"), say("Front"), has(() => group.go(STATIONS.front))),
    button(say("Three-quarter view"), "¾", has(() => group.go(STATIONS.threeQuarter))),
    button(say("From the side"), say("Side"), has(() => group.go(STATIONS.side))),
    ...(looks.includes("cloud") ? [] : [button(say("From the back"), say("Back"), has(() => group.go(STATIONS.back)))]), // a surface has none
    button(say("Reset the view"), sign("reset"), has(() => group.reset())));
  const wire = button(say("Wireframe"), sign("wire"), has((view) => view.setWire(!group.isWire)), { "data-tool": "wire" });
  const light = button(say("Raking light"), sign("light"), has(() => {
    group.light = group.light === KEY.usual ? KEY.side : KEY.usual;
    refresh(group);
    group.changed();
  }), { "data-tool": "light" });
  const measure = button(say("Measure a length"), sign("measure"), has((view) => {
    if (group.isMeasuring) view.stopMeasuring();
    else group.isMeasuring = true;
    refresh(group);
  }), { "data-tool": "measure" });
  const acts = element("div", { class: "tool-set", role: "group", "aria-label": say("What is shown") }, wire, light, measure,
    button(say("Save as a picture"), sign("picture"), has((view) => view.save())), button(say("Full screen"), sign("full"), has((view) => view.toFull())));
  const parts = choices.length ? [element("div", { class: "tool-set looks", role: "group", "aria-label": say("Look") }, ...choices)] : [];
  tools.append(...parts, stations, acts, element("p", { class: "viewer-said", role: "status" }));
  tools.setAttribute("role", "group");
  tools.setAttribute("aria-label", tools.dataset.label || say("Tools of the 3D view"));
  tools.group = group;
  refresh(group);
}

/* Brings the tools of a group up to what it shows. */
function refresh(group) {
  for (const view of group.views) view.place.classList.toggle("measuring", group.isMeasuring);
  for (const tools of document.querySelectorAll(".viewer-tools")) {
    if (tools.group !== group) continue;
    tools.querySelectorAll(".look").forEach((one) => one.setAttribute("aria-pressed", String(one.dataset.look === group.look)));
    const put = (name, isOn, isOff) => {
      const tool = tools.querySelector(`[data-tool=${name}]`);
      tool.setAttribute("aria-pressed", String(isOn));
      tool.disabled = isOff;
    };
    put("wire", group.isWire, group.look === "cloud");
    put("light", group.light === KEY.side, ["cloud", "textured", "seen"].includes(group.look));
    put("measure", group.isMeasuring, false);
    const said = tools.querySelector(".viewer-said[role]"), points = group.measured?.points || [];
    if (points.length === 2) said.textContent = `${millimetres(points)}, ${group.measured.view.place.dataset.scaled || say("in the model's own scale")}`;
    else said.textContent = group.isMeasuring ? (points.length ? say("Click the other end.") : say("Click one end, then the other.")) : "";
  }
}
