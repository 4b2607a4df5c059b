import pytest

from dashboard.marking import drawn_box, marked_photo


def test_a_box_is_read_back_however_it_was_made() -> None:
    (square,) = marked_photo("/photo.png", 400, 300, (120.0, 90.0, 60.0)).layout.shapes
    assert (square.x0, square.x1, square.y0, square.y1) == (90, 150, 60, 120)
    moved = {f"shapes[0].{name}": square[name] + 10 for name in ("x0", "x1", "y0", "y1")}
    assert drawn_box(moved) == pytest.approx((130, 100, 60))
    drawn = {"shapes": [square.to_plotly_json(), {"type": "rect", "x0": 200, "x1": 120, "y0": 40, "y1": 90}]}
    assert drawn_box(drawn) == pytest.approx((160, 65, 80))


@pytest.mark.parametrize("other", [{}, {"autosize": True}, {"xaxis.range[0]": 3}, {"shapes": []}])
def test_what_is_no_box_moves_none(other) -> None:
    assert drawn_box(other) is None
