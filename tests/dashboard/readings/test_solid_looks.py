from typing import get_args

from core.files.solid_looks import LOOKS, Look
from dashboard.readings import solid_looks


def test_the_looks_are_those_of_the_files() -> None:
    assert solid_looks.LOOKS == LOOKS == get_args(Look)
