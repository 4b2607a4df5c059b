"""Photo -> reconstructions: the one way through the core that page, command line and worker all take."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from core import depth
from core.depth.network import DepthNetwork
from core.depth.refine import Mirrored, two_scales
from core.errors import GeometryError, NoFaceError, OptionError, PhotoError
from core.face.detect import LEAST_IPD_PX, Face, face_in_box, find_faces, too_small
from core.face.head import head_maps, head_mask, sharpened
from core.face.level import MAX_TEXTURE_PX, Crop, inside_photo, level, whole
from core.face.maps import FaceNetwork
from core.face.outline import outlined
from core.face.window import cut
from core.files.colours import signed_limit
from core.fine_relief import draw
from core.geometry.camera import photo_intrinsics
from core.geometry.facts import (
    CameraFacts,
    CropFacts,
    FaceFacts,
    Facts,
    FitFacts,
    NetworkFacts,
    PhotoFacts,
    PriorFacts,
    SensorFacts,
)
from core.geometry.metric_depth import BUILTIN, Observation, Solution, smoothing_of, soft_mask, solve
from core.geometry.reconstruction import Reconstruction
from core.geometry.sensor_map import SensorMap, head_matte, sensor_map
from core.head.fit import fit_head, ipd_of, landmarks_of
from core.json_files import rows
from core.options import Options
from core.photo import Photo
from core.photo.lens import FILM_DIAGONAL_MM
from core.progress import Progress, ignore

DARK_LEVEL = 20  # of 255; a photo whose brightest hundredth is darker is called dark: portraits so dark are not found
CLOSE_LOOK = 1.3  # of the landmarks' extent: the face that the second scale looks at


def reconstruct(
    photo: Photo, options: Options, networks: "depth.Networks", progress: Progress = ignore
) -> list[Reconstruction]:
    """Every face of a photo, left to right; or, if asked and there is no face, the whole photo.

    Raises
    ------
    NoFaceError
        No face was found and `options.whole_photo` is not set.
    GeometryError, WeightsError
        No depth in millimetres can be had.
    Cancelled
        From `progress`.

    Examples
    --------
    >>> import core
    >>> photo = core.read_photo("photo.jpg")
    >>> (face,) = core.reconstruct(photo, core.Options(ipd_mm=61), core.Networks())
    >>> face.depth_mm.shape
    (512, 512)
    >>> 1000 < face.reference_mm < 1300  # from the camera to the tip of the nose
    True
    """
    progress("Loading the network", 0.0)
    face_network = networks.face()
    depth_network = networks.depth(networks.default() if options.model == "auto" else options.model)
    progress("Finding faces", 0.05)
    if options.box is None:
        faces = find_faces(photo.rgb, face_network, options.turn_deg)
    else:
        faces = [_drawn(photo, options.box, options.turn_deg, face_network)]
    if not faces and not options.whole_photo:
        raise NoFaceError(_why_none(photo, face_network))
    about = _about_photo(photo)
    found = []
    for i, face in enumerate(faces):
        stage = "Estimating depth" if len(faces) == 1 else f"Estimating depth, face {i + 1} of {len(faces)}"
        progress(stage, 0.3 + 0.7 * i / len(faces))
        seen = _head(photo, face, options.refine, face_network, depth_network)
        came = _came(photo, seen)
        if came is not None and came.is_exact:
            seen = _with_landmarks(seen, about, came, options)
        found.append(
            _solved(seen, about, photo.focal_35mm, _about_face(face, options, i + 1, len(faces)), options, came)
        )
    if not faces:
        progress("Estimating depth", 0.3)
        seen = _whole(photo, options.turn_deg or 0, face_network, depth_network)
        found.append(_solved(seen, about, photo.focal_35mm, None, options, _came(photo, seen)))
    progress("Depth is ready", 1.0)
    return found


def _why_none(photo: Photo, face_network: FaceNetwork) -> str:
    """The sentence for a photo without a face: what is wrong with it, and what to do."""
    ipd_px = too_small(photo.rgb, face_network)
    if ipd_px is not None:
        return (
            f"No face found in {photo.name} that is large enough: there is one with {ipd_px:.0f} pixels between the "
            f"eyes, and {LEAST_IPD_PX:.0f} are needed. Use a larger copy of the photo, or choose to process the whole "
            "photo."
        )
    bright = int(np.percentile(photo.rgb.max(2), 99))
    if bright < DARK_LEVEL:
        return (
            f"No face found in {photo.name}, which is very dark: nearly all of it is below {bright + 1} of 255 levels. "
            "Brighten it, show where the face is, or choose to process the whole photo."
        )
    return f"No face found in {photo.name}. Show where it is, or choose to process the whole photo."


def _drawn(photo: Photo, box: tuple[float, float, float], turn_deg: int | None, face_network: FaceNetwork) -> Face:
    height, width = photo.rgb.shape[:2]
    if not (0 <= box[0] < width and 0 <= box[1] < height and box[2] <= 2 * max(height, width)):
        raise OptionError(
            f"The box at ({box[0]:g}, {box[1]:g}) with a side of {box[2]:g} does not lie in {photo.name}, "
            f"which has {width} x {height} pixels."
        )
    return face_in_box(photo.rgb, box, face_network, turn_deg)


def recompute(written: Reconstruction, photo_rgb: NDArray[np.uint8] | None, options: Options) -> Reconstruction:
    """A written face under another camera, size, projection or smoothing, by no network.

    written : as `Reconstruction.load` reads it. photo_rgb : its photo, for the texture; None will do where the crop has
    all of the photo's pixels. With the options that it was made with, the depth is the same to the last bit. `model`,
    `refine` and `whole_photo` stay as they were.

    Raises
    ------
    GeometryError
        An earlier version wrote the face, and kept too little of it.
    PhotoError
        The photo is needed, and was not given.
    """
    facts = written.facts
    if written.coverage is None or facts.prior is None:
        raise GeometryError(
            "This face was made by an earlier version, which kept too little to compute it anew. "
            "Process its photo again."
        )
    to_photo, name, confidence = facts.crop.to_photo, facts.network.name, facts.landmarks_confidence
    seen = Observation(
        crop=Crop(written.crop_rgb, to_photo, _texture(photo_rgb, to_photo, written.crop_rgb, facts.photo)),
        photo_shape=(facts.photo.height_px, facts.photo.width_px),
        network=name,
        refine=facts.refine,
        inverse_depth=written.inverse_depth,
        relief=written.relief,
        mm_per_unit=facts.prior.mm_per_unit,
        coverage=written.coverage,
        landmarks_px=written.landmarks_px,
        confidence=None if confidence is None else np.array(confidence),
        sensor=written.sensor,
    )
    return _solved(seen, facts.photo, facts.camera.focal_35mm, facts.face, options, facts.sensor)


def _texture(
    photo_rgb: NDArray[np.uint8] | None, crop_to_photo: NDArray[np.float64], crop_rgb: NDArray[np.uint8],
    about: PhotoFacts,
) -> NDArray[np.uint8]:  # fmt: skip
    """The crop's square cut out of the photo at the photo's own resolution, as `core.face.level` does.

    The photo may have fewer pixels than when the face was made: an earlier version kept all of a large one.
    """
    side_px = crop_rgb.shape[0]
    extent_px = side_px * float(np.hypot(crop_to_photo[0, 0], crop_to_photo[1, 0]))
    texture_px = int(np.clip(2 ** np.ceil(np.log2(extent_px)), side_px, MAX_TEXTURE_PX))
    if texture_px == side_px:
        return crop_rgb
    if photo_rgb is None:
        raise PhotoError(
            f"The photo {about.name} has more pixels of the face than its folder keeps, and the texture needs them. "
            "Give it."
        )
    ratio = side_px / texture_px
    to_photo = np.c_[
        crop_to_photo[:, :2] * ratio, crop_to_photo[:, 2] + crop_to_photo[:, :2].sum(1) * (ratio / 2 - 0.5)
    ]
    smaller = photo_rgb.shape[1] / about.width_px
    to_photo = to_photo * smaller + [[0, 0, smaller / 2 - 0.5]]
    return cut(photo_rgb, to_photo, texture_px)


def _head(photo: Photo, face: Face, refine: str, face_network: FaceNetwork, depth_network: DepthNetwork) -> Observation:
    crop = level(photo.rgb, face)
    maps = head_maps(crop.rgb, face_network)
    landmarks = maps.landmarks_px.round(3)  # as they are written, so that a face computed anew is the same
    sensor, inside = _sensor_of(photo, crop), inside_photo(crop, photo.rgb.shape)
    head = _with_mattes(outlined(crop.rgb, maps.head, landmarks, inside), photo, crop)
    mask = head_mask(head, landmarks) & inside & _surface(sensor)
    is_builtin = depth_network.name == BUILTIN
    return Observation(
        crop=crop,
        photo_shape=(photo.rgb.shape[0], photo.rgb.shape[1]),
        network=depth_network.name,
        refine="none" if is_builtin else refine,
        inverse_depth=maps.relief if is_builtin else _refined(depth_network, crop, landmarks, refine),
        relief=maps.relief,
        mm_per_unit=face_network.mm_per_unit,
        coverage=soft_mask(head, mask),
        landmarks_px=landmarks,
        confidence=face.confidence.astype(np.float64).round(4),
        sensor=sensor,
    )


def _refined(network: DepthNetwork, crop: Crop, landmarks_px: NDArray[np.float64], refine: str) -> NDArray[np.float32]:
    """(S, S) inverse depth of the crop, by the refinement that was asked for."""
    if refine == "mirror":
        return Mirrored(network).predict([crop.rgb])[0]
    if refine == "two-scale":
        low, high = landmarks_px.min(0), landmarks_px.max(0)
        reach = CLOSE_LOOK * (high - low).max() / 2
        left, top = np.clip((low + high) / 2 - reach, 0, crop.side_px - 3).astype(int).tolist()
        right, bottom = np.clip((low + high) / 2 + reach, 2, crop.side_px).astype(int).tolist()
        return two_scales(network, crop.rgb, (left, top, max(right, left + 2), max(bottom, top + 2)))
    return network.predict([crop.rgb])[0]


def _whole(photo: Photo, turn_deg: int, face_network: FaceNetwork, depth_network: DepthNetwork) -> Observation:
    crop = whole(photo.rgb, turn_deg)
    sensor = _sensor_of(photo, crop)
    inside = inside_photo(crop, photo.rgb.shape) & _surface(sensor)
    return Observation(
        crop=crop,
        photo_shape=(photo.rgb.shape[0], photo.rgb.shape[1]),
        network=depth_network.name,
        refine="none",
        inverse_depth=depth_network.predict([crop.rgb])[0],
        relief=None,
        mm_per_unit=face_network.mm_per_unit,
        coverage=np.where(inside, 255, 0).astype(np.uint8),
        landmarks_px=None,
        confidence=None,
        sensor=sensor,
    )


def _with_mattes(head: NDArray[np.float32], photo: Photo, crop: Crop) -> NDArray[np.float32]:
    if photo.sensor is None:
        return head
    matte = head_matte(photo.sensor, crop.crop_to_photo, crop.side_px, photo.rgb.shape)
    return head if matte is None else sharpened(head, matte)


def _sensor_of(photo: Photo, crop: Crop) -> SensorMap | None:
    if photo.sensor is None:
        return None
    return sensor_map(photo.sensor, crop.crop_to_photo, crop.side_px, photo.rgb.shape)


def _surface(sensor: SensorMap | None) -> NDArray[np.bool_]:
    """Where there can be a head: of exact depth, such as a scan's, only where it has a surface."""
    return np.array(True) if sensor is None or not sensor.is_exact else sensor.there


def _came(photo: Photo, seen: Observation) -> SensorFacts | None:
    """What is known of the depth that came with a photo before it is used."""
    if photo.sensor is None or seen.sensor is None:
        return None
    own, of_crop = photo.sensor, seen.sensor
    return SensorFacts(
        source=own.source, said=dict(own.said), is_absolute=own.is_absolute, step=own.step, along=own.along,
        pitch_px=of_crop.pitch_px, used="no", is_exact=own.is_exact,
    )  # fmt: skip


def _about_photo(photo: Photo) -> PhotoFacts:
    height, width = photo.rgb.shape[:2]
    return PhotoFacts(
        name=photo.name,
        sha256=photo.sha256,
        width_px=width,
        height_px=height,
        focal_from=photo.focal_from,
        warnings=photo.warnings,
        calibration=None if photo.sensor is None else photo.sensor.calibration,
    )


def _about_face(face: Face, options: Options, number: int, of: int) -> FaceFacts:
    return FaceFacts(
        score=round(face.score, 4),
        roll_deg=round(face.roll_deg, 2),
        yaw_deg=round(face.pose.yaw_deg, 2),
        pitch_deg=round(face.pose.pitch_deg, 2),
        number=number,
        of=of,
        ipd_px=round(face.pose.ipd_px, 2),
        marked=options.box is not None,
    )


def _solved(
    seen: Observation, photo: PhotoFacts, focal_35mm: float | None, face: FaceFacts | None, options: Options,
    came: SensorFacts | None,
) -> Reconstruction:  # fmt: skip
    # the camera that a scan was drawn by is nobody's to choose
    given = (None, None) if came is not None and came.is_exact else (options.fov_deg, options.focal_mm)
    camera, source = photo_intrinsics(seen.photo_shape, focal_35mm, *given, photo.focal_from, photo.calibration)
    solution = solve(
        seen,
        camera,
        ipd_mm=options.ipd_mm,
        projection=options.projection,
        strength=options.smooth,
        background=options.background,
        depth=options.depth,
    )
    fine = None
    measured = solution.measured is not None and seen.sensor is not None and seen.sensor.is_exact
    if options.fine_relief > 0 and seen.landmarks_px is not None and not measured:  # a scan's lids are its own
        pixel_mm = float(solution.intrinsics.pixel_mm(solution.distance_mm))
        head = np.isfinite(solution.depth_mm) & seen.mask(background=False)
        fine = draw(seen.crop.texture, solution.depth_mm, head, seen.landmarks_px, pixel_mm)
    has_scale = solution.measured is not None and solution.measured.is_absolute
    warnings = [*photo.warnings, *_warnings(seen, face, options, has_scale=has_scale), *solution.warnings]
    facts = Facts(
        photo=photo,
        network=NetworkFacts(name=seen.network, face_network=BUILTIN),
        refine=seen.refine,
        crop=CropFacts(side_px=seen.crop.side_px, crop_to_photo=rows(seen.crop.crop_to_photo)),
        camera=_camera_facts(seen, solution, source, focal_35mm),
        scale_and_shift=_fit_facts(solution),
        prior=PriorFacts(mm_per_unit=seen.mm_per_unit, weight=solution.prior_weight),
        smooth=smoothing_of(options.smooth, is_exact=measured),
        fine_relief=0.0 if fine is None else options.fine_relief,
        background=options.background or seen.landmarks_px is None,
        ipd_mm=None if seen.landmarks_px is None else options.ipd_mm,
        distance_mm=round(solution.distance_mm, 2),
        landmarks_px=None if seen.landmarks_px is None else rows(seen.crop.to_photo(seen.landmarks_px).round(3)),
        landmarks_crop_px=None if seen.landmarks_px is None else rows(seen.landmarks_px),
        landmarks_confidence=None if seen.confidence is None else tuple(seen.confidence.tolist()),
        face=face,
        warnings=tuple(warnings),
        sensor=came and _sensor_facts(came, seen, solution),
    )
    found = Reconstruction(
        crop_rgb=seen.crop.rgb,
        texture=seen.crop.texture,
        inverse_depth=seen.inverse_depth,
        depth_mm=solution.depth_mm,
        intrinsics=solution.intrinsics,
        landmarks_px=seen.landmarks_px,
        facts=facts,
        relief=seen.relief,
        coverage=seen.coverage,
        fine_relief=fine,
        plain_mm=solution.plain_mm,
        sensor=seen.sensor,
        sensor_mm=None if solution.measured is None else solution.measured.depth_mm,
    )
    return _with_ipd(found) if found.facts.is_measured and face is not None else found


def _sensor_facts(came: SensorFacts, seen: Observation, solution: Solution) -> SensorFacts:
    measured = solution.measured
    if measured is None:
        return SensorFacts(
            source=came.source, said=came.said, is_absolute=came.is_absolute, step=came.step, along=came.along,
            pitch_px=came.pitch_px, used="no", is_exact=came.is_exact,
        )  # fmt: skip
    head, fused = seen.mask(background=False), measured.fused
    pixel_mm = float(solution.intrinsics.pixel_mm(solution.distance_mm))
    apart_mm = (measured.depth_mm - solution.plain_mm)[fused.trusted & head]
    return replace(
        came,
        used="millimetres" if measured.is_absolute else "shape",
        ipd_mm=measured.ipd_mm and round(measured.ipd_mm, 2),
        trusted_share=round(float(fused.trusted[head].mean()), 4),
        detail_mm=tuple(round(detail * pixel_mm, 1) for detail in fused.detail_px),
        shares=tuple(round(share, 4) for share in fused.shares),
        apart_mm=tuple(round(apart, 3) for apart in fused.apart_mm),
        median_apart_mm=round(float(np.median(np.abs(apart_mm))), 3) if apart_mm.size else None,
        scale_mm=signed_limit([apart_mm]),
    )


def _with_landmarks(seen: Observation, photo: PhotoFacts, came: SensorFacts, options: Options) -> Observation:
    """With the landmarks of the head model laid on a scan, a third as far off as those that the network finds."""
    try:
        first = _solved(seen, photo, None, None, options, came)
        fit = fit_head(first)
    except GeometryError:
        return seen
    if not first.facts.is_measured or fit.is_poor:
        return seen
    return replace(seen, landmarks_px=landmarks_of(fit, first).round(3))


def _with_ipd(found: Reconstruction) -> Reconstruction:
    """With the interpupillary distance by all of the face: the head model laid on the measured depth.

    The network's landmarks of two eyes are off by a hundredth or two of their distance; those of a model that lies on
    the whole face by less than one. Where it lies badly, the landmarks' own distance stays.
    """
    assert found.facts.sensor is not None
    try:
        fit = fit_head(found)
    except GeometryError:
        return found
    if fit.is_poor:
        return found
    sensor = replace(found.facts.sensor, ipd_mm=round(ipd_of(fit), 2))
    return replace(found, facts=replace(found.facts, sensor=sensor))


def _warnings(seen: Observation, face: FaceFacts | None, options: Options, *, has_scale: bool) -> list[str]:
    """Sentences on what was looked at. has_scale : whether its millimetres were measured."""
    if face is None:
        assumed = "No face: millimetres follow from an assumed range of distances, not from a face."
        warnings = [] if has_scale else [assumed]
        if seen.network == BUILTIN:
            warnings.append(
                "The built-in network has learnt nothing but heads; for other pictures use a MiDaS network."
            )
        return warnings
    warnings = []
    if options.background and seen.network == BUILTIN:
        warnings.append(
            "The built-in network has learnt nothing but heads: what it says of the background is not depth."
        )
    warnings += [doubt.sentence for doubt in face.doubts]
    return warnings


def _camera_facts(seen: Observation, solution: Solution, source: str, focal_35mm: float | None) -> CameraFacts:
    intrinsics, px = solution.intrinsics, seen.crop.photo_px_per_px
    diagonal_px = float(np.hypot(*seen.photo_shape)) / px
    return CameraFacts(
        projection=intrinsics.projection,
        K=rows(intrinsics.K),
        K_takes="turn.T @ (x, y, z) in mm" if intrinsics.mm_per_px is None else "(x, y, 1), x and y in mm",
        turn=rows(intrinsics.turn),
        line_of_sight=intrinsics.sight,
        focal_px=intrinsics.focal_px,
        mm_per_px=intrinsics.mm_per_px,
        focal_photo_px=intrinsics.focal_px * px,
        focal_source=source,
        focal_35mm=focal_35mm,
        focal_equivalent_mm=round(intrinsics.focal_px / diagonal_px * FILM_DIAGONAL_MM, 3),
        fov_deg=round(float(np.degrees(2 * np.arctan(diagonal_px / 2 / intrinsics.focal_px))), 3),
    )


def _fit_facts(solution: Solution) -> FitFacts:
    fit, distance = solution.fit, solution.distance_mm
    if solution.intrinsics.projection == "perspective":
        a, b, equation = fit.a, fit.b, "a * inverse_depth + b = 1 / depth_mm"
    else:
        a, b = fit.a * distance**2, distance * (2 - distance * fit.b)
        equation = "b - a * inverse_depth = depth_mm"
    return FitFacts(
        a=a,
        b=b,
        equation=equation,
        then="drawn to the prior's shape by prior.weight and to its rim, smoothed by smooth, bounded",
        fitted_to=fit.fitted_to,
        residual_mm=fit.residual_mm,
        inlier_share=fit.inlier_share,
    )
