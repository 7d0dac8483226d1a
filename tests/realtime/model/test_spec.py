import json

import pytest

from realtime.errors import ModelSpecError
from realtime.labels import LABELS
from realtime.model.spec import ModelSpec


def changed(**changes: object) -> str:
    return json.dumps(json.loads(ModelSpec("net").to_json()) | changes)


def test_survives_the_journey_through_json() -> None:
    spec = ModelSpec("net", labels=LABELS[1:], mean=0.4, provenance="recipe x")
    assert ModelSpec.from_json(spec.to_json()) == spec


@pytest.mark.parametrize("text", ["", "{", "[]", "null", '{"name": "net"}', changed(colour="red"), changed(labels=3)])
def test_an_invalid_spec_is_one_line(text: str) -> None:
    with pytest.raises(ModelSpecError, match=r"fer\.spec metadata") as caught:
        ModelSpec.from_json(text)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("labels", [["neutral", "bored"], ["neutral", "neutral"], []])
def test_labels_must_be_ours(labels: list[str]) -> None:
    with pytest.raises(ModelSpecError, match="labels are"):
        ModelSpec.from_json(changed(labels=labels))


@pytest.mark.parametrize("change", [{"version": 2}, {"channels": 3}, {"crop": "mtcnn"}, {"std": 0}, {"input_size": 0}])
def test_an_unsupported_spec_is_refused(change: dict[str, object]) -> None:
    with pytest.raises(ModelSpecError, match="this program supports"):
        ModelSpec.from_json(changed(**change))
