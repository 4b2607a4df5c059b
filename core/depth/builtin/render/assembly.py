"""The mesh of a scene: head, clothes, hat and hair, turned as the head and the body are, before a camera."""

from dataclasses import dataclass

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from core.depth.builtin.render import hair as hairdressing
from core.depth.builtin.render import raster, wardrobe
from core.depth.builtin.render.facekit import NECK_PIVOT, SKULL_CENTRE, FaceKit
from core.depth.builtin.render.people import Person
from core.depth.builtin.render.raster import Camera

SIDE = 512  # pixels rendered: twice the picture's and the targets'
MOST_YAW_DEG = 95.0
FACE_CENTRE = np.array([0.0, 1.8, 9.0], np.float32)  # between the eyes and the upper lip of the mean head


@dataclass(frozen=True)
class Framing:
    """How the head stands: degrees of turn; eye distance and offset of the face as shares of the picture's side."""

    yaw_deg: float
    pitch_deg: float
    roll_deg: float
    ipd_share: float
    offset: tuple[float, float]
    distance_cm: float


def draw_framing(rng: Generator, turned_deg: tuple[float, float] | None = None) -> Framing:
    """Half of the heads nearly fill the picture and stand upright, as after levelling; a fifth stand anyhow.

    turned_deg : the least and the most that heads are turned to either side; None is as people are photographed.
    """
    kind = rng.random()
    anyhow = rng.uniform(-MOST_YAW_DEG, MOST_YAW_DEG)
    yaw = rng.normal(0, 15) if rng.random() < 0.5 else rng.normal(0, 40) if rng.random() < 0.6 else anyhow
    if turned_deg is not None:
        yaw = rng.uniform(*turned_deg) * rng.choice([-1, 1])
    spread, roll = 0.03, rng.normal(0, 6)
    if kind < 0.5:
        ipd = 62 / 256 * np.exp(rng.normal(0, 0.15))
    elif kind < 0.8:
        ipd, roll = 45 / 256 * np.exp(rng.normal(0, 0.2)), rng.normal(0, 10)
    else:
        ipd, roll, spread = np.exp(rng.uniform(np.log(0.06), np.log(0.26))), rng.uniform(-55, 55), 0.12
    x, y = rng.normal(0, spread, 2)
    return Framing(
        yaw_deg=float(np.clip(yaw, -MOST_YAW_DEG, MOST_YAW_DEG)),
        pitch_deg=float(np.clip(rng.normal(0, 13), -38, 38)),
        roll_deg=float(roll),
        ipd_share=float(ipd),
        offset=(float(x), float(y)),
        distance_cm=float(np.exp(rng.uniform(np.log(40), np.log(280)))),
    )


def turned(yaw_deg: float, pitch_deg: float, roll_deg: float) -> NDArray[np.float32]:
    """Rotation (3, 3) of column vectors in the head's frame: yaw about y, then pitch about x, then roll about z."""
    (cy, sy), (cp, sp), (cr, sr) = ((np.cos(a), np.sin(a)) for a in np.radians([yaw_deg, pitch_deg, roll_deg]))
    yaw = np.array([[cy, 0, sy], [0, 1, 0], [-sy, 0, cy]])
    pitch = np.array([[1, 0, 0], [0, cp, -sp], [0, sp, cp]])
    roll = np.array([[cr, -sr, 0], [sr, cr, 0], [0, 0, 1]])
    return (roll @ pitch @ yaw).astype(np.float32)


class Parts:
    """The mesh of a scene, grown part by part; every part is turned into the frame of the room."""

    def __init__(self, kit: FaceKit, person: Person, framing: Framing, rng: Generator) -> None:
        self.framing = framing
        self.bare = bool(rng.random() < 0.2)
        self.turn = turned(framing.yaw_deg, framing.pitch_deg, framing.roll_deg)
        follows = rng.uniform(0.15, 1.0)
        self.body_turn = (
            self.turn
            if self.bare
            else turned(
                framing.yaw_deg * follows + rng.normal(0, 6),
                framing.pitch_deg * rng.uniform(0, 0.6),
                framing.roll_deg * rng.uniform(0, 0.5),
            )
        )
        self.pivot = (NECK_PIVOT - SKULL_CENTRE) @ self.turn.T
        weight = kit.neck[:, None]
        placed = self._with_head(person.points) * (1 - weight) + self._with_body(person.points) * weight
        keep = np.ones(len(kit.triangles), bool) if self.bare else ~kit.bust
        self.points: NDArray[np.floating] = placed
        self.attributes = kit.attributes
        self.triangles, self.material = kit.triangles[keep], kit.material[keep]
        self.casts = self.material == raster.SKIN
        self.head_triangles = len(self.triangles)
        right, left = person.points[kit.landmarks[36:48]].reshape(2, 6, 3).mean(1)
        self.ipd_cm = float(np.linalg.norm(right - left))
        self.eyes = self._with_head((right + left)[None] / 2)[0]

    def _with_head(self, points: NDArray[np.floating]) -> NDArray[np.float32]:
        return ((points - SKULL_CENTRE) @ self.turn.T).astype(np.float32)

    def _with_body(self, points: NDArray[np.floating]) -> NDArray[np.float32]:
        return ((points - NECK_PIVOT) @ self.body_turn.T + self.pivot).astype(np.float32)

    def _add(
        self,
        points: NDArray[np.floating],
        triangles: NDArray[np.int32],
        material: int,
        attributes: NDArray[np.float32],
        casts: NDArray[np.bool_],
    ) -> None:
        self.triangles = np.concatenate([self.triangles, triangles + len(self.points)]).astype(np.int32)
        self.points = np.concatenate([self.points, points])
        self.material = np.concatenate([self.material, np.full(len(triangles), material, np.uint8)])
        self.attributes = np.concatenate([self.attributes, attributes])
        self.casts = np.concatenate([self.casts, casts])

    def add_body(self, garment: wardrobe.Garment) -> None:
        """Hang a garment on the shoulders."""
        every = np.ones(len(garment.triangles), bool)
        self._add(self._with_body(garment.points), garment.triangles, garment.material, garment.attributes, every)

    def add_hat(self, garment: wardrobe.Garment) -> None:
        """Put a hat on the head; what falls below the chin follows the body."""
        low = np.clip((-4 - garment.points[:, 1:2]) / 8, 0, 1)
        points = self._with_head(garment.points) * (1 - low) + self._with_body(garment.points) * low
        every = np.ones(len(garment.triangles), bool)
        self._add(points, garment.triangles, garment.material, garment.attributes, every)

    def add_hair(self, fur: hairdressing.Shell, under: float | None) -> None:
        """Put hair on the head; `under` is the height of a hat's rim, above which hair is pressed to the skull."""
        points: NDArray[np.floating] = fur.layers
        if under is not None:
            arm = points - SKULL_CENTRE
            length = np.linalg.norm(arm, axis=1, keepdims=True)
            pressed = SKULL_CENTRE + arm * np.minimum(1, 8.4 / length)
            points = np.where(points[:, 1:2] > under - 0.4, pressed, points)
        low = np.clip((-4 - points[:, 1:2]) / 8, 0, 1)
        placed = self._with_head(points) * (1 - low) + self._with_body(points) * low
        self._add(placed, fur.triangles, raster.HAIR, fur.attributes, fur.outer)

    def before_camera(self) -> tuple[Camera, NDArray[np.float32]]:
        """Return the camera that frames the face as asked, and the points in its frame."""
        away = self.framing.distance_cm
        room = self.points.astype(np.float32)
        points = np.ascontiguousarray(np.stack([room[:, 0], -room[:, 1], away - room[:, 2]], 1), np.float32)
        focal = self.framing.ipd_share * SIDE * (away - self.eyes[2]) / self.ipd_cm
        face = self._with_head(FACE_CENTRE[None])[0]
        x, y, z = face[0], -face[1], away - face[2]
        centre = (SIDE - 1) / 2 + np.array(self.framing.offset) * SIDE
        return Camera(float(focal), float(centre[0] - focal * x / z), float(centre[1] - focal * y / z), SIDE), points
