import pytest

from realtime.model import providers
from realtime.model.providers import PROVIDERS


def test_the_names_are_those_of_the_command_line() -> None:
    assert list(PROVIDERS) == ["cpu", "cuda", "openvino", "coreml", "dml"]
    assert all(name == provider.name for name, provider in PROVIDERS.items())


def test_only_what_is_installed_and_known() -> None:
    titles = ["TensorrtExecutionProvider", "CUDAExecutionProvider", "CPUExecutionProvider", "AzureExecutionProvider"]
    assert providers.installed(titles) == ("cpu", "cuda")
    assert providers.installed([]) == ()


def test_auto_tries_gpus_that_were_installed_on_purpose() -> None:
    assert [name for name, provider in PROVIDERS.items() if provider.measured] == ["cpu", "cuda", "dml"]


@pytest.mark.parametrize("name", PROVIDERS)
def test_each_names_its_package(name: str) -> None:
    assert "pip install " in PROVIDERS[name].remedy
