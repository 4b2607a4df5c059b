import cv2
import numpy as np
import pytest
import trimesh
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from core.errors import GeometryError, OptionError
from core.geometry.camera import Intrinsics
from core.geometry.reconstruction import Reconstruction
from core.mesh.triangulation import grid, sample
from core.options import SolidOptions
from core.solid.nozzle import printable, without_ripples
from core.solid.offset import offset_inwards
from core.solid.outline import cut_flat, outline
from core.solid.parallel_heights import frontal
from core.solid.plaque import rounded_rectangle
from core.solid.pocket import place
from core.solid.slab import Side, slab


def blob(seed: int, side: int = 64) -> np.ndarray:
    """A ragged region: islands, bays, necks and holes."""
    noise = np.random.default_rng(seed).normal(size=(side, side))
    region = cv2.GaussianBlur(noise, (0, 0), 4) > -0.01
    region[:4] = region[-4:] = region[:, :4] = region[:, -4:] = False
    return region


def area(polygon: np.ndarray) -> float:
    x, y = polygon.T
    return abs(float((x * np.roll(y, -1) - y * np.roll(x, -1)).sum() / 2))


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 10_000), st.booleans())
def test_slab_over_any_outline_is_one_shell_of_its_volume(seed: int, curved: bool) -> None:
    region = blob(seed)
    assume(region.sum() > 200)
    rim, within = outline(region, 1.5)
    points = grid(within, 8.0)
    x, y = np.meshgrid(np.arange(64.0), np.arange(64.0))
    high = 9 + curved * np.sin(x / 5) * np.cos(y / 7)
    top = Side(high, cv2.erode(within.astype(np.uint8), np.ones((7, 7))) > 0, points, sample(high, points), 0.01, 4000)
    bottom = Side(high - 3, np.zeros_like(within), points, sample(high - 3, points), 1.0, 4000)
    for lower, thickness in ((bottom, 3.0), (2.0, 7.0)):
        body = slab(top, lower, rim, 1.0)
        mesh = trimesh.Trimesh(body.points * [1, -1, 1], body.faces, process=False)
        assert mesh.is_volume
        assert mesh.euler_number == 2
        assert mesh.body_count == 1
        if not curved:
            assert mesh.volume == pytest.approx(area(rim) * thickness, abs=thickness)  # all of it, and no bay


@pytest.mark.parametrize("wall", [3.0, 20.0])
def test_wall_is_measured_at_right_angles(wall: float) -> None:
    x = np.arange(160.0) * np.ones((90, 1))
    slope = 1.5
    inside = np.ones(x.shape, bool)
    moved = offset_inwards(100 + slope * x, inside, wall, 1.0)
    middle = moved[45, 60:100]
    down = (100 + slope * x)[45, 60:100] - middle
    exact = wall * np.hypot(1, slope)
    assert down.min() > exact - 0.3  # pixels round a small ball off; callers ask for a pixel more
    assert down.max() < exact + (0.1 if wall < 8 else 6.0)  # a large one rolls over a coarser map
    assert np.isneginf(moved[:, : int(wall)]).all()  # so near the edge all is air
    assert np.isfinite(moved[45, 80])


def test_ball_goes_into_no_corner_that_it_does_not_fit() -> None:
    groove = np.where(np.abs(np.arange(60) - 30) < 3, 5.0, 20.0) * np.ones((60, 1))
    moved = offset_inwards(groove, np.ones((60, 60), bool), 4.0, 1.0)
    y, x = np.indices(groove.shape)
    for row, column in ((30, 24), (30, 30), (30, 36), (20, 22)):
        reach = 16 - (y - row) ** 2 - (x - column) ** 2
        assert moved[row, column] == pytest.approx((groove - np.sqrt(np.maximum(reach, 0)))[reach >= 0].min())


def test_frontal_view_of_a_ball_is_its_height() -> None:
    """A ball of 90 mm radius, 400 mm away, seen off the axis: parallel lines of sight see it without perspective."""
    side = 200
    camera, centre = Intrinsics(260.0, 80.0, 110.0), np.array([20.0, -10.0, 400.0])
    columns, rows = np.meshgrid(np.arange(side), np.arange(side))
    way = np.stack([(columns - 80) / 260, (rows - 110) / 260, np.ones((side, side))], -1)
    a, b, c = (way**2).sum(-1), way @ centre, centre @ centre - 90**2
    hit = b**2 - a * c > 0
    depth = np.where(hit, (b - np.sqrt(np.maximum(b**2 - a * c, 0))) / a, np.nan).astype(np.float32)
    rgb = np.zeros((side, side, 3), np.uint8)
    view = frontal(Reconstruction(rgb, rgb, 1 / depth, depth, camera, None, {}))
    y, x = np.indices(view.heights_mm.shape)
    beside = np.hypot(view.corner_mm[0] + x * view.pitch_mm - 20, view.corner_mm[1] + y * view.pitch_mm + 10)
    seen = beside < 60  # farther out a pixel sees a long stretch of the side
    exact = view.depth_mm - (400 - np.sqrt(90**2 - np.minimum(beside, 89) ** 2))
    assert np.abs(view.heights_mm - exact)[seen].max() < 0.3
    assert beside[view.mask].max() == pytest.approx(90 * np.sqrt(1 - (90 / 400.6) ** 2), abs=2.5)  # not its shadow


def test_corners_are_arcs_and_do_not_bend_inwards() -> None:
    points = rounded_rectangle(np.array([2.0, 3.0]), np.array([102.0, 83.0]), 12.0)
    corner = points[(points < [14, 15]).all(1)]
    assert np.linalg.norm(corner - [14, 15], axis=1) == pytest.approx(12)
    assert area(points) == pytest.approx(100 * 80 - (4 - np.pi) * 144, rel=4e-4)
    with pytest.raises(OptionError, match="corner_mm"):
        rounded_rectangle(np.zeros(2), np.array([20.0, 50.0]), 10.0)


def test_outline_is_cut_along_a_straight_line() -> None:
    angle = np.linspace(0, 2 * np.pi, 200, endpoint=False)
    circle = 50 + 30 * np.stack([np.cos(angle), np.sin(angle)], -1)
    part = cut_flat(circle, 60.0)
    assert part[:, 1].max() == 60
    assert (part[:, 1] == 60).sum() >= 4
    below = 30**2 * np.arccos(1 / 3) - 10 * np.sqrt(30**2 - 10**2)
    assert area(part) == pytest.approx(np.pi * 30**2 - below, rel=0.01)
    assert cut_flat(circle, 90.0) is circle


def test_nothing_narrower_than_the_nozzle_is_left() -> None:
    heights = np.zeros((40, 40))
    heights[:, 10:12], heights[:, 20:28] = 5, 5
    kept = printable(heights, 0.1, 0.4)
    assert kept[20, 10:12].max() == 0
    assert kept[20, 21:27].min() == 5
    slope = np.arange(40.0) * np.ones((40, 1))
    assert printable(slope, 0.1, 0.4)[20, 5:-5] == pytest.approx(slope[20, 5:-5], abs=1.01)


def test_pocket_goes_where_there_is_room() -> None:
    thickness = np.full((120, 100), 2.0)
    thickness[20:60, 15:60] = 8.0
    thickness[70:110, 10:90] = 8.0
    magnet = SolidOptions(fastening="magnet", magnet_mm=10)
    x, y = place(thickness, 1.0, magnet)
    assert 15 + 5.9 <= x <= 85
    assert thickness[y - 5 : y + 6, x - 5 : x + 6].min() == 8
    hanging = place(thickness, 1.0, SolidOptions(fastening="keyhole"))
    assert hanging[1] < 60  # it hangs from above its middle
    with pytest.raises(GeometryError, match=r"takes 5\.8 mm"):
        place(thickness - 4, 1.0, SolidOptions(fastening="keyhole"))


@pytest.mark.parametrize(("nozzles", "left"), [(1.0, (0.0, 0.1)), (2.0, (0.48, 0.52)), (8.0, (0.95, 1.0))])
def test_ripples_finer_than_a_nozzle_draws_are_gone(nozzles: float, left: tuple[float, float]) -> None:
    x = np.arange(400) * 0.05
    ripples = np.tile(np.sin(2 * np.pi * x / (nozzles * 0.4)), (400, 1))
    kept = without_ripples(ripples, 0.05, 0.4)[100:300, 100:300]
    assert left[0] <= kept.max() <= left[1]
