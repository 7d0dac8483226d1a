"""ImageNet weights: conversion by value, and the real download from a local server."""

import functools
import hashlib
import io
import socket
import threading
from collections.abc import Iterator
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import torchvision
from torch import nn
from torchvision.models import Weights, WeightsEnum
from torchvision.transforms._presets import ImageClassification

from realtime import preprocess
from realtime.errors import ConfigError, ModelError, WeightsCorrupt
from tests.train_data import patterns, tiny, unsettled
from train.network import imagenet, models

BUILDERS = {
    "googlenet": functools.partial(torchvision.models.googlenet, aux_logits=True, transform_input=True, init_weights=False),
    "mobilenetv3": torchvision.models.mobilenet_v3_large,
    "resnet18": torchvision.models.resnet18,
}
"""The networks that torchvision's files were made of, for three channels and 1000 classes."""

GRAY = np.stack([preprocess.prepare(image) for image in patterns(4).images])


def original(name: str) -> nn.Module:
    """torchvision's network with random weights."""
    torch.manual_seed(0)
    return unsettled(BUILDERS[name](weights=None))


def as_torchvision_wants(name: str, gray: np.ndarray) -> torch.Tensor:
    """Prepared faces, uint8 (n,48,48) -> its input, float32 (n,3,48,48), normalised for each colour as its presets say."""
    preset = imagenet.WEIGHTS[name].transforms()
    mean, std = (torch.tensor(values).view(1, 3, 1, 1) for values in (preset.mean, preset.std))
    return (torch.from_numpy(gray / np.float32(255)).unsqueeze(1).expand(-1, 3, -1, -1) - mean) / std


def stem(network: nn.Module, faces: torch.Tensor) -> torch.Tensor:
    """The output of the first convolution, or of its batch norm."""
    convolution = network.get_submodule(models.stem_name(network))
    norms = [layer for layer in network.modules() if isinstance(layer, nn.BatchNorm2d)]
    with torch.inference_mode():
        features = convolution(faces)
        return norms[0](features) if convolution.bias is None else features


class TestConversion:
    @pytest.mark.parametrize("name", ["mobilenetv3", "resnet18"])
    def test_a_gray_face_gives_the_output_of_its_rgb_copy(self, name: str) -> None:
        theirs, ours = original(name), models.build(name, 7, max_pool=True, seed=1).eval()
        imagenet.adopt(ours, theirs.state_dict(), *imagenet.normalisation(imagenet.WEIGHTS[name]))
        wanted = stem(theirs, as_torchvision_wants(name, GRAY))
        found = stem(ours, torch.from_numpy(preprocess.normalise(GRAY)))
        # the padding is the original's mean colour there, middle gray here
        inside = (..., slice(2, -2), slice(2, -2))
        torch.testing.assert_close(found[inside], wanted[inside], rtol=1e-4, atol=1e-4)
        assert wanted.std() > 0.1

    def test_a_stem_with_a_bias_has_the_means_in_it(self) -> None:
        """VGG's stem, before a layer that stands for the rest of it."""
        torch.manual_seed(0)
        theirs, ours = (
            nn.Sequential(nn.Conv2d(channels, 64, 3, padding=1), nn.Flatten(), nn.Linear(64 * 48 * 48, 2))
            for channels in (3, 1)
        )
        imagenet.adopt(ours, theirs.state_dict(), *imagenet.normalisation(imagenet.WEIGHTS["vgg16"]))
        wanted = stem(theirs, as_torchvision_wants("vgg16", GRAY))
        found = stem(ours, torch.from_numpy(preprocess.normalise(GRAY)))
        torch.testing.assert_close(found[..., 1:-1, 1:-1], wanted[..., 1:-1, 1:-1], rtol=1e-4, atol=1e-5)

    def test_googlenet_with_its_own_normalisation_agrees_to_its_last_feature(self) -> None:
        """Its padding is middle gray as ours is, so the whole network agrees."""
        theirs, ours = original("googlenet"), models.build("googlenet", 7, max_pool=True, seed=1).eval()
        imagenet.adopt(ours, theirs.state_dict(), *imagenet.normalisation(imagenet.WEIGHTS["googlenet"]))
        theirs.fc = ours.fc = nn.Identity()
        with torch.inference_mode():
            wanted = theirs(as_torchvision_wants("googlenet", GRAY))
            found = ours(torch.from_numpy(preprocess.normalise(GRAY)))
        torch.testing.assert_close(found, wanted, rtol=1e-3, atol=1e-3 * wanted.abs().max().item())
        assert wanted.std(dim=0).max() > 0

    def test_all_weights_are_taken_but_the_classification_layer(self) -> None:
        theirs, ours = original("resnet18"), models.build("resnet18", 7, max_pool=True, seed=1)
        before = ours.fc.weight.clone()
        imagenet.adopt(ours, theirs.state_dict(), *imagenet.normalisation(imagenet.WEIGHTS["resnet18"]))
        given, taken = theirs.state_dict(), ours.state_dict()
        different = {name for name in given if given[name].shape != taken[name].shape or not given[name].equal(taken[name])}
        assert different == {"conv1.weight", "bn1.running_mean", "fc.weight", "fc.bias"}
        assert torch.equal(ours.fc.weight, before)

    def test_weights_that_do_not_fit_change_nothing(self) -> None:
        ours = tiny(7)
        before = {name: value.clone() for name, value in ours.state_dict().items()}
        state = {name: value for name, value in rgb_state(ours).items() if name != "layer1.0.conv1.weight"}
        with pytest.raises(WeightsCorrupt, match=r"some\.pth does not fit: layer1\.0\.conv1\.weight is missing"):
            imagenet.adopt(ours, state, (0.5,) * 3, (0.5,) * 3, "some.pth")
        for stemless in ({}, {"conv1.weight": torch.zeros(64)}):
            with pytest.raises(WeightsCorrupt, match=r"conv1\.weight is missing or of another shape"):
                imagenet.adopt(ours, stemless, (0.5,) * 3, (0.5,) * 3)
        assert all(torch.equal(value, before[name]) for name, value in ours.state_dict().items())


@pytest.mark.parametrize("name", sorted(models.NETWORKS.keys() - {"faceres"}))
def test_every_network_has_weights_that_fit(name: str) -> None:
    """By shapes, on networks without memory: torchvision's own network has what adopt needs."""
    weights = imagenet.WEIGHTS[name]
    builder = torchvision.models.get_model_builder(type(weights).__name__.removesuffix("_Weights").lower())
    options = {"init_weights": False} if name == "googlenet" else {}
    with torch.device("meta"):
        theirs, ours = builder(weights=None, **options).state_dict(), models.NETWORKS[name](7)
    last = next(part for part, layer in ours.named_modules() if layer is models.last_layer(ours))
    own = {part: value.shape for part, value in ours.state_dict().items() if not part.startswith(f"{last}.")}
    wrong = {part for part, shape in own.items() if part not in theirs or theirs[part].shape != shape}
    assert wrong == {f"{models.stem_name(ours)}.weight"}
    assert theirs[f"{models.stem_name(ours)}.weight"].shape[1] == 3


# --- the file: from torch.hub's cache, and from a server -------------------------------------------------------------


def rgb_state(network: nn.Module) -> dict[str, torch.Tensor]:
    """The state_dict of the same network for three channels and 1000 classes."""
    state = {name: value.clone() for name, value in network.state_dict().items()}
    state["conv1.weight"] = torch.randn(64, 3, 7, 7)
    state["fc.weight"], state["fc.bias"] = torch.zeros(1000, 256), torch.zeros(1000)
    return state


def packed(state: dict[str, torch.Tensor]) -> bytes:
    file = io.BytesIO()
    torch.save(state, file)
    return file.getvalue()


@pytest.fixture(scope="module")
def state() -> dict[str, torch.Tensor]:
    torch.manual_seed(0)
    return rgb_state(unsettled(tiny(8)))


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """torch.hub's folder of files, an empty one."""
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "torch"))
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    return tmp_path / "torch" / "hub" / "checkpoints"


class Server:
    """Files of a folder, by HTTP on this machine."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.requests: list[str] = []

        class Handler(SimpleHTTPRequestHandler):
            def log_message(handler, *_: Any) -> None:  # noqa: N805  (self is the server's)
                self.requests.append(handler.path)

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Handler, directory=str(folder)))
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01})
        self._thread.start()
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def close(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    (tmp_path / "www").mkdir()
    served = Server(tmp_path / "www")
    yield served
    served.close()


def offer(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    """Makes torchvision's own loading code believe that the weights of a network "tiny" are at the address."""

    class TinyWeights(WeightsEnum):
        ONE = Weights(url=url, transforms=functools.partial(ImageClassification, crop_size=224), meta={})

    monkeypatch.setitem(imagenet.WEIGHTS, "tiny", TinyWeights.ONE)


def named(data: bytes) -> str:
    """A file name with the checksum that torchvision writes into it."""
    return f"tiny-{hashlib.sha256(data).hexdigest()[:8]}.pth"


def test_a_file_is_fetched_once_and_kept(
    state: dict[str, torch.Tensor],
    server: Server,
    hub: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    data = packed(state)
    (server.folder / named(data)).write_bytes(data)
    offer(monkeypatch, f"{server.url}/{named(data)}")
    before = socket.getdefaulttimeout()
    for seed in (1, 2):
        torch.manual_seed(seed)
        network = tiny(7)
        assert imagenet.load_imagenet("tiny", network) == named(data)
        assert torch.equal(network.layer3[0].conv2.weight, state["layer3.0.conv2.weight"])
        assert network.conv1.weight.shape == (64, 1, 7, 7)
        assert network.fc.weight.shape == (7, 256)
    assert server.requests == [f"/{named(data)}"]
    assert [path.name for path in hub.iterdir()] == [named(data)]
    assert socket.getdefaulttimeout() == before
    assert capsys.readouterr().out == ""  # stdout is for data


def test_a_file_carried_by_hand_is_enough(state: dict[str, torch.Tensor], hub: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data = packed(state)
    hub.mkdir(parents=True)
    (hub / named(data)).write_bytes(data)
    offer(monkeypatch, f"http://127.0.0.1:9/{named(data)}")  # a closed port
    network = tiny(7)
    imagenet.load_imagenet("tiny", network)
    assert torch.equal(network.bn1.weight, state["bn1.weight"])


def test_a_damaged_file_in_the_cache_is_named(
    state: dict[str, torch.Tensor], hub: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = packed(state)
    hub.mkdir(parents=True)
    (hub / named(data)).write_bytes(data[:-100])
    offer(monkeypatch, f"http://127.0.0.1:9/{named(data)}")
    with pytest.raises(WeightsCorrupt, match=rf"{named(data)} is damaged: .* delete it"):
        imagenet.load_imagenet("tiny", tiny(7))


def test_a_damaged_download_is_not_kept(
    state: dict[str, torch.Tensor], server: Server, hub: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = packed(state)
    (server.folder / named(data)).write_bytes(data[:-100])
    offer(monkeypatch, f"{server.url}/{named(data)}")
    with pytest.raises(WeightsCorrupt, match=rf"{named(data)} is damaged \(invalid hash value"):
        imagenet.load_imagenet("tiny", tiny(7))
    assert list(hub.iterdir()) == []


def test_a_file_that_is_no_weights_file(hub: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data = b"<html>please log in</html>"
    hub.mkdir(parents=True)
    (hub / named(data)).write_bytes(data)
    offer(monkeypatch, f"http://127.0.0.1:9/{named(data)}")
    with pytest.raises(WeightsCorrupt, match=f"{named(data)} is damaged") as caught:
        imagenet.load_imagenet("tiny", tiny(7))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("fault", ["closed port", "no such file", "no such host"])
def test_without_the_server_the_way_out_is_named(
    fault: str, server: Server, hub: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = {
        "closed port": "http://127.0.0.1:9/tiny-00000000.pth",
        "no such file": f"{server.url}/tiny-00000000.pth",
        "no such host": "http://weights.invalid/tiny-00000000.pth",
    }[fault]
    offer(monkeypatch, url)
    with pytest.raises(ModelError) as caught:
        imagenet.load_imagenet("tiny", tiny(7))
    message = str(caught.value)
    assert message.startswith("tiny-00000000.pth cannot be downloaded (")
    assert message.endswith(f"get {url} on another machine and put it into {hub}")
    assert "\n" not in message


def test_a_silent_server_is_given_up(hub: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        offer(monkeypatch, f"http://127.0.0.1:{silent.getsockname()[1]}/tiny-00000000.pth")
        with pytest.raises(ModelError, match=r"cannot be downloaded \(timed out\)"):
            imagenet.load_imagenet("tiny", tiny(7), timeout_s=0.1)


def test_a_network_without_weights(hub: Path) -> None:
    with pytest.raises(ConfigError, match=r"no ImageNet weights for 'vgg99'; available for: googlenet"):
        imagenet.load_imagenet("vgg99", tiny(7))
    assert not hub.exists()
