"""Heads made from the template itself: known coefficients, known places, and photos of them by an ideal camera."""

from functools import cache

import numpy as np
from scipy.spatial.transform import Rotation

from core.geometry.alignment import apply
from core.geometry.camera import Intrinsics
from core.geometry.reconstruction import Reconstruction
from core.head import Head, HeadFit, template
from core.head.painting import painted
from tests.facts import facts_of

FLIP = np.array([1.0, -1.0, -1.0])
FRONT = 0.2  # of the normal towards the viewer: what lies flatter counts as unseen


def coefficients(identity=(), **expression):
    """Those of the first modes of identity, and of modes of expression by name."""
    model = template()
    values = np.zeros(model.modes.shape[2])
    values[: len(identity)] = identity
    for name, value in expression.items():
        values[model.identities + model.names.index(name)] = value
    return values


def moved(yaw=0.0, shift=(0.0, 0.0, 0.0), scale=1.0):
    result = np.eye(4)
    result[:3, :3] = scale * Rotation.from_euler("y", yaw, degrees=True).as_matrix()
    result[:3, 3] = shift
    return result


def fitted(values=None, pose=None, seen=None):
    """A head that the fit has found exactly; it sees the front."""
    model = template()
    values = coefficients() if values is None else values
    pose = np.eye(4) if pose is None else pose
    if seen is None:
        seen = (model.normals(model.mean)[:, 2] > FRONT).astype(float)
    return Head(HeadFit(values, pose, 0.0, 0.0), apply(pose, model.shape(values)), seen)


@cache
def photographed(identity=(), yaw=0.0, side=256, distance_mm=600.0, sha256="0"):
    """The head of these coefficients as a reconstruction with its true depth."""
    model = template()
    points = apply(moved(yaw), model.shape(coefficients(identity))) * FLIP + [0.0, 20.0, distance_mm]
    camera = Intrinsics(1.6 * side, (side - 1) / 2, (side - 1) / 2)
    at = camera.project(points)
    shown = painted(at, model.faces, (side, side), near=-points[:, 2])
    depth = np.full((side, side), np.nan, np.float32)
    depth[shown.rows, shown.columns] = shown.between(points[:, 2:], model.faces)[:, 0]
    rgb = np.full((side, side, 3), 90, np.uint8)
    tone = np.clip(140 + model.mean, 0, 255)
    rgb[shown.rows, shown.columns] = shown.between(tone, model.faces)
    landmarks = at[model.landmarks]
    facts = facts_of(camera, landmarks, sha256=sha256, yaw_deg=-yaw, distance_mm=distance_mm)
    return Reconstruction(rgb, rgb, (1 / depth).astype(np.float32), depth, camera, landmarks, facts)
