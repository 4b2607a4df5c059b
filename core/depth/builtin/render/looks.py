"""The parameters of the shader: what skin, eyes, hair and cloth look like, and the light. Colours are sRGB 0..1."""

from typing import NamedTuple

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from core.depth.builtin.render import noise
from core.depth.builtin.render.facekit import light_axes
from core.depth.builtin.render.people import Person, any_colour

Colour = tuple[float, float, float]
SHADOW_MAP_SIDE, SHADOW_MAP_CM = 200, 44.0


class Skin(NamedTuple):
    """Skin and what grows on it; amounts 0..1 unless said otherwise, places on the noise in tiles."""

    colour: Colour
    lips: Colour
    lip_amount: float
    brows: Colour
    brow_shape: tuple[float, float, float]  # y = a x^2 + b x + c, cm
    brow_half_cm: float
    brow_from_cm: float
    brow_to_cm: float
    brow_amount: float
    beard: Colour
    beard_amount: float
    beard_shape: int
    scalp: Colour
    scalp_amount: float
    at: tuple[float, float, float]
    mottled: float
    fine: float
    grain: float
    freckles: float
    under_eyes: float
    folds: float
    creases: float
    flush: float
    lashes: float
    gloss: float
    sharpness: float
    lip_gloss: float
    bumps: float


class Eyes(NamedTuple):
    """Eyeball: iris and pupil radii in cm, place of the gaze relative to the lens."""

    iris: Colour
    white: float
    pupil_cm: float
    across_cm: float
    up_cm: float
    teeth: float


class Hair(NamedTuple):
    """Strands: contrast between them, light ones, gloss; `faded` is how light the ends of long hair are."""

    dark: Colour
    light: Colour
    lights: float
    contrast: float
    clumps: float
    gloss: float
    sharpness: float
    curly: float
    at: float
    across: float
    along: float
    faded: float


class Cloth(NamedTuple):
    """Two colours in a pattern: noise above a threshold, or stripes. Rows 0..`collar` of it are of a third one."""

    one: Colour
    two: Colour
    layer: int
    scale: float
    threshold: float
    stripes_u: float
    stripes_v: float
    striped: float
    gloss: float
    wrinkles: float
    collar: float
    collar_colour: Colour


class Light(NamedTuple):
    """Lights: directions (k, 3) towards them in the camera frame, colours (k, 3), ambient from below and above (2, 3).

    The first light casts shadows of that strength; its depth map comes from `raster.depth_from`.
    """

    directions: NDArray[np.float32]
    colours: NDArray[np.float32]
    ambient: NDArray[np.float32]
    shadow: float
    axes: NDArray[np.float32]
    scale: float
    centre_u: float
    centre_v: float


def rgb(colour: NDArray[np.floating]) -> Colour:
    """Return a colour as plain floats, which is what compiled code takes."""
    r, g, b = (float(c) for c in np.clip(colour, 0.005, 1.0))
    return r, g, b


def skin(rng: Generator, person: Person, brow: NDArray[np.float64], style: str) -> Skin:
    """Draw the look of a person's skin; `style` of hair tells how much of it is on the scalp."""
    u, age = rng.uniform, person.age
    tilt = u(-0.14, 0.14)
    shape = brow + np.array([0, tilt, u(-0.3, 0.3) - 3.5 * tilt])
    scalp = u(0.5, 1.0) if style != "bald" else u(0.05, 0.3) * (rng.random() < 0.5)
    return Skin(
        colour=rgb(person.skin),
        lips=rgb(person.lips),
        lip_amount=u(0.25, 1.0),
        brows=rgb(person.brows),
        brow_shape=(float(shape[0]), float(shape[1]), float(shape[2])),
        brow_half_cm=u(0.22, 0.62) * (0.7 if person.child else 1),
        brow_from_cm=u(0.55, 1.5),
        brow_to_cm=u(5.5, 6.6),
        brow_amount=u(0.25, 1.0) * (0.7 if person.child else 1),
        beard=rgb(person.beard_colour),
        beard_amount=person.beard,
        beard_shape=person.beard_shape,
        scalp=rgb(person.hair),
        scalp_amount=float(scalp),
        at=(rng.random(), rng.random(), rng.random()),
        mottled=u(0, 0.04) + 0.02 * age,
        fine=u(0, 0.035) + 0.02 * age,
        grain=u(0, 0.04),
        freckles=u(0.05, 0.5) * (rng.random() < 0.25),
        under_eyes=u(0, 0.35) + 0.35 * age * rng.random(),
        folds=u(0, 0.4) + 0.5 * age * rng.random(),
        creases=age * rng.random(),
        flush=u(0, 1.3),
        lashes=u(0.1, 1.0),
        gloss=u(0, 0.25),
        sharpness=u(5, 40),
        lip_gloss=u(0.5, 3),
        bumps=u(0, 0.6) + 0.4 * age,
    )


def eyes(rng: Generator, person: Person) -> Eyes:
    """Draw eyes and teeth."""
    return Eyes(
        iris=rgb(person.iris),
        white=rng.uniform(0.6, 0.93),
        pupil_cm=rng.uniform(0.18, 0.36),
        across_cm=rng.normal(0, 0.04),
        up_cm=rng.normal(0, 0.04),
        teeth=rng.uniform(0.65, 1.05),
    )


def hair(rng: Generator, person: Person, across: float, along: float, curly: bool) -> Hair:
    """Draw the look of hair."""
    return Hair(
        dark=rgb(person.hair),
        light=rgb(person.hair_light),
        lights=rng.uniform(0, 0.9),
        contrast=rng.uniform(0.05, 0.35),
        clumps=rng.uniform(0.05, 0.3) if curly else rng.uniform(0, 0.15),
        gloss=rng.uniform(0, 0.3) * (rng.random() < 0.8),
        sharpness=rng.uniform(4, 30),
        curly=1.0 if curly else 0.0,
        at=rng.random(),
        across=across,
        along=along,
        faded=rng.uniform(0, 1) * (rng.random() < 0.4),
    )


def cloth(rng: Generator) -> Cloth:
    """Draw a cloth: plain half the time."""
    return Cloth(
        one=rgb(any_colour(rng)),
        two=rgb(any_colour(rng)),
        layer=int(rng.choice([noise.CLOUD, noise.FINE, noise.STRANDS, noise.SPOTS, noise.CREASES])),
        scale=rng.uniform(0.5, 3.0),
        threshold=rng.uniform(0.4, 3.0) if rng.random() < 0.5 else 9.0,
        stripes_u=float(rng.integers(2, 14) * (rng.random() < 0.6)),
        stripes_v=float(rng.integers(2, 10) * (rng.random() < 0.6)),
        striped=float(rng.random() < 0.4),
        gloss=0.03 + rng.uniform(0, 0.12) * (rng.random() < 0.25),
        wrinkles=rng.random(),
        collar=rng.uniform(0.04, 0.15) if rng.random() < 0.35 else -1.0,
        collar_colour=rgb(np.repeat(rng.uniform(0.6, 0.97), 3) if rng.random() < 0.6 else any_colour(rng)),
    )


def light(rng: Generator, distance_cm: float) -> Light:
    """Draw one to three lights and the sky; the head is `distance_cm` before the camera."""
    directions, colours = [], []
    for number in range(rng.integers(1, 4)):
        turn = rng.normal(0, 45) if number == 0 else rng.uniform(-150, 150)
        height = rng.uniform(0, 65) if number == 0 else rng.uniform(-15, 70)
        if rng.random() < 0.14:
            height = rng.uniform(-65, 0)
        a, e = np.radians([turn, height])
        directions.append([np.sin(a) * np.cos(e), -np.sin(e), -np.cos(a) * np.cos(e)])
        tint = np.exp(rng.normal(0, 0.12 if rng.random() < 0.8 else 0.35, 3))
        colours.append(tint * (rng.uniform(0.5, 1.3) if number == 0 else rng.uniform(0.05, 0.6)))
    sky = rng.uniform(0.08, 0.8)
    above, below = np.exp(rng.normal(0, 0.1, (2, 3))) * sky
    axes = light_axes(np.array(directions[0]))
    centre = axes @ np.array([0, 0, distance_cm], np.float32)
    return Light(
        np.array(directions, np.float32),
        np.array(colours, np.float32),
        np.stack([below * rng.uniform(0.3, 1.0), above]).astype(np.float32),
        rng.uniform(0.4, 1.0) if rng.random() < 0.65 else 0.0,
        axes,
        SHADOW_MAP_SIDE / SHADOW_MAP_CM,
        float(centre[0]),
        float(centre[1]),
    )
