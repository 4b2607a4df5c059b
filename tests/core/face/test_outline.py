"""The outline of a head where the network is in doubt, on pictures whose head is known."""

import cv2
import numpy as np
import pytest

from core.face.outline import by_colour, guided, outlined

SIDE = 512
HAIR, WALL, SKIN = (70, 45, 30), (150, 160, 175), (205, 160, 135)


def _picture(hair: tuple[int, int, int], wall: tuple[int, int, int]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(picture, head, face): skin in an ellipse, hair round and beside it; a little noise everywhere."""
    head = cv2.ellipse(np.zeros((SIDE, SIDE), np.uint8), (256, 220), (130, 150), 0, 0, 360, 1, -1)
    head = cv2.rectangle(head, (300, 220), (390, 430), 1, -1) > 0
    face = cv2.ellipse(np.zeros((SIDE, SIDE), np.uint8), (256, 250), (80, 105), 0, 0, 360, 1, -1) > 0
    rgb = np.where(head[..., None], hair, wall)
    rgb = np.where(face[..., None], SKIN, rgb) + np.random.default_rng(1).normal(0, 6, (SIDE, SIDE, 3))
    return np.clip(rgb, 0, 255).astype(np.uint8), head, face


def _doubtful(head: np.ndarray) -> np.ndarray:
    """A network's answer that is sure of the left half, and in doubt of all that lies right of the face's middle."""
    chance = np.where(head, 0.97, 0.02)
    chance[:, 340:] = np.where(head[:, 340:], 0.3, 0.08)
    return cv2.GaussianBlur(chance.astype(np.float32), (0, 0), 6)


def _iou(found: np.ndarray, head: np.ndarray) -> float:
    return float(((found > 0.5) & head).sum() / ((found > 0.5) | head).sum())


def test_hair_that_the_network_doubts_is_found_by_its_colour() -> None:
    rgb, head, _ = _picture(HAIR, WALL)
    doubtful = _doubtful(head)
    assert _iou(doubtful, head) < 0.85
    found = by_colour(rgb, doubtful, np.ones((SIDE, SIDE), bool))
    assert found.shape == (SIDE, SIDE)
    assert found.dtype == np.float32
    assert _iou(found, head) > 0.97


def test_a_wall_of_the_colour_of_hair_adds_nothing() -> None:
    rgb, head, _ = _picture(HAIR, HAIR)
    doubtful = _doubtful(head)
    found = by_colour(rgb, doubtful, np.ones((SIDE, SIDE), bool))
    assert _iou(found, doubtful > 0.5) > 0.94


def test_what_the_network_is_sure_of_stays() -> None:
    rgb, head, face = _picture(HAIR, SKIN)  # a wall of the colour of skin
    sure = cv2.GaussianBlur(np.where(head, 0.999, 0.001).astype(np.float32), (0, 0), 3)
    found = by_colour(rgb, sure, np.ones((SIDE, SIDE), bool))
    assert found[face].min() > 0.5
    assert _iou(found, head) > 0.97


def test_what_lies_beyond_the_photo_is_not_counted() -> None:
    rgb, head, _ = _picture(HAIR, WALL)
    inside = np.ones((SIDE, SIDE), bool)
    inside[:, :100] = False
    rgb[:, :100] = HAIR  # a border that goes on, of the colour of hair
    found = by_colour(rgb, _doubtful(head), inside)
    assert _iou(found * inside, head) > 0.97


@pytest.mark.parametrize("side", [512, 1024])
def test_the_guided_filter_is_as_sharp_as_the_picture_and_keeps_what_is_even(side: int) -> None:
    edge = np.zeros((side, side, 3), np.uint8)
    edge[:, side // 2 :] = 200
    blurred = cv2.GaussianBlur((edge[..., 0] > 0).astype(np.float32), (0, 0), side / 100)
    found = guided(edge, blurred)
    assert found[:, : side // 2 - 1].max() < 0.25
    assert found[:, side // 2 + 1 :].min() > 0.75
    even = guided(np.full((side, side, 3), 90, np.uint8), np.full((side, side), 0.3, np.float32))
    assert even == pytest.approx(0.3, abs=1e-3)


@pytest.mark.parametrize(("kept_px", "is_taken"), [(150, False), (300, True)])
def test_colours_that_take_away_much_of_the_head_are_not_believed(
    monkeypatch: pytest.MonkeyPatch, kept_px: int, is_taken: bool
) -> None:
    rgb, head, _ = _picture(HAIR, WALL)
    network, inside = head.astype(np.float32), np.ones((SIDE, SIDE), bool)
    by_its_colours = np.where(np.arange(SIDE)[:, None] < kept_px + 70, network, 0).astype(np.float32)
    monkeypatch.setattr("core.face.outline.by_colour", lambda *_: by_its_colours)
    landmarks = np.stack([np.full(68, 256.0), np.linspace(150, 210, 68)], 1)
    found = outlined(rgb, network, landmarks, inside)
    np.testing.assert_array_equal(found, by_its_colours if is_taken else network)
