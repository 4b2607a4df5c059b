"""The fields of every form have the limits, the words and the defaults of the table."""

import pytest
from dash.development.base_component import Component

from core.errors import OptionError
from core.options import Options, Printer, SolidOptions
from core.options.run import CHANGEABLE
from core.options.table import Option, rows
from dashboard.components import assumptions, printing, uploads
from dashboard.components.options import control, filled_in
from tests.dashboard.components.test_assumptions import ABOUT, found, text_of

FORMS: dict[str, tuple[Component, list[Option]]] = {
    "option": (uploads.options(["dpt_large_384"], "builtin"), [rows(Options)[name] for name in uploads.OPTIONS]),
    "recompute": (assumptions.form(ABOUT), [rows(Options)[name] for name in CHANGEABLE]),
    "print": (printing.form(SolidOptions(height_mm=70), Printer()), [*printing.OPTIONS.values()]),
}
FIELDS = [(form, row) for form, (_, options) in FORMS.items() for row in options]
DEFAULTS = {**Options().to_dict(), **SolidOptions().to_dict(), **Printer().to_dict(), "height_mm": 70}
HOLDS = {
    "option": DEFAULTS,
    "print": DEFAULTS,
    "recompute": {**ABOUT.options.to_dict(), "fov_deg": 28.6, "background": False},
}


@pytest.mark.parametrize(
    ("form", "row"),
    [(f, r) for f, r in FIELDS if "number" in r.type and r.type != "numbers"],
    ids=lambda one: getattr(one, "name", one),
)
def test_a_number_has_the_limits_the_step_and_the_words_of_its_row(form: str, row: Option) -> None:
    field, ((low, high),) = found(FORMS[form][0], f"{form}-{row.name}"), row.limits
    assert (field.min, field.max, field.step, field.value) == (low, high, row.step, HOLDS[form][row.name]) or (
        row.name in ("relief_share", "detail")
        and (field.min, field.max, field.step, field.value) == (100 * low, 100 * high, 5, 50)
    )
    beside = text_of(FORMS[form][0])
    assert row.label in beside
    assert row.help in beside
    assert row.unit == "share" or row.unit in beside


@pytest.mark.parametrize(
    ("form", "row"),
    [(f, r) for f, r in FIELDS if r.type in ("choice", "switch")],
    ids=lambda one: getattr(one, "name", one),
)
def test_a_choice_and_a_switch_have_those_of_their_row(form: str, row: Option) -> None:
    if row.name == "life_size":
        assert "Life size" in [choice["label"] for choice in found(FORMS[form][0], "print-size").options]
        return
    field = found(FORMS[form][0], f"{form}-{row.name}")
    assert field.value == HOLDS[form][row.name]
    if row.type == "switch":
        assert field.label == row.label
        return
    choices = {choice["value"]: choice["label"] for choice in field.options}
    if row.name == "model":  # those that are here
        assert [*choices] == ["auto", "builtin", "dpt_large_384"]
    elif row.name == "filament":  # with its density
        assert [*choices] == [*row.choices]
    else:
        assert choices == row.choices


def test_a_share_is_shown_in_percent_and_held_as_a_share() -> None:
    share = rows(SolidOptions)["relief_share"]
    assert found(control("x", share, 0.35), "x-relief_share").value == 35
    assert filled_in(share, 35) == 0.35
    with pytest.raises(OptionError, match=r"^Relief must be a number from 5 to 200 \(%\)\.$"):
        filled_in(share, None)


def test_an_empty_field_is_a_sentence_and_no_default() -> None:
    ipd = rows(Options)["ipd_mm"]
    with pytest.raises(OptionError, match=r"^Interpupillary distance must be a number from 30 to 90 \(mm\)\.$"):
        filled_in(ipd, None)
    assert filled_in(ipd, 61) == 61
    assert filled_in(rows(Options)["background"], False) is False
