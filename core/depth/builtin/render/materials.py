"""What each material returns for a point of it, compiled.

Colour r, g, b (sRGB, 0..1), and where it has them gloss and the tilt of the normal across and down.
"""

import numpy as np

from core.depth.builtin.render.noise import CLOUD, CREASES, CURLS, FINE, FRECKLES, GRAIN, SPOTS, STRANDS
from core.depth.builtin.render.raster import inlined, smoothstep, texture

NECK_CUT = -10.2  # y + 0.45 z, cm: below this line skin is body, not head
TILE = 40.0  # cm of skin per tile of noise
EYE_X, EYE_Y = 3.1, 3.6  # centre of the left eyeball on the mean head


@inlined
def mixed(r, g, b, colour, share):  # type: ignore[no-untyped-def]
    """Paint over a colour."""
    return r + (colour[0] - r) * share, g + (colour[1] - g) * share, b + (colour[2] - b) * share


@inlined
def skin(bank, look, x, y, z, lips, beard, lashes, bags, flush, scalp, folds):  # type: ignore[no-untyped-def]
    """Skin with lips, brows, beard, stubble on the scalp."""
    u, v = np.arctan2(x, z + 1.0) * 8.0 / TILE, y / TILE
    cloud = texture(bank, CLOUD, u * 0.8 + look.at[0], v * 0.8 + look.at[1])
    fine = texture(bank, FINE, u * 1.5 + look.at[2], v * 1.5 + look.at[0])
    grain = texture(bank, GRAIN, u * 2.2 + look.at[1], v * 2.2)
    spots = texture(bank, FRECKLES, u * 1.6 + look.at[1], v * 1.6 + look.at[2])
    crease = texture(bank, CREASES, u * 1.3 + look.at[2], v * 1.3 + look.at[0])
    side = abs(x)
    forehead = smoothstep(4.0, 8.0, z) * smoothstep(3.5, 6.0, y)
    bright = 1 + look.mottled * cloud + look.fine * fine + look.grain * grain
    bright *= 1 - min(max(spots - 1.6, 0.0) * look.freckles, 0.4) * (1.0 if y < 6 else 0.5)
    bright *= (1 - 0.5 * look.under_eyes * bags) * (1 - 0.5 * look.folds * folds)
    bright *= 1 - 0.06 * look.creases * max(crease - 0.9, 0.0) * forehead
    red = flush * look.flush
    r = look.colour[0] * bright * (1 + 0.05 * red)
    g = look.colour[1] * bright * (1 - 0.16 * red)
    b = look.colour[2] * bright * (1 - 0.14 * red)
    r, g, b = mixed(r, g, b, look.lips, min(1.3 * lips, 1.0) * look.lip_amount)
    if z > 5 and 0.3 < side < 7.2:
        a, slope, level = look.brow_shape
        middle = a * side * side + slope * side + level
        half = look.brow_half_cm * (1 - 0.45 * smoothstep(3.8, 6.2, side))
        inside = min(1 - abs(y - middle) / half, (side - look.brow_from_cm) * 1.6, (look.brow_to_cm - side) * 1.2)
        hairs = texture(bank, STRANDS, u * 3 + y * 0.05, v * 2 + look.at[2])
        r, g, b = mixed(r, g, b, look.brows, smoothstep(-0.15, 0.75, inside + 0.28 * hairs) * look.brow_amount)
    if look.beard_shape == 1:
        beard *= smoothstep(3.4, 2.6, side)
    elif look.beard_shape == 2:
        beard *= smoothstep(-3.3, -2.6, y) * smoothstep(3.6, 2.9, side)
    bearded = 0.0
    if look.beard_amount > 0 and beard > 0:
        hairs = texture(bank, CURLS, u * 2.6 + look.at[0], v * 1.3)
        uneven = 0.45 * (0.5 * grain + 0.4 * hairs) * min(2 * look.beard_amount, 1.0)
        bearded = min(max(beard * (look.beard_amount + uneven), 0.0), 1.0)
        r, g, b = mixed(r, g, b, look.beard, bearded)
    if look.scalp_amount > 0:
        stubble = smoothstep(0.1, 0.8, scalp + 0.12 * fine) * look.scalp_amount * (1 + 0.35 * grain)
        r, g, b = mixed(r, g, b, look.scalp, min(max(stubble, 0.0), 1.0))
    lid = 1 - 0.9 * min(lashes * look.lashes, 1.0)
    gloss = look.gloss * (1 + 0.3 * fine) * (1 - 0.7 * bearded) * (look.lip_gloss if lips > 0.5 else 1.0)
    across = look.bumps * (0.05 * fine + 0.04 * grain)
    down = look.bumps * (0.035 * grain - 0.04 * fine) + 0.08 * look.creases * max(crease - 0.5, 0.0) * forehead
    return r * lid, g * lid, b * lid, gloss, across, down


@inlined
def eye(bank, look, x, y, z):  # type: ignore[no-untyped-def]
    """Eyeball with iris and pupil."""
    right = x - (EYE_X if x > 0 else -EYE_X) - look.across_cm
    up = y - EYE_Y - look.up_cm
    radius = np.sqrt(right * right + up * up)
    rim = smoothstep(0.9, 1.5, radius)
    r, g, b = look.white, look.white * 0.97 * (1 - 0.12 * rim), look.white * 0.95 * (1 - 0.12 * rim)
    if z > 8.3:
        rays = 1 + 0.25 * texture(bank, STRANDS, np.arctan2(up, right) * 0.9, 0.3)
        disc = smoothstep(0.66, 0.58, radius)
        dark = (1 - 0.5 * disc * smoothstep(0.5, 0.63, radius)) * rays
        iris = (look.iris[0] * dark, look.iris[1] * dark, look.iris[2] * dark)
        r, g, b = mixed(r, g, b, iris, disc)
        pupil = 1 - 0.95 * smoothstep(look.pupil_cm + 0.04, look.pupil_cm - 0.04, radius)
        r, g, b = r * pupil, g * pupil, b * pupil
    return r, g, b


@inlined
def hair(bank, look, u, v, height):  # type: ignore[no-untyped-def]
    """Strands, lighter towards their tips."""
    layer = CURLS if look.curly > 0 else STRANDS
    strand = texture(bank, layer, u * look.across + look.at, v * look.along)
    lock = texture(bank, CURLS, u * look.across * 0.5 + 0.4, v * look.along * 0.7 + 0.37)
    clump = texture(bank, SPOTS if look.curly > 0 else FINE, u * 2 + 0.2, v + look.at)
    bright = max(1 + look.contrast * (0.55 * strand + 0.35 * lock) + look.clumps * clump, 0.12)
    share = min(max(0.5 + 0.35 * lock + 0.25 * clump, 0.0), 1.0) * look.lights * (0.5 + 0.5 * height)
    share = min(share + look.faded * smoothstep(0.55, 1.3, v), 1.0)
    r, g, b = mixed(look.dark[0], look.dark[1], look.dark[2], look.light, share)
    gloss = look.gloss * (0.5 + 0.5 * strand) ** 2
    return r * bright, g * bright, b * bright, gloss, 0.12 * strand + 0.1 * clump, 0.15 * clump


@inlined
def cloth(bank, look, u, v):  # type: ignore[no-untyped-def]
    """Cloth in two colours."""
    coarse, weave = texture(bank, FINE, u * 2 + 0.1, v * 0.8 + 0.6), texture(bank, GRAIN, u * 3, v * 3)
    if look.striped > 0:
        value = 3 * np.sin((u * look.stripes_u + v * look.stripes_v) * 6.283)
    else:
        value = texture(bank, look.layer, u * look.scale, v * look.scale * 0.5)
    bright = 1 + 0.12 * coarse + 0.07 * weave
    colour = look.two if value > look.threshold else look.one
    if v < look.collar:
        colour = look.collar_colour
    tilt = look.wrinkles * coarse
    return colour[0] * bright, colour[1] * bright, colour[2] * bright, look.gloss, 0.2 * tilt, 0.15 * tilt
