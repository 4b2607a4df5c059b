from dashboard.marking import marked_photo


def test_a_square_stands_on_the_photo_and_can_be_moved() -> None:
    (square,) = marked_photo("/photo.png", 400, 300, (120.0, 90.0, 60.0)).layout.shapes
    assert (square.x0, square.x1, square.y0, square.y1) == (90, 150, 60, 120)
    assert square.editable
