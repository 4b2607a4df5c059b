"""What assets/deploy has for several machines names settings and commands that are there."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from dashboard.cli.main import parser
from dashboard.jobs.lanes import LANES
from dashboard.settings import SETTINGS

DEPLOY = Path(__file__).parents[1] / "assets" / "deploy"
OURS = ("pages", "photos", "others")


@pytest.fixture(scope="module")
def services() -> dict[str, Any]:
    return dict(yaml.safe_load((DEPLOY / "compose.yaml").read_text())["services"])


def test_services_have_settings_that_are_there(services: dict[str, Any]) -> None:
    known = {setting.env for setting in SETTINGS}
    for name in OURS:
        assert set(services[name]["environment"]) <= known
        assert services[name]["volumes"] == ["files:/data"]
    dockerfile = (DEPLOY / "Dockerfile").read_text()
    named = {word.partition("=")[0] for word in dockerfile.split() if word.startswith("LIFEMASK_")}
    assert named == {"LIFEMASK_DATA", "LIFEMASK_HOST"} <= known


def test_services_run_commands_that_are_there_and_take_every_lane_once(services: dict[str, Any]) -> None:
    taken: list[str] = []
    for name in OURS:
        program, *arguments = services[name]["command"].split()
        assert program == "lifemask"
        args = parser().parse_args(arguments)
        taken += (getattr(args, "lanes", None) or "").split(",")
    assert sorted(filter(None, taken)) == sorted(LANES)
    assert {"database", "broker"} <= set(services)
    for name in OURS:
        assert set(services[name]["depends_on"]) == {"database", "broker"}
