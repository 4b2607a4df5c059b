import pytest

from core.face.doubt import SMALL_IPD_PX, SURE_FROM, TURNED_DEG, doubts, hidden_side, is_doubtful


def test_a_find_is_doubtful_below_one_score_alone() -> None:
    assert is_doubtful(SURE_FROM - 1e-6)
    assert not is_doubtful(SURE_FROM)
    assert not is_doubtful(None)  # a photo taken whole: nothing was looked for


@pytest.mark.parametrize(
    ("about", "words", "said"),
    [
        ((0.99, 5.0, 80.0, False), [], ""),
        ((0.70, 5.0, 80.0, False), ["doubtful"], "is this a face? It scores 0.70; below 0.85"),
        ((0.70, 5.0, 80.0, True), ["low score"], "The face that was marked scores 0.70"),
        ((0.99, -52.3, 80.0, False), ["turned 52\u00b0"], "turned by 52 degrees: its far side is not seen"),
        ((0.99, TURNED_DEG, SMALL_IPD_PX, False), [], ""),
        ((0.99, 0.0, 19.6, False), ["small"], "small, 20 pixels between the eyes: its details are guessed"),
        ((0.99, 0.0, None, False), [], ""),
        ((0.70, 80.0, 17.0, False), ["doubtful", "turned 80\u00b0", "small"], "17 pixels"),
    ],
)
def test_what_makes_a_face_less_sure_is_said(
    about: tuple[float, float, float | None, bool], words: list[str], said: str
) -> None:
    score, yaw_deg, ipd_px, marked = about
    found = doubts(score, yaw_deg, ipd_px, marked=marked)
    assert [doubt.word for doubt in found] == words
    sentences = " ".join(doubt.sentence for doubt in found)
    assert said in sentences
    assert "from the front" not in sentences


def test_the_far_side_is_hidden_from_the_turn_on_that_is_warned_of() -> None:
    assert hidden_side(-TURNED_DEG) is None
    assert hidden_side(87.4) == "Not measured where it needs both sides: the head is turned by 87 degrees."
