"""Every option takes what its row says and nothing else; whatever is sent is options or one sentence."""

import json
import math
import subprocess
import sys
from typing import Any, get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.depth.catalog import MODELS
from core.errors import OptionError
from core.options import Options, Printer, SolidOptions
from core.options.printer import DENSITIES, Filament
from core.options.run import CHANGEABLE
from core.options.solid import KINDS, has_effect
from core.options.table import Choices, Option, rows

TABLES = (Options, SolidOptions, Printer)
ROWS = [(table, row) for table in TABLES for row in rows(table).values()]
each_row = pytest.mark.parametrize(("table", "row"), ROWS, ids=[f"{t.__name__}.{r.name}" for t, r in ROWS])


def refused(table: type[Choices], values: object) -> str:
    """The sentence that says why they are refused."""
    with pytest.raises(OptionError) as caught:
        table.from_dict(values)
    said = str(caught.value)
    assert said.endswith(".")
    assert "\n" not in said
    assert said.isprintable()
    return said


@each_row
def test_what_an_option_cannot_be_is_said_with_name_value_and_what_it_can_be(table: type[Choices], row: Option) -> None:
    wrong: list[tuple[Any, str]] = [("wide", "'wide'"), ([[1]], "[[1]]"), ({"a": 1}, "{'a': 1}"), (math.nan, "nan")]
    wrong += [(math.inf, "inf"), (10**400, "1000"), ("\ud800", r"'\ud800'"), (-1, "-1"), ([], "[]"), (["x"], "['x']")]
    if row.type == "text":
        wrong = [(value, said) for value, said in wrong if value != "wide"] + [("x" * 100, "'xxx")]
    if row.type == "list":
        wrong = [(value, said) for value, said in wrong if value != []]  # no format at all is a choice
    if row.type != "switch":
        wrong += [(True, "true"), (False, "false")]
    if row.type in ("switch", "choice", "whole number"):
        wrong += [(1.5, "1.5"), (1.0, "1.0")]
    if row.type == "switch":
        wrong += [(1, "1"), (0, "0")]
    if not row.is_optional:
        wrong.append((None, "null"))
    for value, said in wrong:
        sentence = refused(table, {row.name: value})
        assert sentence.startswith(f"{row.name} is {said}"), sentence
        assert sentence.endswith(f"but must be {row.wanted}."), sentence


ROOMY: dict[type[Choices], dict[str, float]] = {  # so that no rule between two options has a say
    Options: {"width_mm": 1000, "border_mm": 0.5},
    SolidOptions: {"width_mm": 1000, "border_mm": 0.5},
    Printer: {"nozzle_mm": 2},
}


@pytest.mark.parametrize(
    ("table", "row"),
    [(t, r) for t, r in ROWS if r.type in ("number", "whole number")],
    ids=lambda one: getattr(one, "name", ""),
)
def test_limits_are_inclusive_and_those_that_the_row_tells(table: type[Choices], row: Option) -> None:
    ((low, high),) = row.limits
    assert low is not None
    assert high is not None
    beyond = 1 if row.type == "whole number" else 1e-9
    for inside, outside in ((low, low - beyond), (high, high + beyond)):
        made = table.from_dict({**ROOMY[table], row.name: inside})
        assert getattr(made, row.name) == inside
        assert type(getattr(made, row.name)) is (int if row.type == "whole number" else float)
        assert f" from {low} to {high}" in refused(table, {row.name: outside})
    if row.step and row.default is not None:  # a browser counts steps from the least
        assert (row.default - low) / row.step == pytest.approx(round((row.default - low) / row.step), abs=1e-9)


@each_row
def test_a_row_tells_all_that_a_person_needs(table: type[Choices], row: Option) -> None:
    assert getattr(table(), row.name) == row.default
    assert row.label[0].isupper()
    assert row.label[-1] != "."
    assert row.help == "" or (row.help[0].isupper() and row.help[-1] == ".")
    if row.type in ("choice", "list"):
        assert all(row.choices.values())
        assert {row.default} if row.type == "choice" else set(row.default) <= set(row.choices)
    if row.type == "choice":
        assert all(getattr(table.from_dict({row.name: name}), row.name) == name for name in row.choices)


@pytest.mark.parametrize("table", TABLES)
@pytest.mark.parametrize("sent", [["model"], True, 5, ["a", 1], "model", None, [], 0, False, ""])
def test_what_is_no_object_is_a_sentence(table: type[Choices], sent: object) -> None:
    assert "but must be an object of names and values." in refused(table, sent)


def test_an_unknown_name_is_a_sentence_with_the_known_ones() -> None:
    for name, said in (("colour", "'colour'"), ("\ud800", r"'\ud800'"), ("self", "'self'"), ("", "''")):
        sentence = refused(Printer, {name: 1})
        assert sentence == (
            f"There is no printer setting called {said}. Choose from nozzle_mm, layer_mm, bed_mm, filament."
        )
    assert len(refused(Printer, {"x" * 10_000: 1})) < 200


@pytest.mark.parametrize(
    ("table", "values", "said"),
    [
        (
            Options,
            {"formats": ["stl", "fbx"]},
            "formats is ['stl', 'fbx'], but must be a list of stl, 3mf, obj, ply, glb.",
        ),
        (
            Options,
            {"box": [1, 2, 3]},
            "box is [1, 2, 3], but must be 3 numbers, x, y, side from 16 (pixels of the photo).",
        ),
        (Options, {"box": [1, None, 30]}, "box is [1, null, 30], but must be 3 numbers"),
        (Options, {"fov_deg": 50, "focal_mm": 40}, "give one of them, not both"),
        (Options, {"border_mm": 40}, "A border of 40 mm leaves no room in a width of 80 mm. Take a narrower one."),
        (
            Options,
            {"solid": "mask", "wall_mm": 0.6},
            "A wall of 0.6 mm is too thin for a nozzle of 0.4 mm. Take at least 0.8 mm.",
        ),
        (SolidOptions, {"height_mm": 20, "border_mm": 9}, "A border of 9 mm leaves no room in a height of 20 mm."),
        (SolidOptions, {"kind": "bust", "hollow": True, "wall_mm": 0.6}, "too thin for a nozzle"),
        (SolidOptions, {"kind": "lithophane", "fastening": "magnet"}, "no back"),
        (SolidOptions, {"kind": "lamp", "fastening": "keyhole"}, "no back"),
        (
            SolidOptions,
            {"kind": "bust", "fastening": "magnet"},
            "A bust in the round has no back to put a fastening into. Choose none, or the flat back.",
        ),
        (SolidOptions, {"kind": "mask", "loop": True}, "A mask cannot have a loop; a relief or a coin can."),
        (SolidOptions, {"kind": "bust", "text": "Ada"}, "A bust cannot carry a text; a relief or a coin can."),
        (SolidOptions, {"text": "Ada", "letter_mm": 3}, "Letters of 3 mm are too small for a nozzle of 0.4 mm."),
        (SolidOptions, {"kind": "mask", "hollow": True}, "A mask cannot be hollow"),
        (
            Printer,
            {"bed_mm": [10, 200, 200]},
            "bed_mm is [10, 200, 200], but must be 3 numbers, width from 20 to 2000, ",
        ),
        (Printer, {"bed_mm": [200, 200]}, "bed_mm is [200, 200], but must be 3 numbers"),
        (
            Printer,
            {"layer_mm": 1},
            "A layer of 1 mm is higher than the nozzle of 0.4 mm is wide. Take a layer_mm of 0.02 to 0.4.",
        ),
    ],
)
def test_sentences(table: type[Choices], values: dict[str, object], said: str) -> None:
    assert said in refused(table, values)


@pytest.mark.parametrize(
    ("table", "values"),
    [
        (SolidOptions, {"kind": "bust", "wall_mm": 0.5}),  # solid throughout
        (SolidOptions, {"kind": "relief", "wall_mm": 0.5}),
        (SolidOptions, {"kind": "mask", "border_mm": 60}),  # it has none
        (Options, {"solid": "none", "border_mm": 60, "hollow": True}),
        (Options, {"nozzle_mm": 0.1}),
    ],
)
def test_what_has_no_effect_stands_in_no_way(table: type[Choices], values: dict[str, object]) -> None:
    assert table.from_dict(values).to_dict().items() >= values.items()


@pytest.mark.parametrize(("nozzle_mm", "layer_mm"), [(0.1, 0.05), (0.25, 0.125), (0.4, 0.2), (0.8, 0.2), (2, 0.2)])
def test_a_layer_that_nobody_chose_follows_the_nozzle(nozzle_mm: float, layer_mm: float) -> None:
    assert Printer(nozzle_mm=nozzle_mm).layer_mm == layer_mm
    assert Printer.from_dict({"nozzle_mm": nozzle_mm, "layer_mm": 0.02}).layer_mm == 0.02


def test_which_options_have_an_effect() -> None:
    def on(kind: str, fastening: str = "none", outline: str = "rectangle", **more: Any) -> set[str]:
        row = rows(SolidOptions).values()
        return {one.name for one in row if one.only and has_effect(one, kind, fastening, outline, **more)}

    plaque = {"base_mm", "border_mm", "corner_mm"}
    carved = {"relief_share", "detail", "fastening", "text", "loop"}
    assert on("relief") == plaque | carved | {"outline"}
    assert on("relief", outline="oval", text="Ada") == on("relief") - {"corner_mm"} | {"letter_mm"}
    assert on("coin", outline="rectangle") == {"base_mm", "border_mm"} | carved
    assert on("coin", text="Ada") == on("coin") | {"letter_mm"}
    assert on("mask", outline="oval", text="Ada") == on("mask")
    assert on("lamp", "magnet", text="Ada") == {"base_mm", "border_mm", "wall_mm"}
    assert on("mask", hollow=True) == {"wall_mm", "fastening"}
    assert on("bust") == on("bust", "magnet") == {"base_mm", "hollow", "back"}
    assert on("bust", back="flat") == on("bust") | {"fastening"}
    assert on("bust", "magnet", back="flat") == on("bust", back="flat") | {"magnet_mm", "magnet_depth_mm"}
    assert on("bust", hollow=True) == on("bust") | {"wall_mm"}
    assert on("lithophane", "magnet") == plaque | {"wall_mm", "bend_deg"}
    assert on("mask", "magnet") == {"wall_mm", "fastening", "magnet_mm", "magnet_depth_mm"}
    assert on("mask", "keyhole") == on("mask")


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=5)
    | st.sampled_from([*KINDS, "stl", "magnet"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=2),
    max_leaves=4,
)


@pytest.mark.parametrize("table", TABLES)
@settings(deadline=None)  # a busy machine is no fault
@given(data=st.data())
def test_whatever_is_sent_is_options_that_survive_json_or_one_sentence(
    table: type[Choices], data: st.DataObject
) -> None:
    names = st.sampled_from([*rows(table), "nonsense"])
    values = data.draw(JSON | st.dictionaries(names, JSON, max_size=3))
    try:
        made = table.from_dict(values)
    except OptionError:
        assert len(refused(table, values)) < 800
        return
    again = json.loads(json.dumps(made.to_dict(), allow_nan=False))
    assert table.from_dict(again) == table.from_stored(again) == made
    assert {name: type(again[name]) for name in values} == {
        name: float if type(value) is int and rows(table)[name].type == "number" else type(value)
        for name, value in values.items()
    }


def test_what_an_earlier_version_wrote_is_read() -> None:
    written = {"ipd_mm": 61, "tolerance_mm": None, "fov_deg": None, "gone": [1], "formats": ["stl"]}
    assert Options.from_stored(written) == Options(ipd_mm=61.0, formats=("stl",))
    assert SolidOptions.from_stored({"kind": "mask", "base_mm": None, "printer": None}) == SolidOptions(kind="mask")
    assert Printer.from_stored({}) == Printer()


def test_a_bust_of_an_earlier_version_is_flat_behind() -> None:
    assert SolidOptions.from_stored({"kind": "bust", "fastening": "magnet"}).back == "flat"
    assert Options.from_stored({"solid": "bust"}).back == "flat"
    assert SolidOptions.from_stored(SolidOptions(kind="bust").to_dict()).back == "round"
    assert SolidOptions.from_stored({"kind": "mask"}) == SolidOptions(kind="mask")


def test_the_solid_of_a_photo_has_all_its_options() -> None:
    values = {
        "border_mm": 2.5,
        "fastening": "magnet",
        "magnet_mm": 6.0,
        "back": "flat",
        "hollow": True,
        "detail": 0.2,
        "nozzle_mm": 0.3,
    }
    assert Options(solid="bust", **values).solid_options() == SolidOptions(kind="bust", **values)
    assert Options(solid="none").solid_options() is None
    assert set(rows(SolidOptions)) - {"kind"} == set(rows(Options)) & set(rows(SolidOptions))


def test_names_of_what_comes_later_are_those_of_what_comes_later() -> None:
    assert tuple(rows(Options)["model"].choices) == ("auto", *MODELS)
    assert tuple(DENSITIES) == get_args(Filament)
    assert CHANGEABLE == ("ipd_mm", "fov_deg", "focal_mm", "depth", "projection", "smooth", "fine_relief", "background")


def test_the_table_brings_nothing_heavy() -> None:
    code = (
        "import sys, core.options; print(*{name.split('.')[0] for name in sys.modules} - set(sys.stdlib_module_names))"
    )
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    allowed = {
        "core",
        "lazy_loader",
        "pydantic",
        "pydantic_core",
        "typing_extensions",
        "typing_inspection",
        "annotated_types",
    }
    assert {name for name in done.stdout.split() if not name.startswith("_")} <= allowed
