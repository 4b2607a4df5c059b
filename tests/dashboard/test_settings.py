import pickle
from pathlib import Path

import pytest

from core.errors import OptionError
from dashboard.settings import SETTINGS, Settings


def test_every_setting_has_a_help_and_a_variable_of_its_own() -> None:
    assert all(setting.help for setting in SETTINGS)
    assert len({setting.env for setting in SETTINGS}) == len(SETTINGS)
    assert {setting.name: setting.default for setting in SETTINGS} == vars(Settings.from_env({}))


def test_environment_then_command_line() -> None:
    environ = {"LIFEMASK_PORT": "9000", "LIFEMASK_OFFLINE": "1", "LIFEMASK_RETENTION_DAYS": "1.5", "LIFEMASK_HOST": ""}
    settings = Settings.from_env(environ, port=9001, host=None, data="/somewhere")
    assert (settings.port, settings.host) == (9001, "127.0.0.1")
    assert (settings.offline, settings.retention_days) == (True, 1.5)
    assert settings.data_folder == Path("/somewhere")


@pytest.mark.parametrize(
    ("name", "value"), [("PORT", "many"), ("OFFLINE", "perhaps"), ("RETENTION_DAYS", "-1"), ("MAX_UPLOAD_MB", "1.5")]
)
def test_a_value_that_cannot_be_used_is_named(name: str, value: str) -> None:
    with pytest.raises(OptionError, match=f"LIFEMASK_{name} is '{value}'; it must be "):
        Settings.from_env({f"LIFEMASK_{name}": value})


def test_the_worker_gets_them_by_pickle() -> None:
    settings = Settings.from_env({"LIFEMASK_DEVICE": "cpu"})
    assert pickle.loads(pickle.dumps(settings)) == settings
