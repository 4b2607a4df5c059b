"""The MiDaS networks against reference outputs of the published ones, and their checkpoints as untrusted input."""

import json
import os
import pickle
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from safetensors.torch import load_file, save_file

from core.depth import catalog, midas
from core.depth.estimator import MidasNetwork
from core.depth.midas import checkpoint
from core.depth.midas.preprocess import network_size
from core.errors import WeightsError
from tests.core import published

DATA = Path(__file__).parents[2] / "data"
GOLDEN = Path(__file__).resolve().parents[3].parent / "shared" / "golden"
SMALLEST = ("midas_v21_small_256", "dpt_levit_224", "dpt_swin2_tiny_256")
SMALL = SMALLEST[0]
TOLERANCE = 1e-3  # of the output's standard deviation

figures = np.load(DATA / "midas.npz")
sizes = json.loads((DATA / "midas_sizes.json").read_text())


@pytest.fixture(scope="module")
def small_file(tmp_path_factory):
    path = tmp_path_factory.mktemp("weights") / f"{SMALL}.safetensors"
    save_file(published.checkpoint(SMALL), path)
    return path


def run(network, height, width):
    with torch.inference_mode():
        return network(published.network_input(height, width))


def difference(found, expected, std):
    return np.abs(found - expected).max() / std


# Sampled every 4th pixel (every 6th for the photo) from the reference outputs.
@pytest.mark.parametrize("name", SMALLEST)
def test_networks_give_the_published_inverse_depth(name, tmp_path):
    file = tmp_path / f"{name}.pt"
    torch.save(published.checkpoint(name), file)
    network = midas.load(name, file)
    assert not network.training
    for key in [key for key in figures if key.startswith(f"{name}.out_") and not key.endswith(".std")]:
        height, width = (int(side) for side in key.split("_")[-1].split("x"))
        found = run(network, height, width)
        assert found.shape == (1, height, width)
        assert found.dtype == torch.float32
        assert difference(found[0, ::4, ::4].numpy(), figures[key], figures[f"{key}.std"]) < TOLERANCE
    chain = MidasNetwork(name, network, torch.device("cpu"), torch.float32)
    (found,) = chain.predict([published.photo()])
    assert found.shape == (600, 451)
    assert difference(found[::6, ::6], figures[f"{name}.photo"], figures[f"{name}.photo.std"]) < TOLERANCE


@pytest.mark.parametrize("name", [model.name for model in catalog.MIDAS_MODELS])
def test_all_networks_against_the_full_reference_outputs(name, tmp_path):
    if not GOLDEN.is_dir():
        pytest.skip(f"{name}: the full reference outputs are not beside this checkout")
    if os.environ.get("LIFEMASK_TEST_ALL_NETWORKS") != "1":
        pytest.skip(f"{name}: takes half a minute; set LIFEMASK_TEST_ALL_NETWORKS=1")
    file = tmp_path / f"{name}.safetensors"
    save_file(published.checkpoint(name), file)
    network = midas.load(name, file)
    for key, expected in np.load(GOLDEN / f"{name}.npz").items():
        found = run(network, *(int(side) for side in key.removeprefix("out_").split("x")))[0].numpy()
        off = difference(found, expected, expected.std())
        print(f"{name} {key}: largest difference {off:.1e} of the standard deviation")
        assert off < TOLERANCE
    if (chain := GOLDEN / f"{name}.photo_451x600.npz").is_file():
        (found,) = MidasNetwork(name, network, torch.device("cpu"), torch.float32).predict([published.photo()])
        expected = np.load(chain)["inverse_depth"]
        off = difference(found, expected, expected.std())
        print(f"{name} photo: largest difference {off:.1e} of the standard deviation")
        assert off < TOLERANCE


@pytest.mark.parametrize("name", [model.name for model in catalog.MIDAS_MODELS])
def test_every_published_parameter_has_one_place(name):
    found = published.shapes(name)
    if GOLDEN.is_dir():
        manifest = json.loads((GOLDEN / f"{name}.keys.json").read_text())
        assert found == {key: tuple(shape) for key, shape, _, kind in manifest if kind == "filled"}
    trained = sum(int(np.prod(shape)) for key, shape in found.items() if "running_" not in key)
    assert trained == catalog.MODELS[name].parameters


@pytest.mark.parametrize("name", sizes)
def test_resize_rule_is_the_published_one(name):
    for picture, expected in sizes[name].items():
        width, height = (int(side) for side in picture.split("x"))
        legal = tuple(max(side, 32) for side in expected)  # the published rule gives 0 for a sliver
        assert network_size(width, height, catalog.MODELS[name]) == legal


@given(st.integers(1, 20_000), st.integers(1, 20_000), st.sampled_from(catalog.MIDAS_MODELS))
def test_every_picture_gets_a_legal_size(width, height, model):
    found = network_size(width, height, model)
    assert all(side >= 32 and side % 32 == 0 for side in found)
    if model.resize == "square":
        assert found == (model.side_px, model.side_px)
    if model.resize == "upper_bound":
        assert max(found) <= model.side_px


def test_an_optimiser_beside_the_model_and_computed_buffers_are_left_aside(small_file, tmp_path):
    state = load_file(small_file)
    computed = {
        key.replace("running_var", "num_batches_tracked"): torch.tensor(7) for key in state if "running_var" in key
    }
    file = tmp_path / "trained.pt"
    torch.save({"model": state | computed, "optimizer": {"state": {}, "step": [1, 2]}}, file)
    expected = run(midas.load(SMALL, small_file), 64, 64)
    assert torch.equal(run(midas.load(SMALL, file), 64, 64), expected)


def test_files_from_before_torch_1_6_load(small_file, tmp_path):
    file = tmp_path / "old.pt"
    torch.save(load_file(small_file), file, _use_new_zipfile_serialization=False)
    assert torch.equal(run(midas.load(SMALL, file), 64, 64), run(midas.load(SMALL, small_file), 64, 64))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda state: state.pop("scratch.layer3_rn.weight"), "scratch.layer3_rn.weight is missing"),
        (lambda state: state.update(extra=torch.zeros(1)), "extra is not expected"),
        (
            lambda state: state.update({"pretrained.layer1.0.weight": torch.zeros(32, 3, 5, 5)}),
            r"pretrained.layer1.0.weight has shape \(32, 3, 5, 5\) instead of \(32, 3, 3, 3\)",
        ),
        (lambda state: state.update({"scratch.output_conv.4.bias": torch.zeros(1, dtype=torch.int64)}), "torch.int64"),
        (lambda state: state.update(epoch=3), "'epoch', which is int and not a tensor"),
    ],
)
def test_a_checkpoint_that_does_not_fit_is_refused_by_name(small_file, tmp_path, change, words):
    state = load_file(small_file)
    change(state)
    file = tmp_path / "wrong.pt"
    torch.save(state, file)
    with pytest.raises(WeightsError, match=words):
        midas.load(SMALL, file)


def test_a_checkpoint_of_another_network_is_refused(small_file):
    with pytest.raises(WeightsError, match=r"no checkpoint of dpt_levit_224: .* is missing.* more"):
        midas.load("dpt_levit_224", small_file)


class Program:
    def __init__(self, sign):
        self.sign = sign

    def __reduce__(self):
        return os.mkdir, (str(self.sign),)


@pytest.mark.parametrize("protocol", ["zip", "old", "bare"])
def test_a_pickle_that_would_run_a_program_is_refused_and_never_run(tmp_path, protocol):
    sign, file = tmp_path / "it ran", tmp_path / "evil.pt"
    if protocol == "bare":
        file.write_bytes(pickle.dumps(Program(sign), protocol=2))
    else:
        torch.save({"weight": Program(sign)}, file, _use_new_zipfile_serialization=protocol == "zip")
    with pytest.raises(WeightsError, match=r"evil.pt was not opened: it holds more than numbers"):
        midas.load(SMALL, file)
    assert not sign.exists()


@pytest.mark.parametrize("content", [b"", b"<html>not found</html>", b"PK\x03\x04 cut off"])
def test_a_file_that_is_no_checkpoint_is_refused(tmp_path, content):
    for suffix in (".pt", ".safetensors"):
        file = tmp_path / f"broken{suffix}"
        file.write_bytes(content)
        with pytest.raises(WeightsError, match=r"broken.* is damaged or not a checkpoint"):
            midas.load(SMALL, file)


def test_conversion_keeps_every_number_and_the_published_names(small_file, tmp_path):
    source, target = tmp_path / "a.pt", tmp_path / "b.safetensors"
    state = published.checkpoint(SMALL)
    torch.save({key: value.double() for key, value in state.items()}, source)
    checkpoint.convert(SMALL, source, target)
    converted = load_file(target)
    assert converted.keys() == state.keys()
    assert all(torch.equal(converted[key], value) for key, value in state.items())
