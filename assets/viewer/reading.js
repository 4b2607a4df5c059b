/* What a view shows, read from the server's answers into arrays; lengths in mm, in the mesh frame or that of the file. */

const MM_PER_GLTF = 1000; // glTF is in metres
const GLB_MAGIC = 0x46546c67, JSON_CHUNK = 0x4e4f534a;
const ARRAYS = { 5120: Int8Array, 5121: Uint8Array, 5122: Int16Array, 5123: Uint16Array, 5125: Uint32Array, 5126: Float32Array };
const PARTS = { SCALAR: 1, VEC2: 2, VEC3: 3, VEC4: 4 };
const WAITED_S = { least: 1, most: 10 };
const JUMP = 60; // times a pixel's width: no surface is between points so far apart, as in core/mesh/surface.py

export class Gone extends Error {}

/* The bytes at an address. A file that is still being made (202, 503) is asked for again as long as somebody wants it. */
export async function fetched(address, isWanted) {
  for (;;) {
    const answer = await fetch(address);
    if (answer.status === 202 || answer.status === 503) {
      const asked = Number(answer.headers.get("Retry-After")) || WAITED_S.least;
      const wait = Math.min(Math.max(asked, WAITED_S.least), WAITED_S.most);
      await new Promise((resolve) => setTimeout(resolve, wait * 1000));
      if (!isWanted()) throw new Gone("no longer wanted");
      continue;
    }
    if (answer.status === 404 || answer.status === 410) throw new Gone(say("The model is not there any more. Reload the page."));
    if (!answer.ok) throw new Error(`${address} was answered by ${answer.status}`);
    return answer.arrayBuffer();
  }
}

export function picture(data, type = "image/jpeg") {
  const how = { premultiplyAlpha: "none", colorSpaceConversion: "none" };
  return createImageBitmap(data instanceof Blob ? data : new Blob([data], { type }), how);
}

/* The one mesh of a GLB that Lifemask wrote (core/files/mesh_files.py): no scene graph, no compression, no animation. */
export async function readGlb(buffer) {
  const view = new DataView(buffer);
  if (view.getUint32(0, true) !== GLB_MAGIC || view.getUint32(16, true) !== JSON_CHUNK) throw new Error("not a GLB");
  const length = view.getUint32(12, true);
  const tree = JSON.parse(new TextDecoder().decode(new Uint8Array(buffer, 20, length)));
  const start = 28 + length;
  if (tree.meshes.length !== 1 || tree.meshes[0].primitives.length !== 1) throw new Error("more than one mesh");
  if (tree.nodes.some((node) => node.matrix || node.translation || node.rotation || node.scale)) throw new Error("a mesh that is moved");

  function array(index) {
    if (index === undefined) return null;
    const about = tree.accessors[index], place = tree.bufferViews[about.bufferView], parts = PARTS[about.type];
    const Kind = ARRAYS[about.componentType];
    if (place.byteStride && place.byteStride !== parts * Kind.BYTES_PER_ELEMENT) throw new Error("interleaved numbers");
    const from = start + (place.byteOffset || 0) + (about.byteOffset || 0), count = about.count * parts;
    const aligned = from % Kind.BYTES_PER_ELEMENT === 0;
    return aligned ? new Kind(buffer, from, count) : new Kind(buffer.slice(from, from + count * Kind.BYTES_PER_ELEMENT));
  }
  function image(texture) {
    if (!texture) return null;
    const about = tree.images[tree.textures[texture.index].source], place = tree.bufferViews[about.bufferView];
    return picture(new Uint8Array(buffer, start + (place.byteOffset || 0), place.byteLength), about.mimeType);
  }
  const part = tree.meshes[0].primitives[0], of = part.attributes;
  const skin = tree.materials?.[part.material] || {}, target = part.targets?.[0], other = skin.extras?.otherTexture;
  const [texture, normalMap, otherTexture] = await Promise.all([
    image(skin.pbrMetallicRoughness?.baseColorTexture), image(skin.normalTexture), image(other === undefined ? null : { index: other }),
  ]);
  return {
    positions: array(of.POSITION).map((value) => value * MM_PER_GLTF), index: array(part.indices),
    normals: array(of.NORMAL), tangents: array(of.TANGENT), uv: array(of.TEXCOORD_0), colours: array(of.COLOR_0),
    seen: array(of._SEEN), moved: array(target?.POSITION)?.map((value) => value * MM_PER_GLTF), turned: array(target?.NORMAL),
    texture, normalMap, otherTexture,
  };
}

/* All points of a face, packed by dashboard/readings/shapes.py: depth on the crop's grid, its camera, its colours. */
export async function readPoints(buffer) {
  const length = new DataView(buffer).getUint32(0, true);
  const about = JSON.parse(new TextDecoder().decode(new Uint8Array(buffer, 4, length)));
  const { side, origin_mm: origin, near_mm: near, step_mm: step } = about;
  const [along, down, ahead] = about.rays, pixels = side * side;
  const low = new Uint8Array(buffer, 4 + length, pixels), high = new Uint8Array(buffer, 4 + length + pixels, pixels);
  const places = new Float32Array(3 * pixels).fill(NaN);
  let count = 0;
  for (let row = 0, at = 0; row < side; row++) {
    for (let column = 0, level = 0; column < side; column++, at++) {
      level = (level + low[at] + 256 * high[at]) & 0xffff;
      if (!level) continue;
      const z = near + (level - 1) * step;
      const out = about.perspective ? z / (ahead[0] * column + ahead[1] * row + ahead[2]) : 1;
      places[3 * at] = (along[0] * column + along[1] * row + along[2]) * out - origin[0];
      places[3 * at + 1] = origin[1] - (down[0] * column + down[1] * row + down[2]) * out;
      places[3 * at + 2] = origin[2] - z;
      count++;
    }
  }
  const positions = new Float32Array(3 * count), uv = new Float32Array(2 * count);
  const across = new Float32Array(3 * count), up = new Float32Array(3 * count);
  for (let row = 0, at = 0, n = 0; row < side; row++) {
    for (let column = 0; column < side; column++, at++) {
      if (Number.isNaN(places[3 * at])) continue;
      positions.set(places.subarray(3 * at, 3 * at + 3), 3 * n);
      uv[2 * n] = (column + 0.5) / side;
      uv[2 * n + 1] = (row + 0.5) / side;
      const pixel = Math.abs(along[0] * (about.perspective ? origin[2] - places[3 * at + 2] : 1));
      spacing(places, at, column ? at - 1 : at, column + 1 < side ? at + 1 : at, 0, pixel, across, n);
      spacing(places, at, row + 1 < side ? at + side : at, row ? at - side : at, 1, pixel, up, n);
      n++;
    }
  }
  return { positions, uv, across, up, texture: await picture(new Uint8Array(buffer, 4 + length + 2 * pixels)) };
}

/* From a point to the next along the grid, in mm, into the n-th place of `into`: a splat so long closes up with those beside it. */
function spacing(places, at, before, after, axis, pixel, into, n) {
  const far = (one, other) => {
    const apart = one === other ? NaN : Math.hypot(places[3 * one] - places[3 * other], places[3 * one + 1] - places[3 * other + 1], places[3 * one + 2] - places[3 * other + 2]);
    return apart <= JUMP * pixel;
  };
  const from = far(before, at) ? before : at, to = far(at, after) ? after : at, steps = (from !== at) + (to !== at);
  for (let i = 0; i < 3; i++) into[3 * n + i] = steps ? (places[3 * to + i] - places[3 * from + i]) / steps : pixel * (i === axis);
}
