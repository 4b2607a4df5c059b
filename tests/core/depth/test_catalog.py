"""The catalogue against itself and against the published table's own arithmetic."""

import pytest

from core.depth import catalog
from core.errors import WeightsError

REFERENCE = catalog.MODELS["dpt_large_384"].errors
FIGURES = ("diw", "eth3d", "sintel", "tum_percent", "kitti_percent", "nyu_percent")


def test_thirteen_networks_and_the_built_in_one():
    assert len(catalog.MIDAS_MODELS) == 13
    assert [name for name, model in catalog.MODELS.items() if model.address is None] == [catalog.BUILTIN]
    assert all(name == model.name for name, model in catalog.MODELS.items())


@pytest.mark.parametrize("model", catalog.MIDAS_MODELS, ids=lambda model: model.name)
def test_published_figures_agree_with_each_other(model):
    # The published improvement is the mean relative error against DPT-Large, so it checks the six errors typed in.
    # Published are rounded figures, and 22 for Swin V2-B where its six errors give 20.
    ratios = [getattr(model.errors, figure) / getattr(REFERENCE, figure) for figure in FIGURES]
    assert round(100 * (1 - sum(ratios) / 6)) == pytest.approx(model.improvement_percent, abs=2)
    assert model.errors.square == (model.resize == "square") or model.name == "dpt_beit_large_512"
    assert model.errors.zero_shot == (model.release != "MiDaS 3.1")
    assert model.address.endswith(f"/{model.file_name}")
    assert str(model.side_px) in model.name
    assert model.sha256 is None or len(bytes.fromhex(model.sha256)) == 32
    assert model.download_bytes >= 4 * model.parameters


def test_addresses_are_the_published_ones():
    folders = {name: model.address.split("/")[-2] for name, model in catalog.MODELS.items() if model.address}
    assert folders.pop("midas_v21_384") == folders.pop("midas_v21_small_256") == "v2_1"
    assert folders.pop("dpt_large_384") == folders.pop("dpt_hybrid_384") == "v3"
    assert set(folders.values()) == {"v3_1"}


def test_an_unknown_name_is_answered_with_the_known_ones():
    with pytest.raises(WeightsError, match=r"There is no network called 'dpt'\. Choose one of: dpt_beit_large_512, "):
        catalog.entry("dpt")
