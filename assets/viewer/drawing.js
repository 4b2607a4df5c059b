/* What draws all views of a page: one WebGL context, whose picture is copied into the canvas of each view. It draws when
   something changed, and a view that nobody sees waits. */
import {
  BufferAttribute, BufferGeometry, DoubleSide, LinearFilter, LinearMipmapLinearFilter, Mesh, NearestFilter, PerspectiveCamera, Points, Scene,
  ShaderMaterial, Texture, Vector2, Vector3, WebGLRenderer,
} from "../vendor/three/three.module.min.js";
import { fetched, picture, readGlb, readPoints } from "./reading.js";

export const FIELD_DEG = 28; // of the shorter side of a view
const MOST_DENSE = 2; // canvas pixels per pixel of the page
const SLOW_MS = 40; // a picture that takes longer is drawn coarser while it moves
const REST_MS = 160;
const SHARE = 0.5;
const SWEPT = 0.7; // of what a solid sweeps over

/* Plaster as in core/mesh/plaster.py, whose numbers these are. */
const PLASTER = `
  const vec3 PLASTER = vec3(250., 244., 234.) / 255.;
  const vec3 FILL_FROM = normalize(vec3(0.75, 0.10, 0.65));
  uniform vec3 keyFrom;
  float light(vec3 n, vec3 from) {
    float key = clamp((dot(n, normalize(from)) + 0.1) / 1.1, 0., 1.);
    return 0.05 + 0.79 * key + 0.16 * (1. + dot(n, FILL_FROM)) / 2. + 0.4 * max(-n.z, 0.);
  }`;
export const KEY = { usual: new Vector3(-0.47, 0.52, 0.71), side: new Vector3(-0.95, 0.12, 0.22) };

const SURFACE = {
  vertexShader: `
    attribute vec4 tangent;
    attribute vec3 colour, moved, turned;
    attribute float seen;
    uniform float share; // of the way to another head
    varying vec2 at;
    varying float seenAt;
    varying vec3 normalAt, colourAt;
    varying vec4 tangentAt;
    void main() {
      at = uv;
      normalAt = normal;
      tangentAt = tangent;
      colourAt = colour;
      seenAt = seen;
      vec3 place = position;
      #ifdef AS_MORPH
        normalAt += share * turned;
        place += share * moved;
      #endif
      gl_Position = projectionMatrix * modelViewMatrix * vec4(place, 1.);
    }`,
  // Nothing is lit twice: the photo holds its light and is shown as it is; so do colours of plaster. Only plaster that
  // comes without colours is shaded here.
  fragmentShader: `
    uniform sampler2D photo, other, relief, openness;
    uniform float share;
    varying vec2 at;
    varying float seenAt;
    varying vec3 normalAt, colourAt;
    varying vec4 tangentAt;
    ${PLASTER}
    vec3 screen(vec3 linear) {
      return mix(12.92 * linear, 1.055 * pow(linear, vec3(1. / 2.4)) - 0.055, step(0.0031308, linear));
    }
    vec3 unknown() { // hatched, of no colour of the face
      float line = step(0.5, fract((gl_FragCoord.x + gl_FragCoord.y) / 9.));
      return vec3(mix(0.44, 0.5, line));
    }
    void main() {
      if (!gl_FrontFacing) { // what is behind the surface
        gl_FragColor = vec4(unknown(), 1.);
        return;
      }
      vec3 n = normalize(normalAt);
      #if defined(AS_PHOTO)
        gl_FragColor = vec4(texture2D(photo, at).rgb, 1.);
        #ifdef AS_MORPH
          gl_FragColor.rgb = mix(gl_FragColor.rgb, texture2D(other, at).rgb, share);
        #endif
      #elif defined(AS_SEEN)
        float shape = 0.75 + 0.5 * light(n, keyFrom); // without it nothing would be told of the form
        gl_FragColor = vec4(mix(unknown() * shape, texture2D(photo, at).rgb, smoothstep(0.35, 0.65, seenAt)), 1.);
      #elif defined(AS_PLASTER)
        vec3 fine = n;
        #ifdef WITH_RELIEF
          vec3 along = normalize(tangentAt.xyz);
          vec3 told = texture2D(relief, at).xyz * 2. - 1.;
          fine = normalize(along * told.x + cross(n, along) * tangentAt.w * told.y + n * told.z);
        #endif
        float open = 1.;
        #ifdef WITH_OPENNESS
          open -= clamp(n.z / 0.4, 0., 1.) * (1. - texture2D(openness, at).r);
        #endif
        gl_FragColor = vec4(pow(light(fine, keyFrom) * pow(open, 1.8), 0.8) * PLASTER, 1.);
      #else
        vec3 asWritten = screen(colourAt); // the light in it is exchanged where another is asked for
        vec3 turned = asWritten * pow(light(n, keyFrom) / light(n, vec3(-0.47, 0.52, 0.71)), 0.8);
        gl_FragColor = vec4(min(turned, max(asWritten, vec3(250. / 255.))), 1.);
      #endif
    }`,
};

/* A point is drawn as the ellipse that covers its pixel's share of the surface, so that steep places have no holes either:
   with a and b the steps to the next points on the screen, those d where d' (a a' + b b')^-1 d <= 1/2. */
const CLOUD = {
  vertexShader: `
    uniform sampler2D photo;
    uniform vec2 half_px; // of the picture
    attribute vec3 across, up;
    varying vec3 colourAt, inverse;
    varying float size;
    vec2 onScreen(vec3 step) {
      vec4 a = projectionMatrix * modelViewMatrix * vec4(position + 0.5 * step, 1.);
      vec4 b = projectionMatrix * modelViewMatrix * vec4(position - 0.5 * step, 1.);
      return (a.xy / a.w - b.xy / b.w) * half_px;
    }
    void main() {
      colourAt = texture2D(photo, uv).rgb;
      gl_Position = projectionMatrix * modelViewMatrix * vec4(position, 1.);
      vec2 a = onScreen(across), b = onScreen(up);
      vec3 m = 1.2 * vec3(a.x * a.x + b.x * b.x, a.x * a.y + b.x * b.y, a.y * a.y + b.y * b.y) + vec3(0.5, 0., 0.5);
      inverse = vec3(m.z, -m.y, m.x) / (m.x * m.z - m.y * m.y);
      size = 1. + sqrt(2. * max(m.x, m.z));
      gl_PointSize = size;
    }`,
  fragmentShader: `
    varying vec3 colourAt, inverse;
    varying float size;
    void main() {
      vec2 d = (gl_PointCoord - 0.5) * vec2(size, -size);
      if (inverse.x * d.x * d.x + 2. * inverse.y * d.x * d.y + inverse.z * d.y * d.y > 0.5) discard;
      gl_FragColor = vec4(colourAt, 1.);
    }`,
};

function texture(image, { sharp = false } = {}) {
  const made = new Texture(image);
  made.flipY = false; // rows go down, as in glTF
  made.generateMipmaps = !sharp;
  made.minFilter = sharp ? NearestFilter : LinearMipmapLinearFilter;
  made.magFilter = sharp ? NearestFilter : LinearFilter;
  made.anisotropy = sharp ? 1 : 8;
  made.needsUpdate = true;
  return made;
}

function surface(read) {
  const geometry = new BufferGeometry();
  const put = (name, values, parts, normalized = false) => values && geometry.setAttribute(name, new BufferAttribute(values, parts, normalized));
  put("position", read.positions, 3);
  put("uv", read.uv, 2);
  put("tangent", read.tangents, 4);
  put("seen", read.seen, 1);
  put("moved", read.moved, 3);
  put("turned", read.turned, 3);
  if (read.colours) put("colour", read.colours, read.colours.length / (read.positions.length / 3), !(read.colours instanceof Float32Array));
  if (read.index) geometry.setIndex(new BufferAttribute(read.index, 1));
  if (read.normals) put("normal", read.normals, 3);
  else geometry.computeVertexNormals();
  return {
    geometry, frame: frame(read.positions, read.seen ? null : read.uv), // of a whole head the texture is no picture of the crop
    photo: read.texture && texture(read.texture), other: read.otherTexture && texture(read.otherTexture),
    relief: read.normalMap && read.tangents && texture(read.normalMap), isCloud: false,
  };
}

function cloud(read) {
  const geometry = new BufferGeometry();
  geometry.setAttribute("position", new BufferAttribute(read.positions, 3));
  geometry.setAttribute("uv", new BufferAttribute(read.uv, 2));
  geometry.setAttribute("across", new BufferAttribute(read.across, 3));
  geometry.setAttribute("up", new BufferAttribute(read.up, 3));
  return { geometry, frame: frame(read.positions, read.uv), photo: texture(read.texture, { sharp: true }), isCloud: true };
}

/* What a camera needs to frame a model, in mm: `low` and `high` (x, y, z) of what it takes up, and the `plane` z that this is told
   for. With uv, which is the crop's square, it is told as in the photo: the first picture then is where the poster is
   (dashboard/components/views.py). `crop`: the same of the whole square, for posters that show that. */
function frame(positions, uv) {
  const low = [Infinity, Infinity, Infinity], high = [-Infinity, -Infinity, -Infinity];
  for (let i = 0; i < positions.length; i++) {
    if (positions[i] < low[i % 3]) low[i % 3] = positions[i];
    if (positions[i] > high[i % 3]) high[i % 3] = positions[i];
  }
  const reach = Math.hypot(...high.map((value, i) => value - low[i])) / 2;
  const box = { reach, middle: new Vector3(...low.map((value, i) => (value + high[i]) / 2)) };
  if (!uv) { // a solid is turned: what comes nearer then must still be in sight
    const swept = Math.hypot(high[0] - low[0], high[2] - low[2]) / 2;
    return { ...box, low, high, plane: Math.max(high[2], box.middle.z + SWEPT * swept), isFace: false };
  }
  const count = positions.length / 3;
  const ends = (axis, part) => { // least squares, mm = slope * uv + start
    let u = 0, x = 0, uu = 0, ux = 0, least = Infinity, most = -Infinity;
    for (let i = 0; i < count; i++) {
      const [a, b] = [uv[2 * i + part], positions[3 * i + axis]];
      u += a; x += b; uu += a * a; ux += a * b;
      least = Math.min(least, a);
      most = Math.max(most, a);
    }
    const slope = (count * ux - u * x) / (count * uu - u * u), start = (x - slope * u) / count;
    return { taken: [slope * least + start, slope * most + start], whole: [start, slope + start] };
  };
  const across = ends(0, 0), down = ends(1, 1);
  let depth = 0;
  for (let i = 2; i < positions.length; i += 3) depth += positions[i];
  const about = (which) => ({
    ...box, low: [across[which][0], down[which][1], low[2]], high: [across[which][1], down[which][0], high[2]], plane: depth / count, isFace: true,
  });
  return { ...about("taken"), crop: about("whole") };
}

/* Models by address, each read once, and let go when no view shows it. */
class Models {
  constructor() { this.kept = new Map(); }

  take(kind, address, isWanted) {
    const key = `${kind} ${address}`;
    let one = this.kept.get(key);
    if (!one) {
      one = { uses: 0, made: null };
      one.made = fetched(address, () => one.uses > 0).then(async (buffer) => {
        if (kind === "openness") return texture(await picture(buffer));
        return kind === "points" ? cloud(await readPoints(buffer)) : surface(await readGlb(buffer));
      });
      one.made.catch(() => this.kept.get(key) === one && this.kept.delete(key));
      this.kept.set(key, one);
    }
    one.uses += 1;
    return { made: one.made, drop: () => this.drop(key, one) };
  }

  drop(key, one) {
    one.uses -= 1;
    if (one.uses) return;
    if (this.kept.get(key) === one) this.kept.delete(key);
    one.made.then((model) => {
      for (const part of [model, model.geometry, model.photo, model.relief]) {
        if (part?.dispose) part.dispose();
        part?.image?.close?.();
      }
    }, () => {});
  }
}

export class Drawing {
  constructor() {
    this.canvas = document.createElement("canvas");
    this.renderer = new WebGLRenderer({ canvas: this.canvas, alpha: true, antialias: true });
    this.renderer.setClearColor(0, 0);
    this.renderer.autoClear = true;
    this.models = new Models();
    this.views = new Set();
    this.camera = new PerspectiveCamera();
    this.isLost = false;
    this.cost = 0;
    this.canvas.addEventListener("webglcontextlost", () => this.#lost(true));
    this.canvas.addEventListener("webglcontextrestored", () => this.#lost(false));
    document.addEventListener("visibilitychange", () => this.ask());
  }

  #lost(isLost) {
    this.isLost = isLost;
    for (const view of this.views) {
      view.sayLost(isLost);
      view.isStale = true;
    }
    this.ask();
  }

  /* Draws what is stale with the next picture of the page. */
  ask() {
    if (!this.asked && !document.hidden) this.asked = requestAnimationFrame((now) => this.#draw(now));
  }

  #draw(now) {
    this.asked = null;
    if (this.isLost) return;
    const begun = performance.now();
    let again = false, pixels = 0; // of a view, as a share of all that it has
    for (const group of new Set([...this.views].map((view) => view.group))) again = group.step(now) || again;
    for (const view of this.views) {
      if (!view.isStale || !view.model || !(view.isSeen || !view.place.dataset.loaded)) continue;
      view.isStale = false;
      const share = view.group.isMoving(now) && this.cost > SLOW_MS ? SHARE : 1;
      this.draw(view, view.canvas, share);
      view.drawn();
      pixels = share * share;
    }
    if (pixels) {
      this.cost = (performance.now() - begun) / pixels;
      const moving = [...this.views].filter((view) => view.group.isMoving(now));
      clearTimeout(this.rest);
      if (moving.length && this.cost > SLOW_MS) this.rest = setTimeout(() => { moving.forEach((view) => { view.isStale = true; }); this.ask(); }, REST_MS);
    }
    if (again) this.ask();
  }

  /* Draws a view into a canvas of its own size, share of its pixels. */
  draw(view, canvas, share = 1) {
    const width = Math.max(1, Math.round(canvas.width * share)), height = Math.max(1, Math.round(canvas.height * share));
    this.#grow(width, height);
    view.aim(this.camera, width, height);
    view.material.uniforms.keyFrom.value.copy(view.group.light);
    if (view.material.uniforms.share) view.material.uniforms.share.value = Number(view.place.dataset.share || 0);
    view.material.uniforms.half_px.value.set(width / 2, height / 2);
    if (view.material.wireframe !== view.group.isWire) view.material.wireframe = view.group.isWire;
    this.renderer.setViewport(0, 0, width, height);
    this.renderer.setScissor(0, 0, width, height);
    this.renderer.setScissorTest(true);
    this.renderer.render(view.scene, this.camera);
    const paper = canvas.getContext("2d");
    paper.clearRect(0, 0, canvas.width, canvas.height);
    paper.drawImage(this.canvas, 0, this.canvas.height - height, width, height, 0, 0, canvas.width, canvas.height);
    view.mark(paper, canvas.width, canvas.height);
  }

  #grow(width, height) {
    if (this.canvas.width >= width && this.canvas.height >= height) return;
    this.renderer.setSize(Math.max(this.canvas.width, width), Math.max(this.canvas.height, height), false);
  }

  /* The context is no larger than its largest view needs. */
  shrink() {
    const views = [...this.views];
    this.renderer.setSize(Math.max(1, ...views.map((view) => view.canvas.width)), Math.max(1, ...views.map((view) => view.canvas.height)), false);
    views.forEach((view) => { view.isStale = true; });
    this.ask();
  }

  end() {
    if (this.asked) cancelAnimationFrame(this.asked);
    clearTimeout(this.rest);
    this.renderer.dispose();
    this.renderer.forceContextLoss();
  }
}

export function dense() { return Math.min(window.devicePixelRatio || 1, MOST_DENSE); }

/* A scene with one model in one look; `look`: photo, plaster, colours, cloud, or of a head seen. */
export function staged(model, look, openness) {
  const uniforms = {
    keyFrom: { value: new Vector3() }, half_px: { value: new Vector2() }, photo: { value: model.photo || null }, other: { value: model.other || null }, share: { value: 0 }, relief: { value: model.relief || null },
    openness: { value: openness || null },
  };
  const defines = {};
  if (look === "photo") defines.AS_PHOTO = 1;
  if (look === "seen") defines.AS_SEEN = 1;
  if (model.other) defines.AS_MORPH = 1;
  if (look === "plaster") defines.AS_PLASTER = 1;
  if (look === "plaster" && model.relief) defines.WITH_RELIEF = 1;
  if (look === "plaster" && openness) defines.WITH_OPENNESS = 1;
  const material = new ShaderMaterial({ ...(model.isCloud ? CLOUD : SURFACE), uniforms, defines, side: DoubleSide });
  const body = new (model.isCloud ? Points : Mesh)(model.geometry, material);
  body.frustumCulled = false;
  const scene = new Scene();
  scene.add(body);
  return { scene, body, material };
}
