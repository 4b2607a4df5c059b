import ast
import pickle
from pathlib import Path

import pytest

import dashboard
from core.depth.weights import weights_dir
from core.errors import OptionError
from core.photo import Limits
from dashboard.cli.main import main
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
    ("name", "value", "wanted"),
    [
        ("PORT", "many", "a whole number, 0 to 65535"),
        ("PORT", "70000", "a whole number, 0 to 65535"),
        ("PORT", "-1", "a whole number, 0 to 65535"),
        ("OFFLINE", "perhaps", "0 or 1"),
        ("RETENTION_DAYS", "-1", "a number, 0 or more"),
        ("RETENTION_DAYS", "nan", "a number, 0 or more"),
        ("RETENTION_DAYS", "inf", "a number, 0 or more"),
        ("MAX_UPLOAD_MB", "1.5", "a whole number, 1 or more"),
        ("MAX_MEGAPIXELS", "0", "a whole number, 1 or more"),
    ],
)
def test_a_value_that_cannot_be_used_is_named(name: str, value: str, wanted: str) -> None:
    with pytest.raises(OptionError) as said:
        Settings.from_env({f"LIFEMASK_{name}": value})
    assert str(said.value) == f"LIFEMASK_{name} is '{value}'; it must be {wanted}."


@pytest.mark.parametrize("port", ["70000", "65536", "-1"])
def test_a_port_that_there_is_not_is_refused(port: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["serve", "--port", port, "--data", str(tmp_path / "data")]) == 2
    assert capfd.readouterr().err == f"lifemask: --port is '{port}'; it must be a whole number, 0 to 65535.\n"
    assert not (tmp_path / "data").exists()


def test_the_home_folder_is_meant_by_its_sign(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    settings = Settings.from_env({"LIFEMASK_DATA": "~/faces", "LIFEMASK_WEIGHTS": "~/weights"})
    assert settings.data_folder == tmp_path / "faces"
    assert Settings.from_env({}, data="~/other").data_folder == tmp_path / "other"
    monkeypatch.setenv("LIFEMASK_WEIGHTS", "~/weights")
    assert settings.weights_folder == weights_dir() == tmp_path / "weights"


def test_a_megabyte_is_a_million_bytes() -> None:
    settings = Settings.from_env({"LIFEMASK_MAX_UPLOAD_MB": "7", "LIFEMASK_MAX_MEGAPIXELS": "12"})
    assert settings.photo_limits == Limits(max_bytes=7_000_000, max_pixels=12_000_000)
    assert Settings().photo_limits == Limits()


def test_whoever_reads_a_photo_says_within_which_limits() -> None:
    """The limits of who names none are those of the library; the app has its settings, or knows the photo already."""
    calls = [
        (file.name, len(node.args) == 3 or "limits" in {named.arg for named in node.keywords})
        for file in Path(dashboard.__file__).parent.rglob("*.py")
        for node in ast.walk(ast.parse(file.read_text("utf-8")))
        if isinstance(node, ast.Call) and ast.unparse(node.func).endswith("read_photo")
    ]
    assert {name for name, _ in calls} == {"tasks.py", "decoder.py", "beside.py", "recompute.py", "doctor.py"}
    assert [name for name, is_limited in calls if not is_limited] == []


def test_the_worker_gets_them_by_pickle() -> None:
    settings = Settings.from_env({"LIFEMASK_DEVICE": "cpu"})
    assert pickle.loads(pickle.dumps(settings)) == settings
