from dashboard.components.statistics_view import View, of_address

LIBRARY = [f"{number:032x}" for number in range(12)]


def test_an_address_that_says_nothing_shows_the_newest_face() -> None:
    assert of_address({}, LIBRARY) == View((LIBRARY[0],), LIBRARY[0])
    assert of_address({"faces": "gone,,"}, LIBRARY) == View((LIBRARY[0],), LIBRARY[0])


def test_up_to_eight_faces_of_the_library_each_once_in_the_order_of_the_address() -> None:
    wanted = [LIBRARY[3], LIBRARY[1], LIBRARY[3], "another's", *LIBRARY[4:]]
    view = of_address({"faces": ",".join(wanted)}, LIBRARY)
    assert view.faces == (LIBRARY[3], LIBRARY[1], *LIBRARY[4:10])
    assert (view.active, view.height) == (LIBRARY[3], "density")


def test_all_that_is_chosen_is_kept() -> None:
    asked = {
        "faces": f"{LIBRARY[1]},{LIBRARY[0]}", "active": LIBRARY[0], "part": "nose", "unit": "ipd", "height": "count",
        "bins": "32", "colours": "gray", "from": "-0.5", "to": "12.25", "line": "1,2,3.5,4",
    }  # fmt: skip
    assert of_address(asked, LIBRARY) == View(
        (LIBRARY[1], LIBRARY[0]), LIBRARY[0], "nose", "ipd", "count", 32, "gray", -0.5, 12.25, (1, 2, 3.5, 4)
    )
    # a line is of the face that it was drawn on
    assert of_address({**asked, "active": LIBRARY[5]}, LIBRARY).line is None


def test_what_is_wrong_has_its_default() -> None:
    wrong = {
        "faces": LIBRARY[2], "part": "ear", "unit": "inch", "height": "tall", "bins": "9999", "colours": "jet",
        "from": "nan", "to": "deep", "line": "1,2,three,4",
    }  # fmt: skip
    assert of_address(wrong, LIBRARY) == View((LIBRARY[2],), LIBRARY[2])
    assert of_address({**wrong, "bins": "inf", "line": "1,2,3"}, LIBRARY) == View((LIBRARY[2],), LIBRARY[2])
