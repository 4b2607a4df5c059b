"""What comes out of a photo: depth in millimetres on the levelled crop, its camera, and the facts it rests on."""

from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from core.errors import FormatError
from core.face.landmarks import LEFT_EYE, NOSE_TIP, RIGHT_EYE
from core.geometry.camera import Intrinsics
from core.geometry.facts import Facts, read_facts_as
from core.geometry.sensor_map import SensorMap
from core.options.run import DRAWN
from core.packing import load_map


@dataclass(frozen=True)
class Reconstruction:
    """One head (or one whole photo).

    crop_rgb : (S, S, 3) uint8, the frame of all maps.
    texture : (T, T, 3) uint8, the same square, T >= S.
    inverse_depth : (S, S) float32, the network's own, larger is nearer.
    depth_mm : (S, S) float32, z of the camera frame, NaN outside the head and what was kept round it.
    intrinsics : of the crop.
    landmarks_px : (68, 2) float64, crop pixels; None for a whole photo.
    facts : what its millimetres rest on.
    relief : (S, S) float32, the face network's own map, to which a MiDaS network's is fitted; None for a whole photo.
    coverage : (S, S) uint8, the head's soft mask, 128 and more is head; None in faces of earlier versions.
    fine_relief : (T, T) float32 mm towards the viewer at strength 1, drawn from light and dark (`core.fine_relief`);
    None where none was asked for. Surface and solid carry it; what is measured and compared does not.
    sensor : the depth that came with the photo, and sensor_mm : (S, S) float32, that alone in mm along the line of
    sight; None where none did, and sensor_mm also where it was not used and in what is read back.
    plain_mm : (S, S) float32, depth before the prior's shape and smoothing; not written, so None in what is read back.
    """

    crop_rgb: NDArray[np.uint8]
    texture: NDArray[np.uint8]
    inverse_depth: NDArray[np.float32]
    depth_mm: NDArray[np.float32]
    intrinsics: Intrinsics
    landmarks_px: NDArray[np.float64] | None
    facts: Facts
    relief: NDArray[np.float32] | None = None
    coverage: NDArray[np.uint8] | None = None
    fine_relief: NDArray[np.float32] | None = None
    plain_mm: NDArray[np.float32] | None = None
    sensor: SensorMap | None = None
    sensor_mm: NDArray[np.float32] | None = None

    @property
    def mask(self) -> NDArray[np.bool_]:
        """(S, S) bool, where there is depth."""
        return np.isfinite(self.depth_mm)

    @property
    def head(self) -> NDArray[np.bool_]:
        """(S, S) bool, where there is depth of the head: without a background that was kept."""
        if self.coverage is None or self.landmarks_px is None:
            return self.mask
        return self.mask & (self.coverage >= 128)

    @property
    def head_depth_mm(self) -> NDArray[np.float32]:
        """(S, S) float32, z of the camera frame, NaN outside the head: what is measured, compared and stands free."""
        return np.where(self.head, self.depth_mm, np.float32(np.nan))

    def drawn_mm(self, side_px: int) -> NDArray[np.float32]:
        """(side_px, side_px) float32: the fine relief at the strength that was asked for, mm towards the viewer."""
        if self.fine_relief is None:
            return np.zeros((side_px, side_px), np.float32)
        smaller = side_px < self.fine_relief.shape[0]
        how = cv2.INTER_AREA if smaller else cv2.INTER_LINEAR
        resized = cv2.resize(self.fine_relief, (side_px, side_px), interpolation=how)
        return np.asarray(self.facts.fine_relief * resized, np.float32)

    def depth_at(self, points_px: NDArray[np.floating]) -> NDArray[np.float64]:
        """Median depth of the head in mm round each crop pixel (n, 2); NaN where none is near."""
        depth, side, reach = self.head_depth_mm, self.depth_mm.shape[0], 2
        result = np.full(len(points_px), np.nan)
        for i, (x, y) in enumerate(np.clip(np.round(points_px), 0, side - 1).astype(int)):
            patch = depth[max(0, y - reach) : y + reach + 1, max(0, x - reach) : x + reach + 1]
            if np.isfinite(patch).any():
                result[i] = np.nanmedian(patch)
        return result

    @property
    def reference_mm(self) -> float:
        """Depth that statistics start from: the tip of the nose, or the nearest hundredth where there is none."""
        if self.landmarks_px is not None:
            tip = float(self.depth_at(self.landmarks_px[[NOSE_TIP]])[0])
            if np.isfinite(tip):
                return tip
        return float(np.nanpercentile(self.head_depth_mm, 1))

    @property
    def origin_mm(self) -> NDArray[np.float64]:
        """(3,), camera frame: the origin of mesh files. Midway between the eyes, or the middle of what is seen."""
        if self.landmarks_px is not None:
            eyes = np.stack([self.landmarks_px[RIGHT_EYE].mean(0), self.landmarks_px[LEFT_EYE].mean(0)])
            points = self.intrinsics.unproject(eyes, self.depth_at(eyes))
            if np.isfinite(points).all():
                return np.asarray(points.mean(0))
        middle = np.full(2, (self.depth_mm.shape[0] - 1) / 2)
        return self.intrinsics.unproject(middle, np.asarray(np.nanmedian(self.head_depth_mm)))

    def to_mesh_frame(self, points_mm: NDArray[np.floating]) -> NDArray[np.float64]:
        """Camera frame (n, 3) -> mesh frame: x right, y up, z towards the viewer, origin as above, mm."""
        return np.asarray((points_mm - self.origin_mm) * [1, -1, -1])

    @classmethod
    def load(cls, folder: Path) -> "Reconstruction":
        """Read back what `core.files.write_face` wrote; the texture is the crop itself.

        Raises
        ------
        FormatError
            The folder holds no face, or its `reconstruction.json` is damaged, foreign or of a newer version.
        """
        facts = read_facts_as(Facts, folder)
        with Image.open(folder / "crop.png") as image:
            crop = np.array(image.convert("RGB"))
        landmarks = facts.landmarks_crop_px
        depth, inverse_depth, prior, fine = (
            load_map(folder, name) for name in ("depth", "inverse_depth", "prior", "fine_relief")
        )
        if depth is None or inverse_depth is None:
            raise FormatError(f"{folder} holds no depth. Process the photo again.")
        mask, coverage = folder / "mask.png", None
        if mask.is_file():
            with Image.open(mask) as image:
                coverage = np.array(image.convert("L"))
        relief = inverse_depth if prior is None and landmarks is not None else prior
        nearness, said = load_map(folder, "sensor"), facts.sensor
        sensor = None
        if nearness is not None and said is not None:
            measured = nearness.astype(np.float32, copy=False)
            sensor = SensorMap(measured, said.is_absolute, said.step, said.along, said.pitch_px, said.is_exact)
        return cls(
            crop_rgb=crop,
            texture=crop,
            inverse_depth=inverse_depth.astype(np.float32, copy=False),
            depth_mm=depth.astype(np.float32, copy=False),
            intrinsics=facts.camera.intrinsics,
            landmarks_px=None if landmarks is None else np.array(landmarks),
            facts=facts,
            relief=None if relief is None else relief.astype(np.float32, copy=False),
            coverage=coverage,
            fine_relief=None if fine is None else fine.astype(np.float32),
            sensor=sensor,
        )


USED = {"no": "nothing", "shape": "its shape", "millimetres": "its shape and its millimetres"}


def assumptions(facts: Facts) -> dict[str, str]:
    """What the millimetres of a face rest on, by name, in words with units: for the metadata of files."""
    camera, fit, sensor = facts.camera, facts.scale_and_shift, facts.sensor
    rows: dict[str, str | None] = {
        "photo": facts.photo.name,
        "face": f"{facts.face.number} of {facts.face.of}, from the left" if facts.face and facts.face.of > 1 else None,
        "network": facts.network.name,
        "scaled to": facts.scaled_to,
        "depth that came with the photo": None
        if sensor is None
        else f"from {sensor.source}, {'; '.join(f'{name}: {text}' for name, text in sensor.said.items())}",
        "used of that depth": None if sensor is None else USED[sensor.used],
        "interpupillary distance": f"{sensor.ipd_mm:.1f} mm, measured; {facts.ipd_mm:g} mm would have been assumed"
        if sensor and sensor.ipd_mm
        else None,
        "projection": camera.projection,
        "focal length": f"{camera.focal_photo_px:.1f} px of the photo, "
        f"{camera.focal_equivalent_mm:.1f} mm on 35 mm film",
        "focal length from": camera.focal_source,
        "field of view": f"{camera.fov_deg:.1f} degrees over the diagonal",
        "distance": f"{facts.distance_mm:.0f} mm",
        "scale and shift": f"{fit.equation}, a = {fit.a:.6g}, b = {fit.b:.6g}",
        "fitted to": fit.fitted_to,
        "residual": None if fit.residual_mm is None else f"{fit.residual_mm:.2f} mm in the median",
        "inliers": None if fit.inlier_share is None else f"{100 * fit.inlier_share:.0f} % within {fit.inlier_mm:g} mm",
        "shape from the prior": None
        if facts.prior is None or facts.prior.weight is None
        else f"{100 * facts.prior.weight:.0f} % of the broad shape",
        "smoothing": f"{facts.smooth:g} of 1",
        "fine relief": f"{DRAWN}, strength {facts.fine_relief:g} of 1" if facts.fine_relief else None,
        "background": "kept" if facts.background else "cut off",
        "warnings": " ".join(facts.warnings) or None,
        "measured": f"yes: by {sensor.source}"
        if sensor is not None and facts.is_measured
        else "no: one photo has no scale, so lengths follow from these assumptions",
    }
    return {name: text for name, text in rows.items() if text is not None}
