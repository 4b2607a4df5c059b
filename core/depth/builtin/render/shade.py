"""Fragments -> linear colour and masks, compiled: diffuse light with a soft edge on skin, gloss, shadow, sky."""

import numpy as np

from core.depth.builtin.render import materials
from core.depth.builtin.render.raster import (
    BEARD,
    CLOTH,
    EYE,
    FLUSH,
    FOLDS,
    GUMS,
    HAIR,
    HAT,
    LASHES,
    LIPS,
    MOUTH,
    OPEN,
    SCALP,
    SKIN,
    TEETH,
    UNDER_EYES,
    X,
    Y,
    Z,
    between,
    compiled,
    inlined,
    smoothstep,
)

GAMMA = 2.2
SHADOW_BIAS_CM, SHADOW_OFFSET_CM = 0.35, 0.25


@inlined
def _in_shadow(seen, light, x, y, z):  # type: ignore[no-untyped-def]
    """Share of nine neighbours in the light's depth map that lie before the point."""
    side = seen.shape[0]
    axes = light.axes
    column = int((axes[0, 0] * x + axes[0, 1] * y + axes[0, 2] * z - light.centre_u) * light.scale + side * 0.5)
    row = int((axes[1, 0] * x + axes[1, 1] * y + axes[1, 2] * z - light.centre_v) * light.scale + side * 0.5)
    near = axes[2, 0] * x + axes[2, 1] * y + axes[2, 2] * z + SHADOW_BIAS_CM
    hidden, asked = 0.0, 0.0
    for j in range(max(0, row - 1), min(side, row + 2)):
        for i in range(max(0, column - 1), min(side, column + 2)):
            asked += 1
            hidden += 1.0 if seen[j, i] > near else 0.0
    return hidden / asked if asked > 0 else 0.0


@compiled
def shade(  # type: ignore[no-untyped-def]
    fragments,
    normals,
    triangles,
    material,
    attributes,
    camera,
    bank,
    skin,
    eyes,
    hair,
    coat,
    hat,
    light,
    seen,
    image,
    masks,
):
    """Fill image (S, S, 3) float32, linear, and masks (S, S, 2) uint8, 255 on the head and on the whole subject."""
    depth, index, first, second = fragments
    for row in range(camera.side):
        for column in range(camera.side):
            t = index[row, column]
            if t < 0:
                continue
            a, b, c = triangles[t, 0], triangles[t, 1], triangles[t, 2]
            w0, w1 = first[row, column], second[row, column]
            kind = material[t]
            nx, ny = between(normals, 0, a, b, c, w0, w1), between(normals, 1, a, b, c, w0, w1)
            nz = between(normals, 2, a, b, c, w0, w1)
            if kind >= CLOTH and nz > 0:
                nx, ny, nz = -nx, -ny, -nz
            u, v, w = (
                between(attributes, X, a, b, c, w0, w1),
                between(attributes, Y, a, b, c, w0, w1),
                between(attributes, Z, a, b, c, w0, w1),
            )
            open_ = between(attributes, OPEN, a, b, c, w0, w1)
            gloss, sharp, across, down, soft, head = 0.0, 20.0, 0.0, 0.0, 0.0, 255
            if kind == SKIN:
                r, g, bl, gloss, across, down = materials.skin(
                    bank, skin, u, v, w,
                    between(attributes, LIPS, a, b, c, w0, w1), between(attributes, BEARD, a, b, c, w0, w1),
                    between(attributes, LASHES, a, b, c, w0, w1), between(attributes, UNDER_EYES, a, b, c, w0, w1),
                    between(attributes, FLUSH, a, b, c, w0, w1), between(attributes, SCALP, a, b, c, w0, w1),
                    between(attributes, FOLDS, a, b, c, w0, w1),
                )  # fmt: skip
                sharp, soft = skin.sharpness, 0.22
                head = 255 if v + 0.45 * w > materials.NECK_CUT else 0
            elif kind == EYE:
                r, g, bl = materials.eye(bank, eyes, u, v, w)
                gloss, sharp = 1.2, 220.0
                lid_shade = 1 - 0.35 * smoothstep(0.1, 0.75, v - materials.EYE_Y)
                open_ = (0.3 + 0.7 * smoothstep(0.1, 0.6, open_)) * lid_shade
            elif kind == TEETH:
                r, g, bl, gloss, sharp = 0.88 * eyes.teeth, 0.85 * eyes.teeth, 0.77 * eyes.teeth, 0.25, 40.0
                open_ = 0.35 + 0.65 * smoothstep(0.05, 0.45, open_)
            elif kind in (GUMS, MOUTH):
                r, g, bl = (0.55, 0.24, 0.24) if kind == GUMS else (0.28, 0.1, 0.09)
                open_ *= 1.0 if kind == GUMS else 0.35
            elif kind == HAIR:
                r, g, bl, gloss, across, down = materials.hair(bank, hair, u, v, w)
                sharp, soft = hair.sharpness, 0.25
            elif kind == CLOTH:
                r, g, bl, gloss, across, down = materials.cloth(bank, coat, u, v)
                head = 0
            else:
                r, g, bl, gloss, across, down = materials.cloth(bank, hat, u, v)
                open_ *= 0.75 + 0.25 * smoothstep(0.0, 0.3, v) if kind == HAT else 1.0
            nx, ny = nx + across, ny + down
            length = np.sqrt(nx * nx + ny * ny + nz * nz) + 1e-6
            nx, ny, nz = nx / length, ny / length, nz / length
            z = 1.0 / depth[row, column]
            x, y = (column - camera.cx) / camera.focal_px * z, (row - camera.cy) / camera.focal_px * z
            lit = _lit(r, g, bl, gloss, sharp, soft, open_, nx, ny, nz, x, y, z, light, seen)
            image[row, column, 0], image[row, column, 1], image[row, column, 2] = lit
            masks[row, column, 0], masks[row, column, 1] = head, 255


@inlined
def _lit(r, g, b, gloss, sharp, soft, open_, nx, ny, nz, x, y, z, light, seen):  # type: ignore[no-untyped-def]
    """Light a point (camera frame, cm): colour sRGB, openness 0..1, softness of the shadow's edge -> linear r, g, b."""
    far = np.sqrt(x * x + y * y + z * z)
    ex, ey, ez = -x / far, -y / far, -z / far
    up = 0.5 - 0.5 * ny
    sky = (0.35 + 0.65 * open_) * open_
    total_r = (light.ambient[0, 0] * (1 - up) + light.ambient[1, 0] * up) * sky
    total_g = (light.ambient[0, 1] * (1 - up) + light.ambient[1, 1] * up) * sky
    total_b = (light.ambient[0, 2] * (1 - up) + light.ambient[1, 2] * up) * sky
    shine_r, shine_g, shine_b = 0.0, 0.0, 0.0
    grazing = 1 + 3 * (1 - max(0.0, nx * ex + ny * ey + nz * ez)) ** 4
    for k in range(light.directions.shape[0]):
        lx, ly, lz = light.directions[k, 0], light.directions[k, 1], light.directions[k, 2]
        facing = nx * lx + ny * ly + nz * lz
        clear = 1.0
        if k == 0 and light.shadow > 0 and facing > -0.3:
            off = SHADOW_OFFSET_CM
            clear = 1 - light.shadow * _in_shadow(seen, light, x + nx * off, y + ny * off, z + nz * off)
        reach = clear * (0.45 + 0.55 * open_)
        # Light that has gone through skin comes out red: the red channel falls off most softly.
        total_r += light.colours[k, 0] * reach * max(0.0, (facing + soft) / (1 + soft))
        total_g += light.colours[k, 1] * reach * max(0.0, (facing + 0.5 * soft) / (1 + 0.5 * soft))
        total_b += light.colours[k, 2] * reach * max(0.0, (facing + 0.4 * soft) / (1 + 0.4 * soft))
        if gloss > 0 and facing > 0:
            hx, hy, hz = lx + ex, ly + ey, lz + ez
            half = (nx * hx + ny * hy + nz * hz) / (np.sqrt(hx * hx + hy * hy + hz * hz) + 1e-6)
            if half > 0:
                peak = half**sharp * gloss * clear * grazing * (0.3 + 0.7 * open_)
                shine_r += light.colours[k, 0] * peak
                shine_g += light.colours[k, 1] * peak
                shine_b += light.colours[k, 2] * peak
    return (
        max(r, 0.0) ** GAMMA * total_r + shine_r,
        max(g, 0.0) ** GAMMA * total_g + shine_g,
        max(b, 0.0) ** GAMMA * total_b + shine_b,
    )
