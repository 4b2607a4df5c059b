import pytest

from core.errors import OptionError
from core.options import Printer, SolidOptions
from core.options.presets import PRESETS, PRINTERS, Preset, beds, preset


@pytest.mark.parametrize("one", PRESETS.values(), ids=PRESETS)
def test_a_preset_is_options_that_differ_from_the_defaults_as_it_says(one: Preset) -> None:
    made = one.options.to_dict()
    assert made == {**SolidOptions().to_dict(), **one.values}
    assert all(one.options.has_effect(name) for name in one.values)
    assert preset(one.name) is one


def test_an_unknown_preset_is_a_sentence_with_the_known_ones() -> None:
    with pytest.raises(OptionError, match=r"^preset is 'vase', but must be one of plaque, fridge-magnet, "):
        preset("vase")


def test_each_bed_stands_once_with_its_printers() -> None:
    assert beds()[256, 256, 256] == "Bambu Lab A1, Bambu Lab P1S, Bambu Lab X1 Carbon"
    assert Printer().bed_mm in beds()
    assert sum(len(names.split(", ")) for names in beds().values() if names) == len(PRINTERS)
    assert all(Printer(bed_mm=bed).bed_mm == bed for bed in PRINTERS.values())
