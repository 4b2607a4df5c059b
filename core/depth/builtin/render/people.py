"""Who is in the picture: shape of the head, expression, age, colours of skin, hair and eyes."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from core.depth.builtin.render.facekit import FaceKit
from core.depth.builtin.render.raster import BEARD, X, Y, vertex_normals

CHILD_SHARE = 0.12
EYE_LEVEL_CM = 3.6  # y of the eyes on the mean head

# sRGB of skin from lightest to darkest (ours, spread evenly in lightness), and of hair with how common each is.
SKIN_TONES = (
    np.array(
        [
            *([255, 226, 208], [246, 208, 186], [231, 187, 157], [208, 155, 121]),
            *([178, 122, 90], [142, 94, 68], [106, 70, 50], [70, 46, 35]),
        ]
    )
    / 255
)
HAIR_COLOURS = (
    np.array(
        [
            *([22, 18, 16], [38, 26, 20], [58, 38, 25], [88, 58, 36], [120, 84, 52], [160, 120, 76]),
            *([205, 170, 115], [130, 50, 25], [175, 172, 168], [232, 230, 226], [90, 88, 86]),
        ]
    )
    / 255
)
HAIR_SHARES = np.array([20, 16, 14, 12, 9, 7, 6, 3, 7, 5, 3]) / 102
DARK_HAIR = (0, 0, 0, 1, 1, 2, 3, 8, 9, 10)
IRIS_COLOURS = np.array(
    [
        *([0.30, 0.18, 0.09], [0.20, 0.11, 0.06], [0.12, 0.07, 0.05], [0.35, 0.45, 0.58]),
        *([0.33, 0.40, 0.28], [0.42, 0.32, 0.16], [0.45, 0.50, 0.52]),
    ]
)
IRIS_SHARES = np.array([0.25, 0.22, 0.15, 0.13, 0.1, 0.1, 0.05])


@dataclass(frozen=True)
class Person:
    """A head in its own frame.

    points : (n, 3) float32, cm. The colours are sRGB in 0..1. tone : place in `SKIN_TONES`, 0..7.
    beard : 0 none, below 0.45 painted, above it also raised. beard_shape : 0 full, 1 chin, 2 upper lip.
    age : 0 young .. 1 old.
    """

    points: NDArray[np.float32]
    child: bool
    eyes_closed: bool
    age: float
    tone: float
    skin: NDArray[np.float64]
    lips: NDArray[np.float64]
    hair: NDArray[np.float64]
    hair_light: NDArray[np.float64]
    brows: NDArray[np.float64]
    beard_colour: NDArray[np.float64]
    iris: NDArray[np.float64]
    beard: float
    beard_shape: int


def people(rng: Generator, kit: FaceKit, count: int, *, bearded: bool = False) -> list[Person]:
    """Draw people; several at once, because the shape basis is then read from memory only once.

    bearded : draw men with full, thick beards only.
    """
    spread = rng.uniform(0.6, 1.25, (count, 1))
    identity = (rng.normal(0, 1, (count, len(kit.identity))) * spread).astype(np.float32) @ kit.identity
    faces = [_expression(rng, kit.expressions) for _ in range(count)]
    moved = np.stack([weights for weights, _ in faces]).astype(np.float32) @ kit.expression
    points = kit.mean[None] + (identity + moved).reshape(count, -1, 3)
    return [_person(rng, kit, p, closed, bearded) for p, (_, closed) in zip(points, faces, strict=True)]


def _person(rng: Generator, kit: FaceKit, points: NDArray[np.float32], eyes_closed: bool, bearded: bool) -> Person:
    child = not bearded and rng.random() < CHILD_SHARE
    if child:
        points = _as_child(points, rng.uniform(0.4, 1.0))
    tone = rng.uniform(0, 7) if rng.random() < 0.85 else rng.uniform(0, 3)
    skin = np.stack([np.interp(tone, np.arange(8), channel) for channel in SKIN_TONES.T])
    skin = np.clip(skin * np.exp(rng.normal(0, 0.05, 3)), 0.04, 1)
    lips = np.clip(skin * rng.uniform([0.8, 0.55, 0.55], [1.02, 0.85, 0.88]), 0, 1)
    if rng.random() < 0.15 and not child:  # lipstick
        lips = np.clip(np.array([0.7, 0.12, 0.15]) * np.exp(rng.normal(0, 0.3, 3)), 0, 1)
    age = 0.0 if child else float(rng.beta(1.2, 1.6))
    hair = HAIR_COLOURS[rng.choice(11, p=HAIR_SHARES) if tone < 3.6 else rng.choice(DARK_HAIR)]
    hair = hair * np.exp(rng.normal(0, 0.12))
    beard = rng.uniform(0.05, 0.4) if rng.random() < 0.4 else rng.uniform(0.5, 1)
    beard = 0.0 if child or rng.random() < 0.55 else beard
    shape = int(rng.choice(3, p=[0.6, 0.2, 0.2]))
    if bearded:
        beard, shape = rng.uniform(0.5, 1), 0
    if beard > 0.45:
        points = _with_beard(rng, kit, points, shape)
    return Person(
        points=points,
        child=child,
        eyes_closed=eyes_closed,
        age=age,
        tone=float(tone),
        skin=skin,
        lips=lips,
        hair=np.clip(hair, 0.01, 1),
        hair_light=np.clip(hair * rng.uniform(1, 2) + rng.normal(0, 0.02, 3), 0.01, 1),
        brows=np.clip(hair * rng.uniform(0.5, 1.1), 0.01, 1),
        beard_colour=np.clip(hair * rng.uniform(0.6, 1.2) + (0.25 if rng.random() < 0.1 + 0.3 * age else 0), 0.01, 1),
        iris=IRIS_COLOURS[rng.choice(7, p=IRIS_SHARES)] * rng.uniform(0.7, 1.4),
        beard=float(beard),
        beard_shape=shape,
    )


def _as_child(points: NDArray[np.float32], much: float) -> NDArray[np.float32]:
    """Shorten, narrow and flatten the lower face, raise the forehead, thin the neck: 0 leaves an adult."""
    x, y, z = points.T.copy()
    below = np.clip((EYE_LEVEL_CM - y) / 11, 0, 1)
    shorter = 1 - 0.16 * much * np.clip((EYE_LEVEL_CM - y) / 3, 0, 1)
    higher = 1 + 0.04 * much
    nose = 0.1 * much * np.clip(z - 8, 0, 5) * (y < EYE_LEVEL_CM + 1.5)
    factor = np.where(y < EYE_LEVEL_CM, shorter, higher)
    y = EYE_LEVEL_CM + (y - EYE_LEVEL_CM) * factor
    z = (z - nose) * (1 - 0.06 * much * below)
    return np.stack([x * (1 - 0.1 * much * below), y, z], 1).astype(np.float32)


def beard_weight(weight: NDArray[np.floating], place: NDArray[np.floating], shape: int) -> NDArray[np.floating]:
    """Restrict the beard's region (n,) to chin or upper lip; place (n, 2+) is on the neutral head."""
    side = np.abs(place[:, X])
    if shape == 1:
        return weight * np.clip((3.4 - side) / 0.8, 0, 1)
    if shape == 2:
        return weight * np.clip((place[:, Y] + 3.3) / 0.6, 0, 1) * np.clip((3.6 - side) / 0.7, 0, 1)
    return weight


def _with_beard(rng: Generator, kit: FaceKit, points: NDArray[np.float32], shape: int) -> NDArray[np.float32]:
    weight = beard_weight(kit.attributes[:, BEARD], kit.attributes, shape)
    length = rng.uniform(0.1, 0.5) if rng.random() < 0.6 else rng.uniform(0.4, 2.2)
    x, y = kit.attributes[:, X], kit.attributes[:, Y]
    tufts = 0.8 + 0.3 * np.sin(x * rng.uniform(2, 5) + rng.uniform(0, 6)) * np.sin(y * rng.uniform(2, 5))
    grown = points + vertex_normals(points, kit.triangles) * (weight * length * tufts)[:, None]
    if length > 0.7:  # long beards hang
        grown[:, 1] -= weight * length * np.clip((-5 - y) / 3, 0, 1) * 0.8
    return grown.astype(np.float32)


class _Muscles:
    """Weights of the expression shapes by name."""

    def __init__(self, rng: Generator, names: list[str]) -> None:
        self.rng, self.names, self.weights = rng, names, np.zeros(len(names))

    def one(self, name: str, value: float) -> None:
        """Set one shape."""
        self.weights[self.names.index(name)] = np.clip(value, 0, 1.1)

    def both(self, name: str, value: float, unevenness: float = 0.2) -> None:
        """Set a shape on both sides, never quite alike."""
        for side in "LR":
            self.one(f"{name}_{side}", value * (1 + self.rng.normal(0, unevenness)))


def _expression(rng: Generator, names: list[str]) -> tuple[NDArray[np.float64], bool]:
    """Return weights of the expression shapes, and whether the eyes are shut."""
    face = _Muscles(rng, names)
    _move_mouth(rng, face)
    for share, name in ((0.12, "cheekPuff"), (0.15, "noseSneer"), (0.25, "browDown")):
        if rng.random() < share:
            face.both(name, rng.random() * 0.8)
    if rng.random() < 0.25:
        face.both("browInnerUp", rng.random())
        face.both("browOuterUp", rng.random())
    shut = _move_eyes(rng, face)
    strength = 1.0 if shut or rng.random() < 0.5 else rng.uniform(0.2, 1)
    return face.weights * strength, shut


def _move_mouth(rng: Generator, face: _Muscles) -> None:
    kind, chance = rng.random(), rng.random
    if kind < 0.42:
        smile = rng.uniform(0.2, 1)
        face.both("mouthSmile", smile, 0.1)
        face.both("cheekSquint", smile * chance() * 0.8)
        face.both("mouthDimple", smile * chance() * 0.4)
        if chance() < 0.75:  # teeth show
            face.both("mouthUpperUp", smile * rng.uniform(0.15, 0.75))
            face.both("mouthLowerDown", smile * rng.uniform(0.1, 0.7))
            face.both("mouthStretch", chance() * 0.3)
            face.one("jawOpen", rng.uniform(0, 0.2))
    elif kind < 0.5:
        face.one("jawOpen", rng.uniform(0.03, 0.85))
        face.both("mouthStretch", chance() * 0.4)
    elif kind < 0.58:
        face.one("mouthPucker", chance() * 0.9)
    elif kind < 0.68:
        face.both("mouthFrown", chance() * 0.9)
        face.one("mouthShrugLower", chance() * 0.7)
    elif kind < 0.76:
        face.both("mouthPress", chance())
        face.one("mouthRollLower", chance() * 0.6)
        face.one("mouthRollUpper", chance() * 0.6)
    for share, pair in ((0.15, ("mouthLeft", "mouthRight")), (0.1, ("jawLeft", "jawRight"))):
        if chance() < share:
            face.one(str(rng.choice(pair)), chance() * 0.55)


def _move_eyes(rng: Generator, face: _Muscles) -> bool:
    """Set lids and gaze; return whether the eyes are shut."""
    lids = rng.random()
    shut = lids < 0.14
    if shut:
        face.both("eyeBlink", rng.uniform(0.8, 1.02), 0.02)
    elif lids < 0.92:  # the neutral eyes of the model stare
        face.both("eyeBlink", rng.uniform(0.05, 0.5), 0.05)
        face.both("eyeSquint", rng.random() * 0.7)
    elif lids < 0.96:
        face.both("eyeWide", rng.random())
    across, up = rng.normal(0, 0.35), rng.normal(0, 0.25)
    face.one("eyeLookOut_L" if across > 0 else "eyeLookIn_L", abs(across))
    face.one("eyeLookIn_R" if across > 0 else "eyeLookOut_R", abs(across))
    for side in "LR":
        face.one(("eyeLookUp_" if up > 0 else "eyeLookDown_") + side, abs(up))
    return shut


def any_colour(rng: Generator) -> NDArray[np.float64]:
    """Return a colour of cloth: often black or white, otherwise any; sRGB 0..1."""
    kind = rng.random()
    if kind < 0.25:
        return np.repeat(rng.uniform(0.03, 0.2), 3) + rng.uniform(0, 0.03, 3)
    if kind < 0.4:
        return np.repeat(rng.uniform(0.7, 0.95), 3) + rng.uniform(-0.03, 0.03, 3)
    hue = np.array([[[rng.uniform(0, 360), rng.uniform(0.1, 0.95), rng.uniform(0.15, 0.95)]]], np.float32)
    return cv2.cvtColor(hue, cv2.COLOR_HSV2RGB)[0, 0].astype(np.float64)
