"""One sample from a seed: a person, dressed, before a camera and a backdrop, photographed; and the true answers."""

from dataclasses import replace

import cv2
import numpy as np
from numpy.typing import NDArray

from core.depth.builtin.render import hair as hairdressing
from core.depth.builtin.render import looks, noise, overlay, raster, wardrobe
from core.depth.builtin.render.answers import as_surface, coverage, relief
from core.depth.builtin.render.assembly import SIDE, Framing, Parts, draw_framing
from core.depth.builtin.render.backdrop import backdrop
from core.depth.builtin.render.facekit import FaceKit
from core.depth.builtin.render.people import Person, people
from core.depth.builtin.render.photograph import photograph
from core.depth.builtin.render.pool import FACTS, IMAGE_SIDE, TARGET_SIDE, Sample
from core.depth.builtin.render.raster import Camera, Fragments
from core.depth.builtin.render.shade import GAMMA, shade
from core.face.landmarks import NOSE

NO_FACE_SHARE = 0.13
SMALLEST_HEAD_PX = 900
AS_BRIGHT_SHARE, LIKE_HAIR_SHARE = 0.2, 0.15  # of the backdrops are as bright as the head, or have the colour of hair
HAT_SHARE = 0.22
FUR_COLOURS = np.array([[0.9, 0.88, 0.85], [0.55, 0.45, 0.35], [0.3, 0.2, 0.13], [0.08, 0.07, 0.07], [0.5, 0.5, 0.5]])
BATCH = 16


class Renderer:
    """Draws samples from one stream of random numbers: equal seeds give equal samples."""

    def __init__(
        self, kit: FaceKit, seed: int, turned_deg: tuple[float, float] | None = None, *, bearded: bool = False
    ) -> None:
        self.kit, self.rng, self.turned_deg, self.bearded = kit, np.random.default_rng(seed), turned_deg, bearded
        self.bank = noise.texture_bank()
        self.waiting: list[Person] = []

    def sample(self) -> Sample:
        """Return the next sample."""
        if self.rng.random() < NO_FACE_SHARE:
            return self._without_face()
        while True:
            if not self.waiting:
                self.waiting = people(self.rng, self.kit, BATCH, bearded=self.bearded)
            found = self._with_face(self.waiting.pop(), draw_framing(self.rng, self.turned_deg))
            if found is not None:
                return found

    def _without_face(self) -> Sample:
        return Sample(
            image=faceless(self.rng, self.bank),
            relief=np.zeros((TARGET_SIDE, TARGET_SIDE), np.float16),
            masks=np.zeros((TARGET_SIDE, TARGET_SIDE, 2), np.uint8),
            landmarks=np.full((68, 2), -1, np.float32),
            facts=np.zeros(len(FACTS), np.float32),
        )

    def _with_face(self, person: Person, framing: Framing) -> Sample | None:
        rng, kit = self.rng, self.kit
        parts = Parts(kit, person, framing, rng)
        style = hairdressing.draw_style(rng)
        scalp = kit.scalp(person.points)
        fur = None if style in ("bald", "shaven") else hairdressing.hair(rng, scalp, style, self.bank)
        hats: list[wardrobe.Garment] = []
        under: float | None = None
        if style == "fur":
            colour = FUR_COLOURS[rng.integers(len(FUR_COLOURS))] * np.exp(rng.normal(0, 0.15))
            person = replace(
                person, hair=np.clip(colour, 0.01, 1), hair_light=np.clip(colour * rng.uniform(1, 1.8), 0, 1)
            )
        elif rng.random() < HAT_SHARE:
            kind, hats = wardrobe.headgear(rng, scalp, self.bank)
            fur = None if kind == "scarf" else fur
            under = _pressed_from(kind, hats)
        if not parts.bare or rng.random() < 0.6:
            parts.add_body(wardrobe.body(rng, rng.uniform(-10.5, -8) if not parts.bare else rng.uniform(-14, -12.5)))
        for garment in hats:
            parts.add_hat(garment)
        if fur is not None:
            parts.add_hair(fur, under)
        camera, points = parts.before_camera()
        normals = raster.vertex_normals(points, parts.triangles)
        fragments = Fragments.empty(SIDE)
        strands = fur.strands if fur is not None else raster.Strands(noise.STRANDS, 1.0, 1.0, 0.0, 0.5, 1.0)
        args = (parts.triangles, parts.material, parts.attributes)
        raster.rasterise(points, *args, camera, self.bank, strands, parts.head_triangles, fragments)

        light = looks.light(rng, framing.distance_cm)
        seen = np.zeros((1, 1), np.float32)
        if light.shadow > 0:
            shape = (light.scale, light.centre_u, light.centre_v, looks.SHADOW_MAP_SIDE)
            seen = raster.depth_from(points, parts.triangles[parts.casts], light.axes, *shape)
        curly = strands.layer != noise.STRANDS
        dress = (
            looks.skin(rng, person, kit.brow, style),
            looks.eyes(rng, person),
            looks.hair(rng, person, strands.across, strands.along, curly),
            looks.cloth(rng),
            looks.cloth(rng),
        )
        image, masks = np.zeros((SIDE, SIDE, 3), np.float32), np.zeros((SIDE, SIDE, 2), np.uint8)
        shade(fragments, normals, *args, camera, self.bank, *dress, light, seen, image, masks)
        if np.count_nonzero(masks[..., 0]) < SMALLEST_HEAD_PX:
            return None
        return self._finish(
            person, framing, parts, camera, points, fragments, image, masks, style, bool(hats) or style == "fur"
        )

    def _finish(
        self,
        person: Person,
        framing: Framing,
        parts: Parts,
        camera: Camera,
        points: NDArray[np.float32],
        fragments: Fragments,
        image: NDArray[np.float32],
        masks: NDArray[np.uint8],
        style: str,
        hat: bool,
    ) -> Sample:
        """Expose, put before the backdrop, draw what is in front, photograph; and work out the answers."""
        rng = self.rng
        there = masks[..., 1] > 0
        bright = np.quantile(image[masks[..., 0] > 0].mean(1), 0.8)
        exposed = image * (rng.uniform(0.18, 0.8) * (0.55 + 0.45 * person.skin.mean() / 0.75) / max(bright, 1e-3))
        exposed = np.clip(exposed, 0, 1) ** (1 / GAMMA)
        behind = backdrop(rng, self.bank, SIDE, things=0.3)
        if rng.random() < AS_BRIGHT_SHARE:
            behind = behind * (exposed[masks[..., 0] > 0].mean() / max(behind.mean(), 1e-3))
        is_hair = there & (parts.material[fragments.triangle] == raster.HAIR)
        if is_hair.any() and rng.random() < LIKE_HAIR_SHARE:
            behind = behind * (exposed[is_hair].mean(0) * np.exp(rng.normal(0, 0.2)) / max(behind.mean(), 1e-3))
        edge = cv2.GaussianBlur(there.astype(np.float32), (0, 0), 0.9)[..., None]
        filled = np.where(there[..., None], exposed, cv2.dilate(exposed, np.ones((3, 3), np.uint8)))
        picture = np.ascontiguousarray(filled * edge + behind * (1 - edge), np.float32)

        marks = points[self.kit.landmarks].astype(np.float64)
        flip = np.diag([1.0, -1.0, -1.0])  # head frame -> camera frame
        right, up, out = (flip @ parts.turn.astype(np.float64) @ axis for axis in np.eye(3))
        pose = overlay.Pose(marks, right, up, out, camera)
        spectacles, hidden = rng.random() < 0.18, rng.random() < 0.12
        if spectacles:
            picture = overlay.glasses(rng, picture, pose)
        if hidden:
            picture = overlay.occluder(rng, picture, pose, person.skin, self.bank)
        photo, dark = photograph(rng, _smaller(np.clip(picture, 0, 1)), self.bank)

        inverse = as_surface(fragments, parts.material, masks)
        eyes = marks[36:42].mean(0), marks[42:48].mean(0)
        ipd = float(np.linalg.norm(eyes[0] - eyes[1]))
        facts = {
            "yaw_deg": framing.yaw_deg,
            "pitch_deg": framing.pitch_deg,
            "roll_deg": framing.roll_deg,
            "skin_tone": person.tone,
            "hair": hairdressing.STYLES.index(style),
            "headgear": hat,
            "glasses": spectacles,
            "occluder": hidden,
            "beard": person.beard,
            "child": person.child,
            "eyes_closed": person.eyes_closed,
            "distance_cm": framing.distance_cm,
            "ipd_cm": ipd,
            "dark": dark,
        }
        return Sample(
            image=photo,
            relief=relief(inverse, camera, (eyes[0] + eyes[1]) / 2, marks[NOSE].mean(0), ipd),
            masks=coverage(masks, inverse),
            landmarks=((pose.project(marks) + 0.5) / SIDE).astype(np.float32),
            facts=np.array([facts[name] for name in FACTS], np.float32),
        )


def faceless(rng: np.random.Generator, bank: NDArray[np.float32]) -> NDArray[np.uint8]:
    """(IMAGE_SIDE, IMAGE_SIDE, 3) uint8: a picture without a face; in three of four, things that could pass for one."""
    image, _ = photograph(rng, _smaller(backdrop(rng, bank, SIDE, things=0.75)), bank)
    return image


def _pressed_from(kind: str, hats: list[wardrobe.Garment]) -> float | None:
    """Y in the head's frame above which a hat presses hair to the skull: all of it under a hood, none by headphones."""
    if kind == "headphones":
        return None
    return -100.0 if kind == "hood" else float(hats[0].points[:: wardrobe.CROWN_ROWS, 1].mean())


def _smaller(picture: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.asarray(cv2.resize(picture, (IMAGE_SIDE, IMAGE_SIDE), interpolation=cv2.INTER_AREA), np.float32)
