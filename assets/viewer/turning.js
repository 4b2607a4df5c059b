/* The one camera of a group of views, and what turns it: mouse, fingers, wheel, keys. It looks at one point, in mm, from one
   distance, in mm, in every view of the group: so equal lengths are equally long in all of them. */
import { Vector3 } from "../vendor/three/three.module.min.js";
import { FIELD_DEG, KEY } from "./drawing.js";

const STEP = Math.PI / 18, HIGHEST = (85 * Math.PI) / 180, NEAREST = 0.06, FARTHEST = 4, KEY_ZOOM = 1.15, KEY_PAN = 0.1;
const MARGIN = 1.12; // round what is framed; dashboard/components/views.py has the same for posters
const EASE_MS = 350, FIRST_MS = 900, SETTLED_MS = 120, TURN_PER_MS = (24 * Math.PI) / 180 / 1000;
const CLICK_PX = 4, WHEEL_LINE_PX = 16, WHEEL_ZOOM = 0.0012;
const deg = (degrees) => (degrees * Math.PI) / 180;
export const SPREAD = Math.tan(deg(FIELD_DEG) / 2);
const REST = { turn: deg(-20), raise: deg(6) };
export const STATIONS = { front: { turn: 0, raise: 0 }, threeQuarter: { turn: deg(-40), raise: deg(6) }, side: { turn: deg(-90), raise: 0 }, back: { turn: deg(180), raise: 0 } };
export const calm = window.matchMedia("(prefers-reduced-motion: reduce)");

export class Group {
  constructor(look) {
    this.views = new Set();
    this.tools = new Set();
    this.look = look;
    this.light = KEY.usual;
    this.isWire = false;
    this.isMeasuring = false;
    this.measured = null; // { view, points }
    this.frame = null;
    this.turn = 0;
    this.raise = 0;
    this.zoom = 1; // share of the distance from which the frame fills a view
    this.pan = new Vector3(); // in halves of the frame
    this.movedAt = -Infinity;
    this.isFresh = true;
  }

  /* The frame holds all models, so that each of them is seen whole and none is scaled. */
  reframe() {
    const all = [...this.views].map((view) => view.frame).filter(Boolean);
    if (!all.length) return;
    const low = [0, 1, 2].map((i) => Math.min(...all.map((one) => one.low[i]))), high = [0, 1, 2].map((i) => Math.max(...all.map((one) => one.high[i])));
    const centre = new Vector3(...low.map((value, i) => (value + high[i]) / 2)), size = high.map((value, i) => value - low[i]);
    const isFace = all.some((one) => one.isFace); // a solid may be deeper than it is wide, and is turned at once
    const half = (MARGIN * Math.max(size[0], size[1], isFace ? 0 : 0.8 * size[2])) / 2;
    this.frame = { centre, half, plane: Math.max(...all.map((one) => one.plane)), isFace };
    this.reach = Math.max(...all.map((one) => one.reach + one.middle.distanceTo(centre)));
    this.changed();
  }

  /* The first picture is seen as the photo was, where the poster is; then it turns a little, unless motion is not wanted. */
  begin() {
    if (!this.isFresh || !this.frame) return;
    this.isFresh = false;
    if (!this.frame.isFace) Object.assign(this, REST);
    else if (!calm.matches && !this.isTurning) this.ease(REST, FIRST_MS);
    this.changed();
  }

  get target() { return this.frame.centre.clone().addScaledVector(this.pan, this.frame.half); }

  get distance() { return this.zoom * (this.frame.half / SPREAD + this.frame.plane - this.frame.centre.z); }

  get direction() {
    return new Vector3(Math.sin(this.turn) * Math.cos(this.raise), Math.sin(this.raise), Math.cos(this.turn) * Math.cos(this.raise));
  }

  aim(camera, width, height) {
    const { target, distance, direction } = this;
    camera.position.copy(target).addScaledVector(direction, distance);
    camera.up.set(0, 1, 0);
    camera.lookAt(target);
    camera.aspect = width / height;
    camera.fov = (2 * Math.atan(SPREAD * Math.max(1, height / width)) * 180) / Math.PI;
    const reach = 1.05 * this.reach + target.distanceTo(this.frame.centre);
    camera.near = Math.max(distance - reach, distance / 100);
    camera.far = distance + reach;
    camera.updateProjectionMatrix();
    camera.updateMatrixWorld();
  }

  changed() { for (const view of this.views) view.ask(); }

  moved() {
    this.movedAt = performance.now();
    this.changed();
  }

  isMoving(now) { return Boolean(this.goal) || this.isTurning || now - this.movedAt < SETTLED_MS; }

  rotate(across, up) {
    this.goal = null;
    this.turn += across;
    this.raise = Math.min(HIGHEST, Math.max(-HIGHEST, this.raise + up));
    this.moved();
  }

  dolly(factor) {
    this.goal = null;
    this.zoom = Math.min(FARTHEST, Math.max(NEAREST, this.zoom * factor));
    this.moved();
  }

  /* across, up : shares of a view's shorter side. */
  shift(across, up) {
    this.goal = null;
    const share = (2 * SPREAD * this.distance) / this.frame.half;
    const right = new Vector3(Math.cos(this.turn), 0, -Math.sin(this.turn));
    this.pan.addScaledVector(right, -across * share).addScaledVector(new Vector3().crossVectors(this.direction, right), -up * share);
    this.moved();
  }

  go(station) { this.ease({ ...station }); }

  reset() { this.ease({ ...REST, zoom: 1, pan: new Vector3() }); }

  ease(to, ms = EASE_MS) {
    this.isTurning = false;
    const turns = 2 * Math.PI;
    this.turn = ((((this.turn + Math.PI) % turns) + turns) % turns) - Math.PI; // the short way round
    const from = { turn: this.turn, raise: this.raise, zoom: this.zoom, pan: this.pan.clone() };
    this.goal = { from, to: { ...from, ...to }, begun: performance.now(), ms: calm.matches ? 0 : ms };
    this.changed();
  }

  /* Moves what moves by itself; whether there is more to come. */
  step(now) {
    const passed = now - (this.steppedAt ?? now);
    this.steppedAt = now;
    if (this.goal) {
      const { from, to, begun, ms } = this.goal;
      const share = ms ? Math.min(1, Math.max(0, (now - begun) / ms)) : 1, eased = share * share * (3 - 2 * share);
      for (const name of ["turn", "raise", "zoom"]) this[name] = from[name] + (to[name] - from[name]) * eased;
      this.pan.lerpVectors(from.pan, to.pan, eased);
      if (share === 1) this.goal = null;
      this.changed();
    } else if (this.isTurning) {
      this.turn += TURN_PER_MS * Math.min(passed, 100);
      if (![...this.views].some((view) => view.isSeen)) return false;
      this.changed();
    }
    if (!this.goal && !this.isTurning) this.steppedAt = undefined;
    return Boolean(this.goal || this.isTurning);
  }
}

/* What a person does with a view's canvas. used : is called when they do the first thing. */
export function listen(view, used) {
  const { canvas, place } = view, pointers = new Map();
  let awake = false, far = 0;

  function wake(on) {
    awake = on;
    canvas.style.touchAction = on ? "none" : "pan-y"; // until it is tapped a finger that goes up or down scrolls the page
    place.classList.toggle("awake", on);
  }
  wake(false);
  const inFull = () => document.fullscreenElement?.contains(canvas);
  const side = () => Math.min(canvas.clientWidth, canvas.clientHeight) || 1;
  const spread = () => {
    const [a, b] = [...pointers.values()];
    return { x: (a.x + b.x) / 2, y: (a.y + b.y) / 2, apart: Math.hypot(a.x - b.x, a.y - b.y) };
  };

  canvas.addEventListener("pointerdown", (event) => {
    used();
    wake(true);
    view.group.isTurning = false;
    canvas.setPointerCapture(event.pointerId);
    pointers.set(event.pointerId, { x: event.clientX, y: event.clientY });
    far = pointers.size > 1 ? Infinity : 0;
  });
  canvas.addEventListener("pointermove", (event) => {
    const last = pointers.get(event.pointerId);
    if (!last) return;
    const x = event.clientX - last.x, y = event.clientY - last.y;
    far += Math.hypot(x, y);
    if (pointers.size === 2) {
      const before = spread();
      pointers.set(event.pointerId, { x: event.clientX, y: event.clientY });
      const after = spread();
      view.group.dolly(before.apart / Math.max(after.apart, 1));
      view.group.shift((after.x - before.x) / side(), (before.y - after.y) / side());
      return;
    }
    pointers.set(event.pointerId, { x: event.clientX, y: event.clientY });
    if (event.buttons & 6 || event.shiftKey) view.group.shift(x / side(), -y / side());
    else view.group.rotate((-x / side()) * Math.PI, (y / side()) * Math.PI);
  });
  const up = (event) => {
    const was = pointers.delete(event.pointerId);
    if (was && event.type === "pointerup" && far <= CLICK_PX && event.button === 0) view.clicked(event);
  };
  canvas.addEventListener("pointerup", up);
  canvas.addEventListener("pointercancel", up);
  canvas.addEventListener("pointerleave", (event) => { if (event.pointerType === "mouse" && !pointers.size) wake(false); });
  canvas.addEventListener("contextmenu", (event) => event.preventDefault());
  canvas.addEventListener("wheel", (event) => {
    if (!awake && !inFull()) return; // the page scrolls until the view is clicked
    event.preventDefault();
    used();
    view.group.isTurning = false;
    view.group.dolly(Math.exp(event.deltaY * (event.deltaMode ? WHEEL_LINE_PX : 1) * WHEEL_ZOOM));
  }, { passive: false });
  const elsewhere = (event) => { if (!canvas.contains(event.target)) wake(false); };
  document.addEventListener("pointerdown", elsewhere, true);

  canvas.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const { group } = view;
    const arrow = { // the model goes where the arrow points, as if it were dragged
      ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] }[event.key];
    const keys = {
      "+": () => group.dolly(1 / KEY_ZOOM), "=": () => group.dolly(1 / KEY_ZOOM), "-": () => group.dolly(KEY_ZOOM),
      1: () => group.go(STATIONS.front), 2: () => group.go(STATIONS.threeQuarter), 3: () => group.go(STATIONS.side), 0: () => group.reset(),
      f: () => view.toFull(), w: () => view.setWire(!group.isWire),
      Escape: () => { wake(false); view.stopMeasuring(); },
    };
    const act = arrow ? () => (event.shiftKey ? group.shift(arrow[0] * KEY_PAN, arrow[1] * KEY_PAN) : group.rotate(-arrow[0] * STEP, -arrow[1] * STEP))
      : keys[event.key];
    if (!act) return;
    event.preventDefault();
    used();
    group.isTurning = false;
    act();
  });
  return () => document.removeEventListener("pointerdown", elsewhere, true);
}
