"""Networks loaded once, asked many times, and let go."""

import gc
import shutil
import weakref
from dataclasses import replace

import numpy as np
import pytest
import torch

from core.depth import catalog, device, midas, weights
from core.depth.estimator import MidasNetwork, Networks
from core.depth.midas.encoders import LevitEncoder
from core.errors import OptionError, WeightsError
from tests.core import published

SMALL, LEVIT = "midas_v21_small_256", "dpt_levit_224"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Weights of the two quickest networks, added as a person adds them."""
    folder = tmp_path_factory.mktemp("weights")
    with pytest.MonkeyPatch.context() as patch:
        for name in (SMALL, LEVIT):
            patch.setitem(catalog.MODELS, name, replace(catalog.MODELS[name], sha256=None))
            torch.save(published.checkpoint(name), folder / "copied.pt")
            weights.add(folder / "copied.pt", name, folder)
    return folder


@pytest.fixture(scope="module")
def networks(folder):
    return Networks(device="cpu", precision="float32", weights=folder)


def test_a_network_is_loaded_once_and_released_when_another_is_asked_for(folder):
    networks = Networks(device="cpu", precision="float32", weights=folder)
    first = networks.depth(SMALL)
    assert networks.depth(SMALL) is first
    assert networks.loads == {SMALL: 1}
    module = weakref.ref(first._network)
    del first
    networks.depth(LEVIT)
    gc.collect()
    assert module() is None
    networks.depth(SMALL)
    assert networks.loads == {SMALL: 2, LEVIT: 1}


def test_weights_that_change_under_a_loaded_network_are_never_used(folder, tmp_path):
    for file in folder.glob(f"{SMALL}.*"):
        shutil.copy(file, tmp_path)
    networks, file = Networks(device="cpu", precision="float32", weights=tmp_path), tmp_path / f"{SMALL}.safetensors"
    whole = file.read_bytes()
    pictures = [published.photo(64, 64)]
    before = networks.depth(SMALL).predict(pictures)[0]
    for damage in (whole[:1000], whole[:-4000] + bytes(4000)):
        file.write_bytes(damage)
        with pytest.raises(WeightsError, match="has changed since it was checked"):
            networks.depth(SMALL)
    file.unlink()
    with pytest.raises(WeightsError, match="are not on this machine"):
        networks.depth(SMALL)
    file.write_bytes(whole)
    assert np.array_equal(networks.depth(SMALL).predict(pictures)[0], before)


def test_a_batch_of_mixed_sizes_gives_what_each_picture_gives_alone(networks):
    network = networks.depth(SMALL)
    sizes = [(64, 48), (50, 120), (64, 48), (31, 33)]
    pictures = [np.roll(published.photo(*size), 9 * index, 0) for index, size in enumerate(sizes)]
    together = network.predict(pictures)
    assert [found.shape for found in together] == sizes
    assert all(found.dtype == np.float32 for found in together)
    for found, picture in zip(together, pictures, strict=True):
        (alone,) = network.predict([picture])
        assert np.abs(found - alone).max() < 1e-4 * alone.std()
    assert network.predict([]) == []


@pytest.mark.parametrize("name", [SMALL, LEVIT])
def test_bfloat16_in_the_trunk_alone_keeps_the_levels(folder, name):
    pictures = [published.photo(256, 256)]
    (exact,) = Networks("cpu", "float32", folder).depth(name).predict(pictures)
    network = Networks("cpu", "bfloat16", folder).depth(name)
    (coarse,) = network.predict(pictures)
    assert network.precision == "bfloat16"
    assert 0 < np.sqrt(np.mean((coarse - exact) ** 2)) < 0.02 * np.ptp(exact)
    assert len(np.unique(coarse)) > 50_000


def test_auto_leaves_a_network_that_bfloat16_would_bend_in_float32(folder, monkeypatch):
    monkeypatch.setattr("core.depth.estimator.choose_trunk_dtype", lambda precision, device: torch.bfloat16)
    assert Networks("cpu", "auto", folder).depth(LEVIT).precision == "bfloat16"
    monkeypatch.setattr(LevitEncoder, "KEEPS_BFLOAT16", False)
    assert Networks("cpu", "auto", folder).depth(LEVIT).precision == "float32"
    assert Networks("cpu", "bfloat16", folder).depth(LEVIT).precision == "bfloat16"


def test_the_built_in_network_is_one_of_them(networks):
    found = networks.depth("builtin").predict([published.photo(90, 70)])
    assert found[0].shape == (90, 70)
    assert networks.face() is networks.face()
    assert networks.loads["builtin"] == 1


def test_weights_that_are_not_there_are_said(networks):
    with pytest.raises(WeightsError, match="The weights of dpt_large_384 are not on this machine"):
        networks.depth("dpt_large_384")


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"device": "gpu"}, "There is no device 'gpu'. Choose one of: auto, cpu, cuda, mps"),
        ({"precision": "half"}, "There is no precision 'half'. Choose one of: auto, float32, bfloat16"),
    ],
)
def test_an_unknown_setting_is_answered_with_the_known_ones(options, words):
    with pytest.raises(OptionError, match=words):
        Networks(**options)


def test_auto_takes_bfloat16_only_where_it_is_native_and_faster(monkeypatch):
    cpu = torch.device("cpu")
    for native, share, expected in [(1, 0.3, "bfloat16"), (1, 1.6, "float32"), (0, 0.3, "float32")]:
        device._gains_by_bfloat16.cache_clear()
        monkeypatch.setattr(torch.cpu, "get_capabilities", lambda native=native: {"avx512_bf16": native})
        monkeypatch.setattr(device, "bfloat16_time_share", lambda share=share: share)
        assert device.choose_trunk_dtype("auto", cpu) == getattr(torch, expected)
    device._gains_by_bfloat16.cache_clear()


def test_the_probe_measures_something():
    assert 0.02 < device.bfloat16_time_share() < 50


def test_a_device_that_is_not_there_is_said():
    if torch.cuda.is_available():
        pytest.skip("this machine has a CUDA device")
    with pytest.raises(OptionError, match="has no cuda device"):
        Networks(device="cuda")


def test_loading_maps_the_file_into_memory(folder):
    network = midas.load(SMALL, folder / f"{SMALL}.safetensors")
    assert all(parameter.dtype == torch.float32 and not parameter.requires_grad for parameter in network.parameters())
    assert isinstance(
        MidasNetwork(SMALL, network, torch.device("cpu"), torch.float32).predict([published.photo(8, 8)]), list
    )
