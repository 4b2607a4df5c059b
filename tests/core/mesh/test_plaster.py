"""The one look of plaster: form shows, hollows are darker, nothing is blown out."""

import numpy as np
import pytest

from core.mesh.plaster import PLASTER, ambient_occlusion, mesh_colours, plaster_colours, plaster_picture, vertex_normals

SIDE = 192
DOWN, RIGHT = np.mgrid[:SIDE, :SIDE] - (SIDE - 1) / 2
EVERYWHERE = np.ones((SIDE, SIDE), bool)
RADIUS = 80.0
BALL = np.hypot(DOWN, RIGHT) < 0.95 * RADIUS
CAP = np.sqrt(np.maximum(RADIUS**2 - DOWN**2 - RIGHT**2, 0))


@pytest.mark.parametrize("slope", [(0, 0), (1, 0), (-0.5, 2)])
def test_a_plane_however_it_is_turned_sees_all_of_its_sky(slope: tuple[float, float]) -> None:
    heights = slope[0] * RIGHT + slope[1] * DOWN
    assert ambient_occlusion(heights, 1.0, EVERYWHERE)[40:-40, 40:-40].min() > 0.999


def test_what_bulges_is_open_and_a_pit_is_not() -> None:
    assert ambient_occlusion(CAP, 1.0, BALL)[np.hypot(DOWN, RIGHT) < 0.8 * RADIUS].min() > 0.98
    pit = -20 * np.exp(-(DOWN**2 + RIGHT**2) / (2 * 8**2))
    openness = ambient_occlusion(pit, 1.0, EVERYWHERE)
    assert openness[SIDE // 2, SIDE // 2] < 0.5
    assert openness[5, 5] > 0.99


def test_the_share_depends_on_shape_alone() -> None:
    waves = 6 * np.sin(RIGHT / 9) * np.cos(DOWN / 13)
    assert np.allclose(
        ambient_occlusion(waves, 1.0, EVERYWHERE), ambient_occlusion(waves * 7, 7.0, EVERYWHERE), atol=1e-3
    )


def test_a_ball_is_lit_from_the_upper_left_and_nowhere_blown_out() -> None:
    picture = plaster_picture(CAP, 1.0, BALL).astype(float)
    gray = np.where(BALL, picture.mean(-1), 0)
    row, column = np.unravel_index(gray.argmax(), gray.shape)
    assert row < SIDE * 0.4
    assert column < SIDE * 0.4
    assert picture[BALL].max() <= max(PLASTER) < 254
    low, high = np.percentile(picture[BALL], [5, 95])
    assert high - low > 60


def test_a_picture_is_of_the_colours_of_its_normals() -> None:
    tilted = plaster_picture(0.3 * RIGHT - 0.2 * DOWN, 1.0, EVERYWHERE)
    normal = np.array([-0.3, -0.2, 1]) / np.linalg.norm([-0.3, -0.2, 1])
    assert (tilted[40:-40, 40:-40] == plaster_colours(normal, np.ones(()))).all()


def test_a_fine_groove_shows() -> None:
    heights = -0.2 * np.exp(-((RIGHT / 1.5) ** 2))  # 0.2 mm deep, 3 pixels of 0.4 mm across
    picture = plaster_picture(heights, 0.4, EVERYWHERE).astype(int)
    assert np.ptp(picture[SIDE // 2].mean(-1)) > 20


def test_a_map_of_another_size_shows_the_same() -> None:
    waves = (8 * np.sin(RIGHT / 9) * np.cos(DOWN / 13)).astype(np.float32)
    once = ambient_occlusion(waves, 1.0, EVERYWHERE)
    larger = ambient_occlusion(np.kron(waves, np.ones((6, 6))), 1 / 6, np.ones((6 * SIDE, 6 * SIDE), bool))
    assert larger.shape == (6 * SIDE, 6 * SIDE)
    assert np.abs(larger[::6, ::6] - once)[30:-30, 30:-30].mean() < 0.02


@pytest.mark.parametrize("shape", [(200, 3), (3, 200), (160, 14), (2, 2)])
def test_a_narrow_map_has_its_share_too(shape: tuple[int, int]) -> None:
    openness = ambient_occlusion(np.zeros(shape), 1.0, np.ones(shape, bool))
    assert openness.shape == shape
    assert (openness == 1).all()


def test_heights_of_nothing_are_refused() -> None:
    from core.errors import GeometryError

    with pytest.raises(GeometryError):
        ambient_occlusion(CAP, 1.0, ~EVERYWHERE)


def ball(rings: int = 60) -> tuple[np.ndarray, np.ndarray]:
    """Vertices and outward faces of a closed ball of 80 mm."""
    import trimesh

    mesh = trimesh.creation.uv_sphere(radius=RADIUS, count=[rings, rings])
    return np.array(mesh.vertices), np.array(mesh.faces)


def test_normals_of_a_ball_point_outwards() -> None:
    vertices, faces = ball()
    assert (vertex_normals(vertices, faces) * vertices / RADIUS).sum(1).min() > 0.999


def test_a_mesh_has_the_colours_of_the_picture() -> None:
    vertices, faces = ball()
    colours = mesh_colours(vertices, faces).astype(int)
    near = vertices[:, 2] > 0.7 * RADIUS
    picture = plaster_picture(CAP, 1.0, BALL).astype(int)
    at = np.round(vertices[near, :2] * [1, -1] + (SIDE - 1) / 2).astype(int)
    assert np.abs(colours[near] - picture[at[:, 1], at[:, 0]]).max() <= 6
    assert np.abs(colours - mesh_colours(vertices, faces, vertices)).max() <= 6


def test_a_block_shades_the_plate_that_it_stands_on() -> None:
    import trimesh

    plate = trimesh.creation.box((100, 100, 2)).subdivide_to_size(2)
    block = trimesh.creation.box((20, 20, 30), np.array([[1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 1, 15.0], [0, 0, 0, 1]]))
    both = trimesh.util.concatenate([plate, block])
    gray = mesh_colours(both.vertices, both.faces)[: len(plate.vertices)].mean(-1)
    x, y, z = plate.vertices.T
    on_top = (z > 0) & (np.abs(y) < 5)
    foot, far = gray[on_top & (np.abs(x - 12) < 1.5)], gray[on_top & (x > 35) & (x < 48)]
    assert foot.max() < far.min() - 30


def test_the_back_of_a_solid_is_lit_too() -> None:
    assert plaster_colours(np.array([0.0, 0, -1]), np.ones(())).min() > 80


def test_nothing_is_brighter_than_plaster() -> None:
    directions = np.random.default_rng(4).normal(size=(20_000, 3))
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    assert (plaster_colours(directions, np.ones(len(directions))) <= PLASTER).all()


def test_a_mesh_that_nothing_of_is_seen_has_colours() -> None:
    vertices = np.array([[0.0, 0, 0], [0, 1, 0], [1, 0, 0]])
    assert (mesh_colours(vertices, np.array([[0, 1, 2]])) == plaster_colours(np.array([0.0, 0, -1]), np.ones(()))).all()
